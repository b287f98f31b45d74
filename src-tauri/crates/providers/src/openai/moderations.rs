//! `/v1/moderations`.

use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::Fields;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The model that checks where the client names none, as OpenAI documents it.
const DEFAULT_MODEL: &str = "omni-moderation-latest";

/// What governance needs of a request to check texts and pictures.
#[derive(Debug)]
pub struct ModerationsRequest<'a> {
    body: &'a Bytes,
    fields: Fields<'a>,
    /// The model asked for, or the default.
    pub model: Cow<'a, str>,
    /// Whether the request names the model itself.
    pub names_model: bool,
    /// What to check, unparsed: a text, texts, or parts as those of a message.
    pub input: &'a RawValue,
}

impl<'a> ModerationsRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &["model", "input"])?;
        let named = fields.text("model")?.filter(|model| !model.is_empty());
        let input = fields.get("input").ok_or(RequestError::Missing { field: "input" })?;
        if !input.get().starts_with(['[', '"']) {
            return Err(RequestError::WrongType { field: "input", expected: "a text or a list" });
        }
        let names_model = named.is_some();
        Ok(Self { model: named.unwrap_or(Cow::Borrowed(DEFAULT_MODEL)), names_model, input, fields, body })
    }

    /// The body to send, with the model under the provider's name where the request used an alias or none.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        edited(self.body, &self.fields, &Edits { model, ..Edits::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_may_be_left_to_the_default() {
        for (body, model, names_model) in [
            (r#"{"input":"x"}"#, DEFAULT_MODEL, false),
            (r#"{"input":["x"],"model":null}"#, DEFAULT_MODEL, false),
            (r#"{"input":[{"type":"text","text":"x"}],"model":"m"}"#, "m", true),
        ] {
            let body = Bytes::from(body);
            let request = ModerationsRequest::read(&body).unwrap();
            assert_eq!((&*request.model, request.names_model), (model, names_model));
            assert_eq!(request.upstream_body(None).as_ptr(), body.as_ptr());
            let sent: serde_json::Value =
                serde_json::from_slice(&request.upstream_body(Some("own"))).unwrap();
            assert_eq!(sent["model"], "own");
        }
    }

    #[test]
    fn what_cannot_be_governed_is_refused_by_name() {
        for (body, field) in [
            (r#"{"model":"m"}"#, "input"),
            (r#"{"input":7}"#, "input"),
            (r#"{"input":"x","model":7}"#, "model"),
            (r#"{"input":"x","model":"m","Model":"n"}"#, "model"),
        ] {
            assert_eq!(
                ModerationsRequest::read(&Bytes::from(body)).unwrap_err().field(),
                Some(field),
                "{body}"
            );
        }
    }
}
