//! Feeds: the entries as CSV or as JSON lines, for spreadsheets and for systems that collect events.
//!
//! Every line carries the number, the hash and the log of its entry: a line that was taken out, or changed, shows against the
//! log, which a feed without them could not (that is what a bundle is for: a feed alone proves nothing).

use data_encoding::HEXLOWER;
use reeve_ledger::{Leaf, LeafError, leaf_hash};
use serde_json::Value;
use thiserror::Error;

/// What a feed is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedFormat {
    /// RFC 4180, with a line of names.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Why an entry cannot be written.
#[derive(Debug, Error)]
pub enum FeedError {
    /// Its bytes are no entry.
    #[error("the bytes are no entry of the ledger")]
    Leaf(#[source] LeafError),
}

/// The columns of a CSV feed.
pub const COLUMNS: [&str; 14] = [
    "origin",
    "sequence",
    "leaf_hash",
    "time",
    "event_type",
    "outcome",
    "actor",
    "via",
    "resource",
    "tenant",
    "request_id",
    "severity",
    "logical_time",
    "details",
];

/// Writes entries of one log.
#[derive(Debug, Clone)]
pub struct Feed {
    format: FeedFormat,
    origin: String,
}

impl Feed {
    /// A feed of the log with this name.
    #[must_use]
    pub fn new(format: FeedFormat, origin: impl Into<String>) -> Self {
        Self { format, origin: origin.into() }
    }

    /// What comes before the first entry.
    #[must_use]
    pub fn head(&self) -> String {
        match self.format {
            FeedFormat::Csv => COLUMNS.join(",") + "\r\n",
            FeedFormat::Jsonl => String::new(),
        }
    }

    /// Appends the line of an entry. `time` is its time as RFC 3339.
    ///
    /// # Errors
    /// [`FeedError`] if `bytes` are no entry.
    pub fn push(&self, out: &mut String, bytes: &[u8], time: &str) -> Result<(), FeedError> {
        let leaf = Leaf::parse(bytes).map_err(FeedError::Leaf)?;
        let hash = HEXLOWER.encode(&leaf_hash(bytes));
        match self.format {
            FeedFormat::Csv => self.csv(out, &leaf, &hash, time),
            FeedFormat::Jsonl => self.jsonl(out, &leaf, bytes, &hash, time),
        }
        Ok(())
    }

    fn csv(&self, out: &mut String, leaf: &Leaf, hash: &str, time: &str) {
        let detail = |key: &str| leaf.x.get(key).and_then(Value::as_str).unwrap_or_default();
        let (n, hlc) = (leaf.n.to_string(), leaf.hlc.to_string());
        let details = Value::Object(leaf.x.clone()).to_string();
        let cells: [&str; 14] = [
            &self.origin,
            &n,
            hash,
            time,
            &leaf.kind,
            leaf.ok.as_str(),
            &leaf.who,
            &leaf.via,
            &leaf.on,
            detail("tenant"),
            leaf.sid.as_deref().unwrap_or_default(),
            detail("severity"),
            &hlc,
            &details,
        ];
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            push_cell(out, cell);
        }
        out.push_str("\r\n");
    }

    /// The entry stands in it as it is: its canonical JSON gives the hash again, also after a collector wrote it anew.
    fn jsonl(&self, out: &mut String, leaf: &Leaf, bytes: &[u8], hash: &str, time: &str) {
        let string = |text: &str| Value::from(text).to_string();
        let text = String::from_utf8_lossy(bytes);
        out.push_str(&format!(
            "{{\"origin\":{},\"sequence\":{},\"leaf_hash\":\"{hash}\",\"time\":{},\"event_type\":{},\"outcome\":\"{}\",\"entry\":{}}}\n",
            string(&self.origin),
            leaf.n,
            string(time),
            string(&leaf.kind),
            leaf.ok,
            text,
        ));
    }
}

/// Quoted where it must be. What a spreadsheet would run as a formula is made a text, and control characters become visible:
/// no terminal or importer acts on them.
fn push_cell(out: &mut String, cell: &str) {
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || cell.starts_with(['\t', '\r', '\n']);
    let plain = |c: char| !matches!(c, '"' | ',' | ';' | ' ' | '\'') && !is_control(c);
    if !formula && cell.chars().all(plain) {
        return out.push_str(cell);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for c in cell.chars() {
        match c {
            '"' => out.push_str("\"\""),
            c if is_control(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Control characters, and those that turn the direction of text around.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut out = String::new();
        push_cell(&mut out, text);
        out
    }

    #[test]
    fn no_cell_is_a_formula_or_commands_a_terminal() {
        let table = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "\"'=1+1\""),
            (" =1+1", "\"' =1+1\""),
            ("-2", "\"'-2\""),
            ("@sum", "\"'@sum\""),
            ("＝1", "\"'＝1\""),
            ("\t=1", "\"'\\u0009=1\""),
            ("two\nlines", "\"two\\u000alines\""),
            ("\u{1b}[31m", "\"\\u001b[31m\""),
            ("a\u{202e}b", "\"a\\u202eb\""),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(cell(text), expected);
        }
    }
}
