//! Members that have two names.

use crate::openai::{Fields, RequestError};
use serde_json::value::RawValue;

/// A member by its two names; the first is the one to write.
pub(super) type Name = [&'static str; 2];

pub(super) const SYSTEM: Name = ["systemInstruction", "system_instruction"];
pub(super) const CONFIG: Name = ["generationConfig", "generation_config"];
pub(super) const CACHED: Name = ["cachedContent", "cached_content"];
pub(super) const TIER: Name = ["serviceTier", "service_tier"];
pub(super) const MAX_TOKENS: Name = ["maxOutputTokens", "max_output_tokens"];
pub(super) const CANDIDATES: Name = ["candidateCount", "candidate_count"];
pub(super) const THINKING: Name = ["thinkingConfig", "thinking_config"];
pub(super) const BUDGET: Name = ["thinkingBudget", "thinking_budget"];
pub(super) const FUNCTIONS: Name = ["functionDeclarations", "function_declarations"];

/// The name a member has in these fields, if it is there and not null.
///
/// # Errors
/// [`RequestError::Duplicate`] where it stands there under both.
pub(super) fn name_in(fields: &Fields<'_>, name: Name) -> Result<Option<&'static str>, RequestError> {
    match name.map(|n| fields.get(n).is_some()) {
        [true, true] => Err(RequestError::Duplicate { field: name[0] }),
        [true, false] => Ok(Some(name[0])),
        [false, true] => Ok(Some(name[1])),
        [false, false] => Ok(None),
    }
}

/// The value of a member under either name.
pub(super) fn get<'a>(fields: &Fields<'a>, name: Name) -> Result<Option<&'a RawValue>, RequestError> {
    Ok(name_in(fields, name)?.and_then(|n| fields.get(n)))
}

/// The members of a member that is an object.
pub(super) fn object<'a>(
    fields: &Fields<'a>,
    name: Name,
    governed: &[&'static str],
) -> Result<Option<Fields<'a>>, RequestError> {
    let Some(value) = get(fields, name)? else { return Ok(None) };
    if !value.get().starts_with('{') {
        return Err(RequestError::WrongType { field: name[0], expected: "an object" });
    }
    Fields::read(value.get().as_bytes(), governed).map(Some)
}

/// Whether a member goes by either name.
pub(super) fn is(written: &str, name: Name) -> bool {
    name.contains(&written)
}
