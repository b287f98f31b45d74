//! The providers there are, and where their APIs are.

use super::Catalogue;
use crate::upstream::BaseUrl;

/// A provider a credential may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the catalogue and in credentials.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Where its API is; `None` where every customer has an address of their own.
    pub base_url: Option<&'static str>,
    /// How many of its models have a price.
    pub priced_models: usize,
}

/// Id, name, address. A server on the own machine has no list price: its models are unpriced until given a ceiling.
const KNOWN: [(&str, &str, Option<&str>); 18] = [
    ("openai", "OpenAI", Some("https://api.openai.com/v1")),
    ("azure-openai", "Azure OpenAI", None),
    ("anthropic", "Anthropic", Some("https://api.anthropic.com/v1")),
    ("google", "Google Gemini", Some("https://generativelanguage.googleapis.com/v1beta")),
    ("aws-bedrock", "AWS Bedrock", Some("https://bedrock-runtime.us-east-1.amazonaws.com")),
    ("mistral", "Mistral", Some("https://api.mistral.ai/v1")),
    ("groq", "Groq", Some("https://api.groq.com/openai/v1")),
    ("deepseek", "DeepSeek", Some("https://api.deepseek.com/v1")),
    ("xai", "xAI", Some("https://api.x.ai/v1")),
    ("together", "Together AI", Some("https://api.together.xyz/v1")),
    ("fireworks", "Fireworks AI", Some("https://api.fireworks.ai/inference/v1")),
    ("cerebras", "Cerebras", Some("https://api.cerebras.ai/v1")),
    ("cohere", "Cohere", Some("https://api.cohere.ai/compatibility/v1")),
    ("perplexity", "Perplexity", Some("https://api.perplexity.ai")),
    ("openrouter", "OpenRouter", Some("https://openrouter.ai/api/v1")),
    ("ollama", "Ollama", Some("http://127.0.0.1:11434/v1")),
    ("vllm", "vLLM", Some("http://127.0.0.1:8000/v1")),
    ("custom", "Other (OpenAI-compatible)", None),
];

/// Every provider a credential may be for, in the order of display.
pub fn providers(catalogue: &Catalogue) -> impl Iterator<Item = Provider> + '_ {
    KNOWN.into_iter().map(|(id, name, base_url)| Provider {
        id,
        name,
        base_url,
        priced_models: catalogue.count(id),
    })
}

/// What stands before the paths of OpenAI's shape at an address that is a provider's own: Google and AWS keep them below a
/// folder of their own, all others beside their native ones.
#[must_use]
pub fn openai_folder(provider: &str, base_url: &BaseUrl) -> &'static str {
    match provider {
        "google" if base_url.path().ends_with("/v1beta") => "/openai",
        "aws-bedrock" if base_url.path().is_empty() => "/openai/v1",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openais_shape_has_its_folder_at_native_addresses() {
        for (id, _, address) in KNOWN {
            let Some(base) = address.map(|a| BaseUrl::parse(a).unwrap()) else { continue };
            let folder = openai_folder(id, &base);
            assert_eq!(!folder.is_empty(), matches!(id, "google" | "aws-bedrock"), "{id}");
        }
        let own = BaseUrl::parse("https://generativelanguage.googleapis.com/v1beta/openai").unwrap();
        assert_eq!(openai_folder("google", &own), "", "an address of that folder itself");
    }
}
