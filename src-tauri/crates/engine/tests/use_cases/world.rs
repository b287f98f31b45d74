//! A world for each test, and what most tests begin with.

use reeve_core::id::TenantId;
use reeve_core::tenant::Tier;
use reeve_core::time::{Clock, Millis};
use reeve_engine::identity::Register;
use reeve_engine::tenants::CreateTenant;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, Via};
use reeve_vault::{Keyring, MemoryKeyring};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that is turned by hand, and the steady one beside it.
pub(crate) struct Hand(AtomicI64, AtomicI64);

impl Hand {
    /// Time passes.
    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
        self.1.fetch_add(ms, Ordering::Relaxed);
    }

    /// Somebody sets the clock.
    pub(crate) fn set(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }

    fn steady(&self) -> Millis {
        Millis(self.1.load(Ordering::Relaxed))
    }
}

/// Where an engine lives: its files, its clock and the keyring of its computer.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<Hand>,
    pub(crate) keyring: Arc<MemoryKeyring>,
    /// What the keyring remembers of the ledger.
    pub(crate) anchor: Arc<MemoryKeyring>,
}

impl World {
    pub(crate) fn new() -> Self {
        let noon = "2026-11-20T12:00:00Z".parse::<Millis>().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(Hand(AtomicI64::new(noon.0), AtomicI64::new(0))),
            keyring: Arc::new(MemoryKeyring::new()),
            anchor: Arc::new(MemoryKeyring::new()),
        }
    }

    pub(crate) async fn open(&self) -> Engine {
        self.open_in(self.folder.path(), Arc::clone(&self.keyring)).await
    }

    pub(crate) async fn open_in(&self, folder: &Path, keyring: Arc<MemoryKeyring>) -> Engine {
        let keyring: Arc<dyn Keyring> = keyring;
        let anchor: Arc<dyn Keyring> = Arc::<MemoryKeyring>::clone(&self.anchor);
        let keys = VaultKeys {
            keyring: Some(Arc::new(move |_| Arc::clone(&keyring))),
            anchor: Some(Arc::new(move |_| Arc::clone(&anchor))),
            env: None,
        };
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&self.clock);
        Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock }).await.unwrap()
    }
}

/// A workspace with its first admin, and the context in which that admin acts.
pub(crate) async fn ready(engine: &Engine) -> Cx {
    let anonymous = Cx {
        via: Via::Ui,
        principal: reeve_core::principal::Principal::Anonymous,
        ip: Some("203.0.113.7".to_owned()),
        ..Cx::system()
    };
    let register = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "Europe/Berlin".parse().unwrap(),
        name: "First Admin".to_owned(),
        email: "admin@example.com".to_owned(),
        password: None,
    };
    engine.register(&anonymous, register).await.unwrap();
    Cx { principal: engine.window_principal(), ..anonymous }
}

pub(crate) async fn tenant(engine: &Engine, cx: &Cx, name: &str, tier: Tier) -> TenantId {
    let new = CreateTenant {
        name: name.to_owned(),
        slug: None,
        tier,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    engine.create_tenant(cx, new).await.unwrap().tenant.id
}
