//! From what a provider says it used to what is charged.

use crate::asked::Asked;
use reeve_core::usage::Usage;
use reeve_providers::openai::usage::{Answer, Reading};

/// The flag on a charge whose usage was counted here, because the provider did not get to say.
pub(crate) const ESTIMATED: &str = "estimated";
/// The flag on a charge whose usage contradicts itself.
const CONTRADICTORY: &str = "contradictory_usage";

/// What to charge for; no usage means the worst case.
pub(crate) struct Metered {
    pub(crate) usage: Option<Usage>,
    pub(crate) flag: Option<&'static str>,
}

/// What an answer says it used. Where that contradicts itself, the larger numbers count; where they leave out the input or
/// the output altogether they count for nothing.
pub(crate) fn metered(answer: &Answer, asked: &Asked) -> Metered {
    if asked.shape.is_free() {
        return Metered { usage: Some(Usage::new()), flag: None };
    }
    match &answer.usage {
        Reading::Usage(usage) => Metered { usage: Some(usage.clone()), flag: None },
        Reading::Missing => Metered { usage: None, flag: None },
        Reading::Contradictory { best, .. } => {
            let whole = best.input_tokens() > 0 && (best.output_tokens() > 0 || !asked.shape.generates());
            Metered { usage: whole.then(|| best.clone()), flag: Some(CONTRADICTORY) }
        }
    }
}

/// The tier to charge: the one it was served at; where the provider does not say, a cheaper one that was asked for is not
/// taken for granted.
pub(crate) fn service_tier(answer: &Answer, asked: &Asked) -> Option<String> {
    let asked = asked.service_tier.clone().filter(|tier| !matches!(tier.as_str(), "flex" | "batch"));
    answer.service_tier.clone().or(asked)
}
