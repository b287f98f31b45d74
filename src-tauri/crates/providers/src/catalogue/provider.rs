//! The providers that speak the OpenAI API, and where they do.

use super::Catalogue;

/// A provider a credential may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the catalogue and in credentials.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Where its OpenAI-compatible API is; `None` where every customer has an address of their own.
    pub base_url: Option<&'static str>,
    /// How many of its models have a price.
    pub priced_models: usize,
}

/// Id, name, address. A server on the own machine has no list price: its models are unpriced until given a ceiling.
const KNOWN: [(&str, &str, Option<&str>); 17] = [
    ("openai", "OpenAI", Some("https://api.openai.com/v1")),
    ("azure-openai", "Azure OpenAI", None),
    ("anthropic", "Anthropic", Some("https://api.anthropic.com/v1")),
    ("google", "Google Gemini", Some("https://generativelanguage.googleapis.com/v1beta/openai")),
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
