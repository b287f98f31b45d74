//! What may stand in an application's entry. Everything that is wrong is told with its place and field.

use super::entry::plain;
use super::{AppThing, NewAppEntry, WriteEntries};
use crate::error::{Error, FieldError};
use reeve_core::time::Millis;
use serde_json::Value;

/// Faults told at most.
const TOLD: usize = 100;
const MOST_CHANGES: usize = 100;
const MOST_TEXT: usize = 1_000;

/// The name of a field of the entry at `place`.
pub(super) fn inside(place: &str, field: &str) -> String {
    if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") }
}

/// Refuses what is wrong, all of it at once.
pub(super) fn faults(write: &WriteEntries, now: Millis) -> Result<(), Error> {
    let mut found = Vec::new();
    if let Some(key) = &write.key
        && (key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()))
    {
        let message = "must be 1 to 255 visible ASCII characters".to_owned();
        found.push(FieldError { field: "Idempotency-Key".to_owned(), message });
    }
    for (at, entry) in write.entries.iter().enumerate() {
        let place = if write.listed { format!("[{at}]") } else { String::new() };
        let mut faults = Faults { place, found: &mut found };
        faults.of(entry, now);
        if found.len() >= TOLD {
            break;
        }
    }
    Error::fields(found).map_or(Ok(()), Err)
}

struct Faults<'f> {
    place: String,
    found: &'f mut Vec<FieldError>,
}

impl Faults<'_> {
    fn note(&mut self, field: &str, message: impl Into<String>) {
        self.found.push(FieldError { field: inside(&self.place, field), message: message.into() });
    }

    fn of(&mut self, entry: &NewAppEntry, now: Millis) {
        self.optional("id", entry.id.as_deref(), 200);
        if entry.event_type.as_deref().is_some_and(|kind| !is_event_type(kind)) {
            self.note(
                "event_type",
                "must be words such as project.publish: small letters, digits and _, 80 characters at most",
            );
        }
        self.thing("resource", &entry.resource);
        match (&entry.related, entry.action.joins()) {
            (Some(related), true) => self.thing("related", related),
            (None, true) => self.note("related", "is needed: LINK and UNLINK are about two resources"),
            (Some(_), false) => self.note("related", "is only for LINK and UNLINK"),
            (None, false) => {}
        }
        self.optional("project", entry.project.as_deref(), 200);
        self.actor(entry);
        self.changes(entry);
        self.metadata(entry);
        if entry.occurred_at.is_some_and(|at| at > now.plus(Millis::DAY) || at.0 < 0) {
            self.note("occurred_at", "is not in the past");
        }
        if entry.duration_ms.is_some_and(|ms| ms > 1 << 52) {
            self.note("duration_ms", "is too long");
        }
        let hex =
            |text: &str| text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if entry.trace_id.as_deref().is_some_and(|trace| !hex(trace)) {
            self.note("trace_id", "must be 32 hexadecimal digits in small letters");
        }
    }

    fn thing(&mut self, field: &str, thing: &AppThing) {
        let mut letters = thing.kind.bytes();
        let sound = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            && thing.kind.len() <= 40;
        if !sound {
            self.note(
                &format!("{field}.type"),
                "must be a word such as PROJECT: letters, digits, _ and -, 40 at most",
            );
        }
        self.optional(&format!("{field}.id"), Some(&thing.id), 200);
        self.optional(&format!("{field}.name"), thing.name.as_deref(), 200);
    }

    fn actor(&mut self, entry: &NewAppEntry) {
        let actor = &entry.actor;
        self.optional("actor.id", actor.id.as_deref(), 200);
        if actor.id.as_deref().is_some_and(|id| id.contains('@')) {
            self.note("actor.id", "must be an id of yours that names nobody, not an e-mail address");
        }
        let personal = [
            ("actor.name", &actor.name),
            ("actor.email", &actor.email),
            ("actor.ip", &actor.ip),
            ("actor.user_agent", &actor.user_agent),
        ];
        for (field, text) in personal {
            self.optional(field, text.as_deref(), 500);
        }
    }

    fn changes(&mut self, entry: &NewAppEntry) {
        if entry.changes.len() > MOST_CHANGES {
            self.note("changes", format!("may be {MOST_CHANGES} at most"));
            return;
        }
        for (at, change) in entry.changes.iter().enumerate() {
            self.optional(&format!("changes[{at}].field"), Some(&change.field), 200);
            for (side, value) in [("before", &change.before), ("after", &change.after)] {
                if let Some(fault) = text_fault(&plain(value), MOST_TEXT, true) {
                    self.note(&format!("changes[{at}].{side}"), fault);
                }
            }
        }
    }

    fn metadata(&mut self, entry: &NewAppEntry) {
        let value = Value::Object(entry.metadata.clone());
        if let Err(error) = reeve_ledger::canonical::encode(&value) {
            let path = match &error.place {
                reeve_ledger::canonical::Place::Path(path) if !path.is_empty() => format!("metadata.{path}"),
                _ => "metadata".to_owned(),
            };
            let hint = match error.fault {
                reeve_ledger::canonical::Fault::Float => "; write it as text, such as \"0.25\"",
                reeve_ledger::canonical::Fault::Null => "; leave the field out",
                _ => "",
            };
            self.note(&path, format!("{}{hint}", error.fault));
            return;
        }
        if let Some((path, fault)) = hostile("metadata", &value) {
            self.note(&path, fault);
        }
    }

    /// A line of text that is told or not.
    fn optional(&mut self, field: &str, text: Option<&str>, most: usize) {
        let Some(text) = text else { return };
        if text.trim().is_empty() {
            self.note(field, "is needed");
        } else if let Some(fault) = text_fault(text, most, false) {
            self.note(field, fault);
        }
    }
}

/// `a.b_c` of small letters, digits and underscores, each part beginning with a letter.
fn is_event_type(kind: &str) -> bool {
    let part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    kind.len() <= 80 && kind.strip_prefix("app.").unwrap_or(kind).split('.').all(part)
}

/// The first text in `value` that should not be there.
fn hostile(path: &str, value: &Value) -> Option<(String, String)> {
    match value {
        Value::String(text) => text_fault(text, usize::MAX, true).map(|fault| (path.to_owned(), fault)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| hostile(&format!("{path}[{at}]"), item))
        }
        Value::Object(map) => map.iter().find_map(|(key, item)| hostile(&format!("{path}.{key}"), item)),
        _ => None,
    }
}

/// What keeps a text out. Characters that cannot be seen and change how others are read deceive whoever reads the trail.
fn text_fault(text: &str, most: usize, lines: bool) -> Option<String> {
    if text.chars().count() > most {
        return Some(format!("is too long; {most} characters are the most"));
    }
    let hidden = |c: char| {
        (c.is_control() && !(lines && matches!(c, '\n' | '\t' | '\r')))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    };
    let found = text.chars().find(|c| hidden(*c))?;
    Some(format!("holds the invisible character U+{:04X}", u32::from(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_are_words_and_dots() {
        for good in ["project.publish", "app.project.publish", "x", "a_1.b2"] {
            assert!(is_event_type(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "A.b", "a b", "a.1", "a..b", "app.", "ä", &"a".repeat(81)] {
            assert!(!is_event_type(bad), "{bad}");
        }
    }

    #[test]
    fn hidden_characters_are_named() {
        assert_eq!(text_fault("plain ä 🙂 שלום", 100, false), None);
        assert_eq!(text_fault("two\nlines", 100, true), None);
        for (text, code) in
            [("a\u{0}", "U+0000"), ("a\nb", "U+000A"), ("a\u{202e}b", "U+202E"), ("\u{9b}", "U+009B")]
        {
            let fault = text_fault(text, 100, false).unwrap();
            assert!(fault.ends_with(code), "{fault}");
        }
        assert!(text_fault("abcd", 3, false).unwrap().contains("3 characters"));
        assert_eq!(hostile("m", &serde_json::json!({"a": ["x", "\u{7}"]})).unwrap().0, "m.a[1]");
    }
}
