//! From what a provider says it used to what is charged.

use crate::asked::Asked;
use crate::shape::Shape;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::gateway::{Admitted, Billing};
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

/// What an answer says it used, in the units its price has rates for.
pub(crate) fn metered(answer: &Answer, asked: &Asked, admitted: &Admitted) -> Metered {
    if asked.shape.is_free() {
        return Metered { usage: Some(Usage::new()), flag: None };
    }
    if asked.shape == Shape::Moderations && answer.usage == Reading::Missing {
        return uncounted(asked, admitted);
    }
    let Metered { usage, flag } = said(answer, asked);
    if asked.billing == Billing::Tokens {
        return Metered { usage, flag };
    }
    let usage = usage.map(|usage| by_price(usage, asked, |unit| admitted.bills(unit)));
    // How long sound lasts is worked out here.
    let is_worked_out = usage.as_ref().is_some_and(|usage| usage.get(Unit::SecondOut) > 0);
    Metered { usage: usage.filter(|u| !u.is_empty()), flag: flag.or(is_worked_out.then_some(ESTIMATED)) }
}

/// OpenAI counts nothing of what it checks, and asks nothing for it; where a price does, what was sent is counted here.
fn uncounted(asked: &Asked, admitted: &Admitted) -> Metered {
    match admitted.is_free() {
        true => Metered { usage: Some(Usage::new()), flag: None },
        false => Metered { usage: Some(Usage::tokens(asked.input_tokens, 0)), flag: Some(ESTIMATED) },
    }
}

/// Of the ways to count the same thing, the one the price goes by.
pub(crate) fn by_price(usage: Usage, asked: &Asked, bills: impl Fn(Unit) -> bool) -> Usage {
    let tokens = Unit::INPUT_TOKENS.into_iter().chain(Unit::OUTPUT_TOKENS);
    let by_token = usage.input_tokens() > 0 && tokens.clone().any(&bills);
    let pictures = usage.get(Unit::Image);
    let each = asked.others.get(Unit::PixelIn) / asked.choices.max(1);
    // Some lists call the picture that is made the one that is asked for.
    let drawn = [
        (Unit::Image, pictures),
        (Unit::PixelIn, pictures.saturating_mul(each)),
        (Unit::ImageRead, pictures),
    ];
    let mut billed = Usage::new();
    if let Some((unit, quantity)) = drawn.into_iter().find(|(unit, _)| bills(*unit)) {
        billed.add(unit, quantity);
    }
    // Pictures that came with the request are billed beside those that were made, where the price says so.
    let read = asked.others.get(Unit::ImageRead).saturating_sub(asked.choices);
    if pictures > 0 && read > 0 && bills(Unit::ImageRead) {
        billed.add(Unit::ImageRead, read);
    }
    for (unit, quantity) in usage.iter().filter(|(unit, _)| *unit != Unit::Image) {
        let is_token = tokens.clone().any(|token| token == unit);
        if if is_token { by_token } else { bills(unit) } {
            billed.add(unit, quantity);
        }
    }
    billed
}

/// What an answer says. Where that contradicts itself, the larger numbers count; where they leave out the input or the
/// output altogether they count for nothing.
fn said(answer: &Answer, asked: &Asked) -> Metered {
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
