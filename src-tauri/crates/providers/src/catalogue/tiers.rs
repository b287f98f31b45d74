//! At which service tiers a call may be billed.

use reeve_core::price::Tiers;

/// Providers that serve the standard tier unless the request itself asks for another. With the others an account or a
/// project may be set to a dearer one.
const STANDARD_UNLESS_ASKED: [&str; 10] = [
    "aws-bedrock",
    "cerebras",
    "deepseek",
    "fireworks",
    "google",
    "google-vertex",
    "groq",
    "mistral",
    "together",
    "xai",
];

/// At which tiers `provider` may bill a call that asked for `asked`.
#[must_use]
pub fn tiers<'a>(provider: &str, asked: Option<&'a str>) -> Tiers<'a> {
    match asked {
        Some("default" | "standard" | "on_demand" | "standard_only") => Tiers::Standard,
        Some("auto") => Tiers::Any,
        Some(named) => Tiers::Named(named),
        None if STANDARD_UNLESS_ASKED.contains(&provider) => Tiers::Standard,
        None => Tiers::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_leaves_the_choice_to_those_who_have_one() {
        assert_eq!(tiers("openai", None), Tiers::Any);
        assert_eq!(tiers("custom", None), Tiers::Any, "nobody knows");
        assert_eq!(tiers("groq", None), Tiers::Standard);
        assert_eq!(tiers("groq", Some("auto")), Tiers::Any);
        assert_eq!(tiers("openai", Some("default")), Tiers::Standard);
        assert_eq!(tiers("openai", Some("flex")), Tiers::Named("flex"));
    }
}
