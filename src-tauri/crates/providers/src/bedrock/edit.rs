//! The one change a request may need on its way out: a cap on output.

use super::ConverseRequest;
use crate::openai::{Cut, Fields, insertion, place_of, splice};
use bytes::Bytes;

impl ConverseRequest<'_> {
    /// The body to send, with the output capped where the client set no cap of its own; the very same bytes where there is
    /// nothing to change.
    #[must_use]
    pub fn upstream_body(&self, cap: Option<u64>) -> Bytes {
        match cap.filter(|_| self.max_tokens.is_none()).and_then(|cap| self.cut(cap)) {
            Some(cut) => splice(self.body, vec![cut]),
            None => self.body.clone(),
        }
    }

    fn cut(&self, cap: u64) -> Option<Cut> {
        let member = format!("\"maxTokens\":{cap}");
        let Some(config) = self.fields.raw("inferenceConfig") else {
            let added = format!(",\"inferenceConfig\":{{{member}}}");
            return insertion(self.body, 0..self.body.len(), self.fields.is_empty(), added);
        };
        let place = place_of(config.get(), self.body)?;
        if config.get() == "null" {
            return Some(Cut { place, text: format!("{{{member}}}") });
        }
        let inner = serde_json::from_str::<Fields<'_>>(config.get()).ok()?;
        match inner.raw("maxTokens") {
            // A null under this name stands in the way of the new one.
            Some(null) => Some(Cut { place: place_of(null.get(), self.body)?, text: cap.to_string() }),
            None => insertion(self.body, place, inner.is_empty(), format!(",{member}")),
        }
    }
}
