//! A body as it is kept: redacted, a stream put together again, and no longer than allowed.

use super::redact::{Found, Redactor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A body, kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptBody {
    /// Its content type, as it was sent.
    pub content_type: Option<String>,
    /// Headers that say nothing of anybody, with their values.
    pub headers: Vec<(String, String)>,
    /// The text.
    pub text: String,
    /// How long it was.
    pub bytes: u64,
    /// Whether something was cut off.
    pub cut: bool,
    /// How many events of a stream it was put together from.
    pub events: Option<u64>,
}

/// A body on its way to be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct RawBody {
    pub(super) content_type: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) held: bytes::Bytes,
    pub(super) streamed: Vec<u8>,
    pub(super) bytes: u64,
}

impl RawBody {
    /// Bytes it keeps in memory.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.len() + self.streamed.len()
    }

    pub(super) fn kept(self, redactor: &Redactor, most: usize, found: &mut Found) -> KeptBody {
        let raw: &[u8] = if self.streamed.is_empty() { &self.held } else { &self.streamed };
        let kind = self.content_type.as_deref().unwrap_or_default();
        let is = |word: &str| kind.to_ascii_lowercase().contains(word);
        let headers = self.headers.into_iter().map(|(n, v)| (n, redactor.text(&v, found).into_owned()));
        let headers: Vec<_> = headers.collect();
        let whole = raw.len() as u64 == self.bytes;
        let mut body = KeptBody {
            content_type: self.content_type.clone(),
            headers,
            text: String::new(),
            bytes: self.bytes,
            cut: !whole,
            events: None,
        };
        if is("multipart/") || is("audio/") || is("image/") || is("octet-stream") {
            body.text = format!("[left out: {} bytes of {kind}]", self.bytes);
            return body;
        }
        let text = String::from_utf8_lossy(raw);
        let mut kept = if is("event-stream") {
            let (assembled, events) = assembled(&text);
            body.events = Some(events);
            redactor.json(&assembled, found)
        } else if text.trim_start().starts_with(['{', '[']) {
            redactor.json(&text, found)
        } else {
            redactor.text(&text, found).into_owned()
        };
        if let Some(end) = floor_boundary(&kept, most) {
            kept.truncate(end);
            body.cut = true;
        }
        body.text = kept;
        body
    }
}

fn floor_boundary(text: &str, most: usize) -> Option<usize> {
    (text.len() > most).then(|| (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0))
}

/// A stream of events as one document: the texts put together, because a name or a number may be spread over many events,
/// and everything else as it was last said.
fn assembled(stream: &str) -> (String, u64) {
    let (mut texts, mut last, mut events): (Vec<(String, String)>, Value, u64) = (Vec::new(), Value::Null, 0);
    for line in stream.lines() {
        let Some(data) = line.strip_prefix("data:").map(str::trim_start) else { continue };
        let Ok(event) = serde_json::from_str::<Value>(data) else { continue };
        events += 1;
        let mut place = String::new();
        for key in ["output_index", "content_index", "index", "item_id"] {
            if let Some(at) = event.get(key) {
                place.push_str(&format!("{key} {at} "));
            }
        }
        gather(&event, &mut place, "", &mut texts);
        last = event;
    }
    strip_texts(&mut last);
    let texts: Vec<_> =
        texts.into_iter().map(|(place, text)| serde_json::json!({ "place": place, "text": text })).collect();
    let document = serde_json::json!({ "texts": texts, "last_event": last });
    (serde_json::to_string_pretty(&document).unwrap_or_default(), events)
}

/// Members whose texts come in pieces.
const PIECES: [&str; 9] = [
    "content",
    "text",
    "delta",
    "arguments",
    "partial_json",
    "thinking",
    "reasoning",
    "reasoning_content",
    "refusal",
];

fn gather(value: &Value, place: &mut String, key: &str, texts: &mut Vec<(String, String)>) {
    let length = place.len();
    match value {
        Value::String(piece) if PIECES.contains(&key) && !piece.is_empty() => {
            let at = place.trim_end_matches('.').to_owned();
            match texts.iter_mut().find(|(known, _)| *known == at) {
                Some((_, text)) => text.push_str(piece),
                None => texts.push((at, piece.clone())),
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                place.push_str(name);
                place.push('.');
                gather(member, place, name, texts);
                place.truncate(length);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let at = item.get("index").and_then(Value::as_u64).unwrap_or(i as u64);
                place.push_str(&format!("{at}."));
                gather(item, place, key, texts);
                place.truncate(length);
            }
        }
        _ => {}
    }
}

/// The last event is kept for its figures; its texts are among the others already.
fn strip_texts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| !(member.is_string() && PIECES.contains(&name.as_str())));
            members.values_mut().for_each(strip_texts);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_texts),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::redact::Detector;
    use super::*;

    fn raw(kind: &str, text: &str) -> RawBody {
        let (streamed, bytes) = (text.as_bytes().to_vec(), text.len() as u64);
        RawBody { content_type: Some(kind.to_owned()), streamed, bytes, ..RawBody::default() }
    }

    fn kept(kind: &str, text: &str, most: usize) -> KeptBody {
        raw(kind, text).kept(&Redactor::new(&Detector::ALL, Vec::new()), most, &mut Found::new())
    }

    #[test]
    fn what_is_spread_over_events_is_found() {
        let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"ask jane@\"}}]}\n\n\
            data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n\
            data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"example.com\"}}],\"usage\":{\"total_tokens\":7}}\n\n\
            data: [DONE]\n\n";
        let body = kept("text/event-stream", stream, 10_000);
        assert_eq!(body.events, Some(3));
        let value: Value = serde_json::from_str(&body.text).unwrap();
        assert_eq!(value["texts"][0]["text"], "ask [redacted: email]");
        assert_eq!(value["texts"][1]["text"], "other");
        assert_eq!(value["last_event"]["usage"]["total_tokens"], 7);
    }

    #[test]
    fn other_dialects_are_put_together_too() {
        let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"4111 1111 \"}}\n\n\
            data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"1111 1111\"}}\n\n";
        assert!(kept("text/event-stream", anthropic, 10_000).text.contains("[redacted: card]"));
        let responses = "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a@ex\"}\n\n\
            data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"ample.org\"}\n\n";
        assert!(kept("text/event-stream", responses, 10_000).text.contains("[redacted: email]"));
    }

    #[test]
    fn nothing_is_longer_than_allowed_and_files_are_not_kept() {
        let body = kept("application/json", &format!("{{\"a\":\"{}\"}}", "é ".repeat(500)), 100);
        assert!(body.cut && body.text.len() <= 100 && body.bytes > 1_000);
        let file = kept("multipart/form-data; boundary=x", "--x\r\nsecret", 100);
        assert!(file.text.starts_with("[left out: 11 bytes") && !file.text.contains("secret"));
    }
}
