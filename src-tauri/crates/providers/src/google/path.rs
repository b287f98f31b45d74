//! What a path asks for: `models/{model}:{method}`.

/// What can be asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A whole answer.
    GenerateContent,
    /// A streamed answer.
    StreamGenerateContent,
    /// The number of tokens, free of charge.
    CountTokens,
    /// An embedding.
    EmbedContent,
    /// Several embeddings.
    BatchEmbedContents,
}

impl Method {
    const ALL: [Self; 5] = [
        Self::GenerateContent,
        Self::StreamGenerateContent,
        Self::CountTokens,
        Self::EmbedContent,
        Self::BatchEmbedContents,
    ];

    /// Its name in a path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenerateContent => "generateContent",
            Self::StreamGenerateContent => "streamGenerateContent",
            Self::CountTokens => "countTokens",
            Self::EmbedContent => "embedContent",
            Self::BatchEmbedContents => "batchEmbedContents",
        }
    }
}

/// A model and what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<'a> {
    /// The model, without `models/`.
    pub model: &'a str,
    /// What is asked.
    pub method: Method,
}

impl<'a> Path<'a> {
    /// Reads the end of a path, such as `gemini-2.5-flash:generateContent`. `None` for whatever is not served here.
    #[must_use]
    pub fn read(tail: &'a str) -> Option<Self> {
        let (model, method) = tail.split_once(':')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let method = Method::ALL.into_iter().find(|m| m.as_str() == method)?;
        (!model.is_empty() && model.bytes().all(plain)).then_some(Self { model, method })
    }

    /// The path below the provider's address.
    #[must_use]
    pub fn upstream(&self) -> String {
        format!("/models/{}:{}", self.model, self.method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_served_is_a_path() {
        let path = Path::read("gemini-2.5-flash:streamGenerateContent").unwrap();
        assert_eq!((path.model, path.method), ("gemini-2.5-flash", Method::StreamGenerateContent));
        assert_eq!(path.upstream(), "/models/gemini-2.5-flash:streamGenerateContent");
        for other in [
            "gemini-2.5-flash",
            "gemini-2.5-flash:predict",
            ":generateContent",
            "a/../b:generateContent",
            "a%2e:countTokens",
            "a:generateContent:countTokens",
        ] {
            assert_eq!(Path::read(other), None, "{other}");
        }
    }
}
