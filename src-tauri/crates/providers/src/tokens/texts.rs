//! The most input tokens of the OpenAI shapes that are not chats.

use super::Family;
use super::input::{InputBound, PER_REQUEST, PER_REQUEST_OTHER, Tally};
use crate::openai::{CompletionsRequest, Fields, ResponsesRequest};
use serde_json::value::RawValue;

/// Members of a request for a response that the model never reads.
const NOT_READ: [&str; 8] = [
    "model",
    "user",
    "metadata",
    "include",
    "safety_identifier",
    "prompt_cache_key",
    "previous_response_id",
    "conversation",
];

/// The most input tokens of a request to complete a text.
#[must_use]
pub fn completions(family: Family, request: &CompletionsRequest<'_>) -> InputBound {
    let mut tally = Tally::new(family, &request.model, PER_REQUEST);
    tally.embedded(request.prompt);
    request.fields.iter().filter(|(name, _)| *name == "suffix").for_each(|(_, suffix)| tally.plain(suffix));
    tally.bound
}

/// The most input tokens of a request for a response.
#[must_use]
pub fn responses(family: Family, request: &ResponsesRequest<'_>) -> InputBound {
    let frame = if family == Family::Other { PER_REQUEST_OTHER } else { PER_REQUEST };
    let mut tally = Tally::new(family, &request.model, frame);
    if let Some(input) = request.input() {
        items(&mut tally, input);
    }
    for (name, value) in request.fields.iter() {
        match name {
            "input" => {}
            "tools" => tally.tools(value),
            name if NOT_READ.contains(&name) => {}
            _ if value.get().starts_with(['{', '[', '"']) => tally.plain(value),
            _ => {}
        }
    }
    if let Some(stored) = request.adds_stored_input() {
        tally.bound.unbounded = Some(stored);
    }
    tally.bound
}

fn items(tally: &mut Tally, input: &RawValue) {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(input.get()) else { return tally.plain(input) };
    for item in items {
        tally.message();
        let Ok(members) = serde_json::from_str::<Fields<'_>>(item.get()) else {
            tally.json(item);
            continue;
        };
        for (name, value) in members.iter() {
            match name {
                "content" | "output" | "summary" => tally.content(value),
                _ if value.get() == "null" => {}
                _ => tally.plain(value),
            }
            // It stands for something said before, which the provider keeps.
            if value.get() == "\"item_reference\"" {
                tally.bound.unbounded = Some("input");
            }
        }
    }
}

/// The most tokens of a text that stands alone.
#[must_use]
pub fn prompt(family: Family, text: &str) -> u64 {
    super::text(family, text) + PER_REQUEST
}
