//! What the gateway may tell: which models are served, and by whom.

use crate::Engine;

impl Engine {
    /// The catalogue name of the provider that `model` goes to, if any serves it.
    #[must_use]
    pub fn provider_of(&self, model: &str) -> Option<String> {
        self.inner.credentials.provider(model)
    }

    /// The models that credentials name, as (provider, model), and the providers whose whole list is served.
    #[must_use]
    pub fn served_models(&self) -> (Vec<(String, String)>, Vec<String>) {
        self.inner.credentials.served()
    }
}
