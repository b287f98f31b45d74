//! The few changes a request may need on its way out.

use super::fields::{Fields, place_of};
use super::splice::{Cut, splice};
use bytes::Bytes;

/// What to change in a request before it is sent; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edits<'a> {
    /// The provider's name of the model, where the request named it by an alias.
    pub model: Option<&'a str>,
    /// Ask for usage at the end of the stream. Only for streamed requests.
    pub include_usage: bool,
    /// Cap the output of each answer at so many tokens. Where the request has a cap of its own, that is set to this; else it
    /// is added under this field: [`max_tokens_field`].
    pub max_tokens: Option<(&'static str, u64)>,
}

const CAPS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// The field a provider reads the cap on output from.
///
/// OpenAI's newer models refuse `max_tokens`; most others know nothing else.
#[must_use]
pub fn max_tokens_field(provider: &str) -> &'static str {
    match provider {
        "openai" | "azure-openai" | "groq" | "cerebras" => "max_completion_tokens",
        _ => "max_tokens",
    }
}

/// The body with the edits made. Members keep their order, and unknown ones their place.
pub(super) fn edited(body: &Bytes, fields: &Fields<'_>, edits: &Edits<'_>) -> Bytes {
    let mut cuts = Vec::new();
    let mut added = String::new();
    if let Some(model) = edits.model {
        set(body, fields, "model", &quoted(model), &mut cuts, &mut added);
    }
    if edits.include_usage {
        include_usage(body, fields, &mut cuts, &mut added);
    }
    if let Some((field, cap)) = edits.max_tokens {
        let own = CAPS.into_iter().filter(|own| CAPS.contains(&field) && fields.get(own).is_some());
        let own: Vec<_> = own.collect();
        for field in if own.is_empty() { vec![field] } else { own } {
            set(body, fields, field, &cap.to_string(), &mut cuts, &mut added);
        }
    }
    if !added.is_empty() {
        cuts.extend(insertion(body, 0..body.len(), fields.is_empty(), added));
    }
    splice(body, cuts)
}

fn include_usage(body: &Bytes, fields: &Fields<'_>, cuts: &mut Vec<Cut>, added: &mut String) {
    let Some(options) = fields.get("stream_options") else {
        return set(body, fields, "stream_options", r#"{"include_usage":true}"#, cuts, added);
    };
    let Some(place) = place_of(options.get(), body) else { return };
    let Ok(inner) = serde_json::from_str::<Fields<'_>>(options.get()) else { return };
    if let Some(flag) = inner.raw("include_usage") {
        if flag.get() != "true" {
            cuts.extend(place_of(flag.get(), body).map(|place| Cut { place, text: "true".to_owned() }));
        }
        return;
    }
    cuts.extend(insertion(body, place, inner.is_empty(), r#","include_usage":true"#.to_owned()));
}

/// Replaces the value of a member, or adds the member to those that go in at the end.
fn set(body: &Bytes, fields: &Fields<'_>, field: &str, value: &str, cuts: &mut Vec<Cut>, added: &mut String) {
    match fields.raw(field).and_then(|old| place_of(old.get(), body)) {
        Some(place) => cuts.push(Cut { place, text: value.to_owned() }),
        None => added.push_str(&format!(",\"{field}\":{value}")),
    }
}

/// Puts `text`, which starts with a comma, before the brace that closes the object at `place`.
pub(crate) fn insertion(
    body: &Bytes,
    place: std::ops::Range<usize>,
    is_empty: bool,
    text: String,
) -> Option<Cut> {
    let brace = place.start + body.get(place)?.iter().rposition(|b| *b == b'}')?;
    let text = if is_empty { text.trim_start_matches(',').to_owned() } else { text };
    Some(Cut { place: brace..brace, text })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
