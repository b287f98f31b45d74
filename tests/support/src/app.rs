//! A whole Reeve in one process: its own data folder, a clock that the test sets, a keyring in memory, the gateway on a
//! free port, and a provider that does as it is told.
//!
//! Set-up calls the engine directly; what is tested goes over the wire.

mod answer;
mod clock;
mod ledger;
mod native;
mod tenant;

pub use answer::Answer;
pub use clock::SetClock;
pub use ledger::{eventually, price_at, price_of};
pub use native::AWS_KEY;
pub use tenant::{MakeTenant, TestTenant};

use crate::provider::ScriptedProvider;
use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
use reeve_core::id::{BudgetId, CredentialId, TenantId};
use reeve_core::period::PeriodKind;
use reeve_core::time::Clock;
use reeve_engine::budgets::SetBudget;
use reeve_engine::credentials::AddCredential;
use reeve_engine::vault::{KeyringOf, VaultKeys};
use reeve_engine::{Cx, Engine, OpenEngine};
use reeve_providers::upstream::UpstreamConfig;
use reeve_vault::{Keyring, MemoryKeyring, Secret};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// When every test begins.
pub const START: &str = "2026-11-21T12:00:00Z";

/// A Reeve under test. Dropping it stops the listener; [`TestApp::close`] also waits for what is under way.
pub struct TestApp {
    /// The engine.
    pub engine: Engine,
    /// Its clock.
    pub clock: Arc<SetClock>,
    /// Its keyring.
    pub keyring: Arc<MemoryKeyring>,
    /// The provider that its key belongs to.
    pub provider: ScriptedProvider,
    /// A client that talks to the gateway.
    pub client: reqwest::Client,
    folder: Arc<TempDir>,
    gateway: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
}

/// How to start a [`TestApp`].
#[derive(Default)]
pub struct Options {
    /// How patient it is with providers.
    pub upstream: UpstreamConfig,
    /// Without a provider key.
    pub no_credential: bool,
    /// The keyring; a new one that works where absent.
    pub keyring: Option<Arc<MemoryKeyring>>,
    /// The data folder; a new one where absent.
    pub folder: Option<Arc<TempDir>>,
}

/// The providers' patience that a test can wait for.
#[must_use]
pub fn impatient() -> UpstreamConfig {
    let short = Duration::from_millis(300);
    UpstreamConfig {
        connect_timeout: short,
        head_timeout: short,
        idle_timeout: short,
        ..UpstreamConfig::default()
    }
}

impl TestApp {
    /// One with a provider key that serves all models.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// One that does not wait long for its provider.
    pub async fn start_impatient() -> Self {
        Self::start_with(Options { upstream: impatient(), ..Options::default() }).await
    }

    /// One as told.
    pub async fn start_with(options: Options) -> Self {
        let provider = ScriptedProvider::start().await.expect("a port for the provider");
        let folder = options.folder.unwrap_or_else(|| Arc::new(tempfile::tempdir().expect("a data folder")));
        let clock = Arc::new(SetClock::new(START.parse().expect("a time")));
        let keyring = options.keyring.unwrap_or_default();
        let own = Arc::clone(&keyring);
        let of: KeyringOf = Arc::new(move |_| Arc::clone(&own) as Arc<dyn Keyring>);
        let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
        let open = OpenEngine {
            data_dir: folder.path().to_owned(),
            keys,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let engine = Engine::open_with(open, options.upstream).await.expect("the engine opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the gateway");
        let gateway = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel::<()>();
        let mut serving = JoinSet::new();
        let serve = reeve_gateway::serve(engine.clone(), listener, async {
            let _ = stopped.await;
        });
        serving.spawn(async {
            let _ = serve.await;
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let app =
            Self { engine, clock, keyring, provider, client, folder, gateway, stop: Some(stop), serving };
        if !options.no_credential {
            app.credential("openai", &app.provider.base_url(), app.provider.key(), &[]).await;
        }
        app
    }

    /// Stops the listener and the engine in order, and leaves the folder.
    pub async fn close(mut self) -> Arc<TempDir> {
        drop(self.stop.take());
        while self.serving.join_next().await.is_some() {}
        self.engine.close().await;
        Arc::clone(&self.folder)
    }

    /// Adds a provider key for `models`; for all of them where that is empty.
    pub async fn credential(
        &self,
        provider: &str,
        base_url: &str,
        key: &str,
        models: &[&str],
    ) -> CredentialId {
        let port = base_url.rsplit(':').next().unwrap_or_default();
        let name = format!("{provider} {port} {}", models.join(" "));
        let new = AddCredential {
            name,
            provider: provider.to_owned(),
            base_url: Some(base_url.to_owned()),
            models: models.iter().map(ToString::to_string).collect(),
            weight: None,
            priority: None,
            api_key: Secret::copy_of(key.as_bytes()),
        };
        self.engine.add_credential(&Cx::system(), new).await.expect("a credential").id
    }

    /// A tenant to be made.
    pub fn tenant<'a>(&'a self, name: &'a str) -> MakeTenant<'a> {
        MakeTenant::new(self, name)
    }

    /// Sets a hard budget of `usd` on a tenant, or on the workspace.
    pub async fn budget(&self, tenant: Option<TenantId>, period: PeriodKind, usd: &str) -> BudgetId {
        self.budget_at(tenant.map_or(BudgetLevel::WORKSPACE, BudgetLevel::tenant), period, usd).await
    }

    /// Sets a hard budget of `usd` at any level.
    pub async fn budget_at(&self, level: BudgetLevel, period: PeriodKind, usd: &str) -> BudgetId {
        let limit = Limit { amount: usd.parse().expect("an amount"), kind: BudgetKind::Hard };
        let new = SetBudget { level, period, limit, thresholds: vec![80, 100] };
        self.engine.set_budget(&Cx::system(), new).await.expect("a budget").budget.id
    }

    /// The address of `path` at the gateway.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway)
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn gateway(&self) -> SocketAddr {
        self.gateway
    }
}
