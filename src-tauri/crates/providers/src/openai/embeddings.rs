//! `/v1/embeddings`.

use super::chat::model;
use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::Fields;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What governance needs of an embeddings request.
#[derive(Debug)]
pub struct EmbeddingsRequest<'a> {
    body: &'a Bytes,
    fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
    /// What to embed, unparsed: a text, texts, a list of tokens, or lists of tokens.
    pub input: &'a RawValue,
}

impl<'a> EmbeddingsRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        Self::read_as(body, None)
    }

    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// As [`EmbeddingsRequest::read`].
    pub fn read_as(body: &'a Bytes, named: Option<&'a str>) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &["model", "input", "user"])?;
        let model = named.map_or_else(|| model(&fields), |named| Ok(Cow::Borrowed(named)))?;
        let input = fields.get("input").ok_or(RequestError::Missing { field: "input" })?;
        if !input.get().starts_with(['[', '"']) {
            return Err(RequestError::WrongType { field: "input", expected: "a text or a list" });
        }
        Ok(Self { model, user: fields.text("user")?, input, fields, body })
    }

    /// The body to send, with the model under the provider's name where the request used an alias.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        edited(self.body, &self.fields, &Edits { model, ..Edits::default() })
    }
}
