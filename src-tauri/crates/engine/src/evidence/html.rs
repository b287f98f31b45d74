//! The page: one file, no script, nothing loaded, made to be printed.

use super::collect::{Found, Row, Rows, Topic};
use super::{AskEvidence, Framework};
use crate::audit::{Head, Verification};
use reeve_core::period::Zone;
use reeve_core::time::Millis;
use std::fmt::Write as _;

/// What the page is made of.
pub(super) struct Sheet<'s> {
    pub(super) ask: &'s AskEvidence,
    pub(super) workspace: String,
    pub(super) zone: Zone,
    pub(super) at: Millis,
    pub(super) head: &'s Head,
    pub(super) verification: &'s Verification,
    pub(super) found: &'s Found,
}

const STYLE: &str = include_str!("style.css");

/// What each section is asked for by, and its title.
fn asked(framework: Framework, topic: Topic) -> (&'static str, &'static str) {
    let (title, soc2, hipaa) = match topic {
        Topic::Access => ("Changes of access", "CC6.1, CC6.2, CC6.3", "164.312(b)"),
        Topic::Changes => ("Changes of settings, limits, budgets and routes", "CC8.1", "164.312(c)(1)"),
        Topic::Policy => ("Retention, legal holds and erasure", "CC6.1, CC8.1", "164.316(b)(2)"),
        Topic::SignIns => {
            ("Sign-ins, denials and alarms", "CC7.2, CC7.3", "164.312(b), 164.308(a)(1)(ii)(D)")
        }
        Topic::Verifications => ("Verifications of the trail", "CC7.2", "164.312(c)(1)"),
        Topic::Readers => ("Who read or exported the trail", "CC7.2", "164.308(a)(1)(ii)(D)"),
    };
    (title, if framework == Framework::Soc2 { soc2 } else { hipaa })
}

const TOPICS: [Topic; 6] =
    [Topic::Access, Topic::Changes, Topic::Policy, Topic::SignIns, Topic::Verifications, Topic::Readers];

/// A text in HTML, in an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn moment(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The page of a pack.
pub(super) fn page(sheet: &Sheet<'_>) -> String {
    let framework = match sheet.ask.framework {
        Framework::Soc2 => "SOC 2",
        Framework::Hipaa => "HIPAA security rule",
    };
    let mut out = String::new();
    let title = format!("Evidence, {framework}: {}", escaped(&sheet.workspace));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><header><h1>{title}</h1>"
    );
    let _ = write!(
        out,
        "<p>{} to {} (UTC); days begin in {}. Made {} from entries {} to {} of the audit trail.</p></header>",
        moment(sheet.ask.from),
        moment(sheet.ask.to),
        escaped(sheet.zone.name()),
        moment(sheet.at),
        sheet.found.first,
        sheet.found.end.saturating_sub(1)
    );
    standing(&mut out, sheet);
    for topic in TOPICS {
        section(&mut out, sheet, topic);
    }
    gaps(&mut out, sheet.found);
    heads(&mut out, sheet.found);
    counts(&mut out, sheet.found);
    out.push_str("</body></html>\n");
    out
}

/// What is proven and what not.
fn standing(out: &mut String, sheet: &Sheet<'_>) {
    let v = sheet.verification;
    let verdict = if v.intact() { "intact" } else { "NOT INTACT" };
    let _ = write!(
        out,
        "<section><h2>What this is</h2><p>A reading of the entries in <code>entries.zip</code>, which proves them; this page proves \
         nothing by itself, and says of no law or standard that it is met. Every row names its entry.</p>\
         <table class=\"facts\"><tr><th>Trail at {}</th><td>{verdict}. {}</td></tr>\
         <tr><th>Not proven</th><td>{}</td></tr><tr><th>Log</th><td><code>{}</code></td></tr>\
         <tr><th>Key</th><td><code>{}</code></td></tr><tr><th>Head</th><td>{} entries, root <code>{}</code></td></tr>\
         </table></section>",
        moment(v.at),
        escaped(&v.statement()),
        escaped(&v.not_proven()),
        escaped(&sheet.head.origin),
        escaped(&sheet.head.vkey),
        sheet.head.size,
        hex(&sheet.head.root)
    );
}

fn section(out: &mut String, sheet: &Sheet<'_>, topic: Topic) {
    let (title, by) = asked(sheet.ask.framework, topic);
    let none = Rows::default();
    let found = sheet.found.topics.get(&topic).unwrap_or(&none);
    let _ = write!(out, "<section><h2>{title} <small>{by}</small></h2>");
    if found.rows.is_empty() {
        out.push_str("<p>None in the period.</p></section>");
        return;
    }
    out.push_str("<table><thead><tr><th>Entry</th><th>Time (UTC)</th><th>Who</th><th>What</th><th>Outcome</th></tr></thead><tbody>");
    for row in &found.rows {
        line(out, row);
    }
    out.push_str("</tbody></table>");
    if found.more > 0 {
        let _ = write!(out, "<p>{} more are in <code>entries.zip</code>.</p>", found.more);
    }
    out.push_str("</section>");
}

fn line(out: &mut String, row: &Row) {
    let _ = write!(
        out,
        "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{} <code>{}</code>",
        row.n,
        moment(row.time),
        escaped(&row.actor),
        escaped(&row.summary),
        escaped(&row.kind)
    );
    for (field, before, after) in &row.changes {
        let _ = write!(out, "<br><span>{}: {} → {}</span>", escaped(field), escaped(before), escaped(after));
    }
    let _ = write!(out, "</td><td>{}</td></tr>", row.outcome);
}

fn gaps(out: &mut String, found: &Found) {
    out.push_str("<section><h2>Gaps</h2>");
    if let Some((first, by, at)) = found.pruned {
        let _ = write!(
            out,
            "<p>Entries before {first} were pruned on {}, as entry {by} says. Their hashes are kept.</p>",
            moment(at)
        );
    }
    if found.silent_days.is_empty() {
        out.push_str("<p>Something was written on every day of the period.</p>");
    } else {
        let _ = write!(
            out,
            "<p>Nothing was written on {} days: {}. The numbers of the entries run on without a gap, so nothing was left out; that nothing \
             happened, a log cannot prove.</p>",
            found.silent_days.len(),
            found.silent_days.join(", ")
        );
    }
    out.push_str("</section>");
}

fn heads(out: &mut String, found: &Found) {
    out.push_str("<section><h2>Kept checkpoints of the period</h2>");
    if found.checkpoints.is_empty() {
        out.push_str("<p>None.</p></section>");
        return;
    }
    out.push_str(
        "<table><thead><tr><th>Time (UTC)</th><th>Entries</th><th>Why</th><th>Root</th></tr></thead><tbody>",
    );
    for kept in &found.checkpoints {
        let root = kept.note.lines().nth(2).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td><code>{}</code></td></tr>",
            moment(kept.at),
            kept.size,
            escaped(&kept.reason),
            escaped(root)
        );
    }
    out.push_str("</tbody></table></section>");
}

fn counts(out: &mut String, found: &Found) {
    out.push_str("<section><h2>All entries by type</h2><table><thead><tr><th>Type</th><th>Entries</th><th>Not with success</th></tr></thead><tbody>");
    for (kind, (all, not_ok)) in &found.counts {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td class=\"n\">{all}</td><td class=\"n\">{not_ok}</td></tr>",
            escaped(kind)
        );
    }
    out.push_str("</tbody></table></section>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_trail_becomes_markup() {
        assert_eq!(escaped("<script>\"&'\u{7}"), "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
    }
}
