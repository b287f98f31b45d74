//! The engine: opened once a process, cheap to clone, closed with a drain.

use crate::admission::{Admission, Snapshot};
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use crate::events::{EventKind, Events};
use crate::identity::Sessions;
use crate::ids::Ids;
use crate::privacy::Privacy;
use crate::tasks::Tasks;
use crate::vault::{VaultCell, VaultKeys};
use reeve_core::period::Zone;
use reeve_core::time::{Clock, Millis};
use reeve_providers::upstream::{Upstream, UpstreamConfig};
use reeve_store::{OpenStore, Store, TextIndex};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What to open.
pub struct OpenEngine {
    /// Folder of the store.
    pub data_dir: PathBuf,
    /// Where the vault's root key comes from.
    pub keys: VaultKeys,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) events: Events,
    pub(crate) tasks: Tasks,
    pub(crate) vault: Arc<VaultCell>,
    pub(crate) privacy: Arc<Privacy>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) routing: crate::routing::Routing,
    /// Meters are counted from the store by one at a time.
    pub(crate) recounting: tokio::sync::Mutex<()>,
    pub(crate) limits: crate::limits::table::Limits,
    pub(crate) floods: crate::limits::Floods,
    pub(crate) settings: crate::settings::Live,
    pub(crate) prices: crate::prices::Live,
    pub(crate) unpriced: crate::prices::unpriced::Pending,
    pub(crate) sessions: Sessions,
    pub(crate) refusals: crate::gateway::refusals::Pending,
    pub(crate) captures: crate::capture::Captures,
    pub(crate) live: crate::gateway::live::LiveCalls,
    pub(crate) added_latency: crate::latency::AddedLatency,
    pub(crate) settling: crate::gateway::settling::Settling,
    pub(crate) verdicts: crate::audit::Verdicts,
    pub(crate) denials: crate::denials::Denials,
    pub(crate) anchors: crate::audit::anchors::Anchors,
    pub(crate) keeping: crate::audit::keeping::Keeping,
    /// Names this run of the process in the ledger.
    pub(crate) boot: uuid::Uuid,
    pub(crate) listeners: crate::listeners::Listeners,
    pub(crate) witnesses: crate::witnesses::Witnesses,
    /// The secrets of API keys are replaced and ended one at a time.
    pub(crate) key_rotations: tokio::sync::Mutex<()>,
    /// One bill is imported at a time.
    pub(crate) billing: tokio::sync::Mutex<()>,
    pub(crate) texts: TextIndex,
    pub(crate) upstream: Upstream,
    /// Calls the providers' admin APIs.
    pub(crate) controls: reeve_providers::control::Controls,
    pub(crate) rotations: crate::rotation::Rotations,
    pub(crate) backups: crate::backup::Backups,
    pub(crate) gateway_url: parking_lot::RwLock<Option<String>>,
}

impl Engine {
    /// Opens the store and the vault, takes care of what a crash left behind, and builds the admission state. A vault that
    /// cannot be opened is a state of the engine, not an error: people must be able to see why.
    ///
    /// # Errors
    /// If the store cannot be opened or read.
    pub async fn open(options: OpenEngine) -> Result<Self, Error> {
        Self::open_with(options, UpstreamConfig::default()).await
    }

    /// As [`Engine::open`], with other patience for providers.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_with(options: OpenEngine, upstream: UpstreamConfig) -> Result<Self, Error> {
        let OpenEngine { data_dir, keys, clock } = options;
        let store_clock = Arc::clone(&clock);
        let folder = data_dir.clone();
        let vault = Arc::new(VaultCell::default());
        let own_vault = Arc::clone(&vault);
        let (store, privacy, texts) = blocking(move || {
            // The store locks the folder: what lies beside it is opened behind it.
            let store = Store::open(OpenStore { folder: data_dir.clone(), clock: store_clock, readers: 4 })?;
            Ok::<_, Error>((store, Privacy::open_beside(own_vault, &data_dir)?, TextIndex::open(&data_dir)?))
        })
        .await??;
        let now = clock.now();
        let upstream = Upstream::new(upstream)
            .map_err(|e| Error::new(Code::Internal, "The client for providers cannot start.").because(e))?;
        let ids = Ids::new(Arc::clone(&clock));
        let inner = Inner {
            boot: ids.next(),
            anchors: crate::audit::anchors::Anchors::new(&folder, keys.anchor.as_ref()),
            keeping: Default::default(),
            ids,
            events: Events::default(),
            tasks: Tasks::default(),
            privacy: Arc::new(privacy),
            admission: Arc::new(Admission::new(Zone::UTC, now)),
            routing: Default::default(),
            recounting: Default::default(),
            limits: Default::default(),
            floods: Default::default(),
            settings: Default::default(),
            prices: Default::default(),
            unpriced: Default::default(),
            sessions: Sessions::default(),
            refusals: Default::default(),
            captures: Default::default(),
            live: Default::default(),
            added_latency: Default::default(),
            settling: Default::default(),
            verdicts: Default::default(),
            denials: Default::default(),
            listeners: Default::default(),
            witnesses: Default::default(),
            rotations: Default::default(),
            backups: Default::default(),
            key_rotations: Default::default(),
            billing: Default::default(),
            gateway_url: Default::default(),
            controls: reeve_providers::control::Controls::of(&upstream),
            texts,
            store,
            clock,
            vault,
            upstream,
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.look_at_anchor_file().await?;
        engine.open_vault(keys).await?;
        engine.look_at_anchors().await?;
        engine.begin_session().await?;
        engine.recover().await?;
        engine.load().await?;
        engine.resume_reratings().await?;
        engine.resume_sweep();
        engine.start_tasks();
        engine.start_listeners().await?;
        Ok(engine)
    }

    /// Reads what is kept in memory: settings, sessions, what calls are routed by, the admission state.
    async fn load(&self) -> Result<(), Error> {
        self.load_settings().await?;
        self.load_prices().await?;
        self.load_sessions().await?;
        self.load_capture_rules().await?;
        self.load_routing().await?;
        self.load_limits().await?;
        self.load_witnesses().await?;
        self.rebuild_admission().await
    }

    /// Counts every meter anew. Calls go on meanwhile, and none is missed or counted twice.
    pub(crate) async fn rebuild_admission(&self) -> Result<(), Error> {
        let _one = self.inner.recounting.lock().await;
        let (engine, zone, now) = (self.clone(), self.zone(), self.now());
        self.inner
            .store
            .read(move |r| {
                let counting = engine.inner.settling.count();
                let snapshot = Snapshot::load(r, zone, now)?;
                counting.finish(r, |undurable| engine.inner.admission.install(snapshot, undurable, now))?;
                Ok::<_, Error>(())
            })
            .await
    }

    fn start_tasks(&self) {
        self.start_capture();
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(600), move || {
            let engine = engine.clone();
            async move {
                let swept = engine.sweep_captures().await.and(engine.sweep_refusals().await);
                if let Err(error) = swept {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "what is over could not be deleted");
                }
            }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(2), move || {
            let engine = engine.clone();
            async move {
                engine.lower_idle_bounds().await;
                engine.flush_refusals().await;
                engine.tell_thresholds().await;
                engine.flush_unpriced().await;
                engine.flush_rate_refusals().await;
                engine.flush_foreign().await;
                engine.flush_fallbacks().await;
            }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(1), move || {
            let engine = engine.clone();
            async move { engine.tend_rotations().await }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(60), move || {
            let engine = engine.clone();
            async move { engine.keep_retention().await }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(3_600), move || {
            let engine = engine.clone();
            async move {
                engine.sweep_limits();
                if let Err(error) = engine.forget_sent().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "keys that nobody sends again could not be forgotten");
                }
            }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(crate::audit::keeping::EVERY, move || {
            let engine = engine.clone();
            async move { engine.tend_ledger().await }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(crate::witnesses::EVERY, move || {
            let engine = engine.clone();
            async move { engine.tend_witnesses().await }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(crate::bills::EVERY, move || {
            let engine = engine.clone();
            async move { engine.import_due_bills().await }
        });
        let engine = self.clone();
        self.inner.tasks.repeat(Duration::from_secs(1), move || {
            let engine = engine.clone();
            async move { engine.index_texts().await }
        });
        self.verify_in_background();
    }

    /// Stops the repeating tasks, waits for calls on their way (at most 30 s), signs a last checkpoint and closes the file.
    pub async fn close(&self) {
        if !self.inner.tasks.drain(Duration::from_secs(30)).await {
            tracing::warn!("some work had not ended after 30 s; its worst case is held at the next start");
        }
        self.flush_refusals().await;
        self.tell_thresholds().await;
        self.flush_unpriced().await;
        self.flush_rate_refusals().await;
        self.flush_foreign().await;
        self.flush_fallbacks().await;
        self.write_charges();
        // Charges ride behind: once this is answered they are on disk, and no tenant is exposed any more.
        if let Err(error) = self.inner.store.write(|_| Ok::<_, Error>(())).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the last charges could not be written"
            );
        }
        self.lower_idle_bounds().await;
        self.end_session().await;
        self.inner.store.close().await;
    }

    /// The moment now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// The workspace's zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.inner.settings.zone()
    }

    /// The hub of live events.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// The tasks shutdown waits for.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    /// The client for providers.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.inner.upstream
    }

    /// A new request id.
    #[must_use]
    pub fn new_request_id(&self) -> reeve_core::id::RequestId {
        reeve_core::id::RequestId(self.inner.ids.next())
    }

    /// Where the gateway listens, once it does.
    #[must_use]
    pub fn gateway_url(&self) -> Option<String> {
        self.inner.gateway_url.read().clone()
    }

    /// Notes where the gateway listens.
    pub fn set_gateway_url(&self, url: String) {
        *self.inner.gateway_url.write() = Some(url);
    }

    /// The folder of the store.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.inner.store.path().parent().map(PathBuf::from).unwrap_or_default()
    }

    /// An entry about `resource` (`type:id`).
    pub(crate) fn draft(&self, cx: &Cx, kind: &str, resource: impl std::fmt::Display) -> Draft {
        Draft::new(Arc::clone(&self.inner.privacy), cx, kind, resource)
    }

    /// Writes an entry that changes nothing else.
    pub(crate) async fn record(&self, draft: Draft) -> Result<u64, Error> {
        let sequence = self.inner.store.write(move |tx| draft.record(tx).map(|r| r.sequence())).await?;
        self.told(sequence);
        Ok(sequence)
    }

    /// Tells listeners of an audit entry.
    pub(crate) fn told(&self, sequence: u64) {
        self.inner.events.tell(EventKind::Audit, Some(sequence), None);
    }

    /// Tells listeners of an audit entry and of the noun that changed with it.
    pub(crate) fn told_of(&self, noun: EventKind, sequence: u64) {
        self.inner.events.tell(noun, None, None);
        self.told(sequence);
    }
}

/// Runs blocking work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::new(Code::Internal, "A task failed unexpectedly.").because(e))
}
