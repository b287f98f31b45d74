//! A provider that does as it is told: OpenAI-shaped, on a port of its own, with token counts that follow from the request.
//!
//! It keeps every request and what it billed for it, so that a test can hold the ledger against the provider's side. What goes
//! wrong is scripted, for the next call ([`ScriptedProvider::next`]), for a model ([`ScriptedProvider::model`]), or by the
//! name of the model itself ([`Fault::named`]).

mod admin;
mod answer;
mod counts;
mod fault;
mod native;
mod openai;
mod record;
mod routes;
mod stream;
mod tools;

pub use admin::{
    ADMIN_KEY, AWS_ADMIN, AWS_USER, AZURE, AZURE_SECRET, Admin, AdminFault, AdminKey, Asked, GOOGLE_ACCOUNT,
    GOOGLE_PROJECT, GOOGLE_TOKEN, Make, ORGANIZATION, PROJECT, Step,
};
pub use counts::{Counts, DEFAULT_OUTPUT};
pub use fault::Fault;
pub use openai::{SECONDS, SOUND_BYTES};
pub use record::{Call, Totals};

use axum::serve::ListenerExt;
use record::State;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The key it takes unless told otherwise.
pub const KEY: &str = "sk-scripted-4f8a1c";

/// How to start one.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The key it takes.
    pub key: String,
    /// Whether to keep every request; under load only the totals are kept.
    pub keep_calls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), key: KEY.to_owned(), keep_calls: true }
    }
}

/// A running provider. Dropping it stops it, and fails the test where what was expected did not happen, or more did.
#[derive(Debug)]
pub struct ScriptedProvider {
    address: SocketAddr,
    key: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
    checked: bool,
}

impl ScriptedProvider {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// Where there is no port to listen on.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts one as told.
    ///
    /// # Errors
    /// Where it cannot listen there.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(&options.key, options.keep_calls));
        let router = routes::router(state.clone());
        let listener = listener.tap_io(|socket| {
            // A delay of 40 ms now and then would be taken for the gateway's.
            let _ = socket.set_nodelay(true);
        });
        #[expect(clippy::disallowed_methods, reason = "ends with the provider, see Drop")]
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, key: options.key, state, serving, checked: false })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of its API, as in a credential.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base address of Anthropic's shape, as in a credential; the same as that of OpenAI's.
    #[must_use]
    pub fn anthropic_url(&self) -> String {
        self.base_url()
    }

    /// The base address of Google's shape, as in a credential.
    #[must_use]
    pub fn google_url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// The base address of Bedrock's shape, as in a credential.
    #[must_use]
    pub fn bedrock_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key it took at the start.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its admin API: what happens there, and what goes wrong.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.state.admin
    }

    /// Closes every connection behind its answer from now on.
    pub fn closes_connections(&self) {
        self.state.closes.store(true, Ordering::SeqCst);
    }

    /// Has no list of models from now on; whether it still looks at the key where the list would be.
    pub fn has_no_list(&self, looks_at_keys: bool) {
        self.state.has_list.store(false, Ordering::SeqCst);
        self.state.looks_at_keys.store(looks_at_keys, Ordering::SeqCst);
    }

    /// Takes this key too from now on.
    pub fn accept_key(&self, key: &str) {
        self.state.accept_key(key);
    }

    /// No longer takes this key.
    pub fn revoke_key(&self, key: &str) {
        self.state.revoke_key(key);
    }

    /// What the next call meets that nothing was scripted for yet; calls meet the faults in the order given.
    pub fn next(&self, fault: Fault) -> &Self {
        self.state.queue(fault);
        self
    }

    /// Forgets what was scripted and met no call.
    pub fn forget_faults(&self) -> &Self {
        self.state.forget_faults();
        self
    }

    /// What every call for `model` meets, where no fault was queued.
    pub fn model(&self, model: &str, fault: Fault) -> &Self {
        self.state.on_model(model, fault);
        self
    }

    /// Expects exactly `times` calls for `model`. From the first expectation on, a call nobody expected is a failure.
    pub fn expect(&self, model: &str, times: u64) -> &Self {
        self.state.expect(Some(model), times);
        self
    }

    /// Expects exactly `times` calls, whatever the model, besides those expected by model.
    pub fn expect_any(&self, times: u64) -> &Self {
        self.state.expect(None, times);
        self
    }

    /// Every call so far, refused ones included. Lists of models do not count as calls.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls()
    }

    /// What it billed so far. A stream counts when it ends, or when the client leaves it.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.state.totals()
    }

    /// How many calls are being answered right now.
    #[must_use]
    pub fn open_calls(&self) -> u64 {
        self.state.open.load(Ordering::SeqCst)
    }

    /// Checks expectations and script now rather than on drop.
    ///
    /// # Panics
    /// Where a call came too few or too many, or a queued fault met no call.
    pub fn assert_done(&mut self) {
        self.checked = true;
        let complaints = self.state.complaints();
        assert!(complaints.is_empty(), "the scripted provider complains:\n{}", complaints.join("\n"));
    }
}

impl Drop for ScriptedProvider {
    fn drop(&mut self) {
        self.serving.abort();
        if !self.checked && !std::thread::panicking() {
            self.assert_done();
        }
    }
}

#[cfg(test)]
mod tests;
