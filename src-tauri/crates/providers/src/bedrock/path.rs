//! What a path asks for: `/model/{id}/{method}`, with the id percent-encoded.

use std::borrow::Cow;

/// What can be asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A whole answer.
    Converse,
    /// A streamed answer.
    ConverseStream,
}

impl Method {
    /// Its name in a path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
        }
    }
}

/// A model and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// The model's id or ARN, as its owner spells it.
    pub model: Cow<'a, str>,
    /// What is asked.
    pub method: Method,
}

impl<'a> Path<'a> {
    /// Reads a model's id, percent-encoded or not. `None` where it has letters no id has.
    #[must_use]
    pub fn read(id: &'a str, method: Method) -> Option<Self> {
        let model = decoded(id)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/');
        let known = !model.is_empty() && !model.contains("..") && model.bytes().all(plain);
        known.then_some(Self { model, method })
    }

    /// The path below the provider's address, encoded as AWS's own clients do.
    #[must_use]
    pub fn upstream(&self) -> String {
        let id = self.model.replace(':', "%3A").replace('/', "%2F");
        format!("/model/{id}/{}", self.method.as_str())
    }
}

/// Decodes `%3A` and the like; only the letters an id may have.
fn decoded(id: &str) -> Option<Cow<'_, str>> {
    if !id.contains('%') {
        return Some(id.into());
    }
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let byte = u8::from_str_radix(after.get(..2)?, 16).ok().filter(u8::is_ascii)?;
        out.push(char::from(byte));
        rest = after.get(2..)?;
    }
    out.push_str(rest);
    Some(out.into())
}

/// The name under which the price list has a model that an ARN of AWS's own names; else the id itself.
///
/// An ARN of a customer's (a fine-tuned model, an application profile) says nothing of what it costs, so it stays as it is.
#[must_use]
pub fn price_name(model: &str) -> &str {
    let of = |kind: &str| {
        let (head, name) = model.split_once(kind)?;
        (head.starts_with("arn:aws") && head.contains(":bedrock:")).then_some(name)
    };
    of(":foundation-model/").or_else(|| of(":inference-profile/")).unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_decoded_and_encoded_again() {
        for (id, model) in [
            ("anthropic.claude-haiku-4-5-20251001-v1%3A0", "anthropic.claude-haiku-4-5-20251001-v1:0"),
            ("us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"),
            (
                "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-pro-v1%3A0",
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
            ),
        ] {
            let path = Path::read(id, Method::Converse).unwrap();
            assert_eq!(path.model, model);
            let sent = path.upstream();
            assert!(
                !sent.contains(':') && sent.starts_with("/model/") && sent.ends_with("/converse"),
                "{sent}"
            );
            assert_eq!(sent.matches('/').count(), 3);
        }
        for wrong in ["", "a%", "a%zz", "a%ff", "a%20b", "a/../b", "a%2e%2e", "a?b"] {
            assert_eq!(Path::read(wrong, Method::Converse), None, "{wrong}");
        }
    }

    #[test]
    fn an_arn_of_awss_own_names_a_listed_model() {
        let own = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0";
        assert_eq!(price_name(own), "amazon.nova-pro-v1:0");
        let profile = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0";
        assert_eq!(price_name(profile), "eu.amazon.nova-pro-v1:0");
        let tuned = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-pro-v1:0/abc";
        assert_eq!(price_name(tuned), tuned);
        assert_eq!(price_name("amazon.nova-pro-v1:0"), "amazon.nova-pro-v1:0");
    }
}
