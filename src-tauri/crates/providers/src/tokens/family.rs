//! Which tokenizer a model uses.

/// A tokenizer, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's, since GPT-4o.
    O200k,
    /// OpenAI's of GPT-4 and GPT-3.5, and of its embeddings.
    Cl100k,
    /// Any other.
    Other,
}

const O200K: [&str; 9] =
    ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "chatgpt-4o", "o1", "o3", "o4", "codex-mini"];
const CL100K: [&str; 6] = ["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-", "davinci-002", "babbage-002"];

impl Family {
    /// The tokenizer of a model at a provider. A model made after this was written is [`Family::Other`], the wider bound.
    #[must_use]
    pub fn of(provider: &str, model: &str) -> Self {
        let name = model.strip_prefix("ft:").unwrap_or(model);
        let by_openai = match provider {
            "openai" | "azure-openai" => true,
            "openrouter" => name.starts_with("openai/"),
            _ => false,
        };
        let name = name.rsplit('/').next().unwrap_or(name);
        let is_one_of = |names: &[&str]| names.iter().any(|n| name.starts_with(n));
        match by_openai {
            true if is_one_of(&O200K) => Self::O200k,
            true if is_one_of(&CL100K) => Self::Cl100k,
            _ => Self::Other,
        }
    }
}
