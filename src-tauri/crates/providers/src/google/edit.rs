//! The one change a request may need on its way out: a cap on output.

use super::GenerateRequest;
use super::names::{self, name_in};
use crate::openai::{Cut, Fields, insertion, place_of, splice};
use bytes::Bytes;

impl GenerateRequest<'_> {
    /// The body to send, with the output of each candidate capped where the client set no cap of its own; the very same bytes
    /// where there is nothing to change.
    #[must_use]
    pub fn upstream_body(&self, cap: Option<u64>) -> Bytes {
        let Some(cap) = cap.filter(|_| self.max_tokens.is_none()) else { return self.body.clone() };
        let member = format!("\"{}\":{cap}", names::MAX_TOKENS[0]);
        let config = name_in(&self.fields, names::CONFIG).ok().flatten().and_then(|n| self.fields.get(n));
        let cuts = match config {
            Some(config) => {
                let Some(place) = place_of(config.get(), self.body) else { return self.body.clone() };
                let Ok(inner) = serde_json::from_str::<Fields<'_>>(config.get()) else {
                    return self.body.clone();
                };
                // A null under this name stands in the way of the new one.
                let null = names::MAX_TOKENS.iter().find_map(|n| place_of(inner.raw(n)?.get(), self.body));
                match null {
                    Some(place) => Some(Cut { place, text: cap.to_string() }),
                    None => insertion(self.body, place, inner.is_empty(), format!(",{member}")),
                }
            }
            None => {
                let null = names::CONFIG.iter().find_map(|n| place_of(self.fields.raw(n)?.get(), self.body));
                match null {
                    Some(place) => Some(Cut { place, text: format!("{{{member}}}") }),
                    None => {
                        let added = format!(",\"{}\":{{{member}}}", names::CONFIG[0]);
                        insertion(self.body, 0..self.body.len(), self.fields.is_empty(), added)
                    }
                }
            }
        };
        splice(self.body, cuts.into_iter().collect())
    }
}
