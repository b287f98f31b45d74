//! The one change a request may need on its way out: a bound on searches.

use super::MessagesRequest;
use crate::openai::{Cut, Fields, insertion, place_of, splice};
use bytes::Bytes;
use serde_json::value::RawValue;

/// How often the provider may search for one request that does not say.
pub const SEARCHES: u64 = 10;

impl MessagesRequest<'_> {
    /// The body to send, with the provider's name of the model where the request has another, and a number of searches for each
    /// tool that may search without end; the very same bytes where there is nothing to change.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        let tools = self.fields.get("tools").filter(|_| self.searches.is_none());
        let tools = tools.and_then(|tools| serde_json::from_str::<Vec<&RawValue>>(tools.get()).ok());
        let bounds = tools.into_iter().flatten().filter_map(|tool| self.cut(tool));
        let named = model.and_then(|model| {
            let place = place_of(self.fields.raw("model")?.get(), self.body)?;
            Some(Cut { place, text: serde_json::Value::from(model).to_string() })
        });
        splice(self.body, bounds.chain(named).collect())
    }

    fn cut(&self, tool: &RawValue) -> Option<Cut> {
        let fields = serde_json::from_str::<Fields<'_>>(tool.get()).ok()?;
        let searches = fields.text("type").ok()??.starts_with("web_search");
        if !searches || fields.get("max_uses").is_some() {
            return None;
        }
        match fields.raw("max_uses") {
            // A null under this name stands in the way of the new one.
            Some(null) => Some(Cut { place: place_of(null.get(), self.body)?, text: SEARCHES.to_string() }),
            None => {
                let place = place_of(tool.get(), self.body)?;
                insertion(self.body, place, false, format!(",\"max_uses\":{SEARCHES}"))
            }
        }
    }
}
