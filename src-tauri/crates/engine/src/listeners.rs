//! Listeners: addresses that are sent entries as they are written, signed, in their order, each at least once.
//!
//! Every listener has a place in the ledger and a task that moves it on ([`work`]): what was committed is read from there, so
//! nothing is lost when this process ends, however it ends. The writer never waits for a listener.

mod message;
mod reach;
mod send;
mod sign;
mod work;

pub(crate) use reach::checked as checked_url;
pub use reach::origin_of;
pub use reeve_store::table::listeners::{Delivery, Listener};
pub(crate) use send::{Clients, in_words};

use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error, FieldError};
use parking_lot::Mutex;
use reeve_core::id::ListenerId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Stream;
use reeve_vault::{Secret, Vault};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Listeners at most.
const MOST: usize = 50;
/// Beginnings of event types at most.
const MOST_TYPES: usize = 50;
/// The event type of a test.
const TEST: &str = "listener.test";
/// Failing for longer is told on the overview.
const NOTABLE: i64 = 15 * Millis::MINUTE;

/// The tasks of the listeners, and what they send with.
#[derive(Default)]
pub(crate) struct Listeners {
    running: Mutex<HashMap<ListenerId, CancellationToken>>,
    // One works for a listener at a time, also while another takes over.
    turns: Mutex<HashMap<ListenerId, Arc<tokio::sync::Mutex<()>>>>,
    // Where each is: ahead of what is noted, because what is passed over is noted now and then only.
    places: Mutex<HashMap<ListenerId, u64>>,
    clients: send::Clients,
}

/// A new listener.
#[derive(Clone, Debug)]
pub struct AddListener {
    /// Name.
    pub name: String,
    /// Where entries are sent.
    pub url: String,
    /// Which stream.
    pub stream: Stream,
    /// How the event types begin that are sent; empty for all.
    pub event_types: Vec<String>,
    /// The least severity that is sent.
    pub min_severity: Severity,
    /// Whether it may be at an address that is not public.
    pub allow_private: bool,
    /// The first entry that is sent; those that are written from now on if it is `None`.
    pub first: Option<u64>,
}

/// A change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeListener {
    /// Name.
    pub name: Option<String>,
    /// Where entries are sent.
    pub url: Option<String>,
    /// How the event types begin that are sent.
    pub event_types: Option<Vec<String>>,
    /// The least severity that is sent.
    pub min_severity: Option<Severity>,
    /// Whether it may be at an address that is not public.
    pub allow_private: Option<bool>,
    /// Whether it is sent anything. It goes on where it stopped.
    pub enabled: Option<bool>,
}

/// A listener with how far behind it is.
#[derive(Clone, Debug)]
pub struct ListenerStatus {
    /// The listener.
    pub listener: Listener,
    /// Entries of its stream that it has not looked at; nothing waits if nothing of them is for it.
    pub behind: u64,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Whether it was taken.
    pub ok: bool,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Engine {
    /// All listeners, by name.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn listeners(&self, cx: &Cx) -> Result<Vec<ListenerStatus>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let all = self.inner.store.read(|r| r.listeners().all()).await?;
        Ok(all.into_iter().map(|listener| self.with_behind(listener)).collect())
    }

    /// A listener.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or there is none.
    pub async fn listener(&self, cx: &Cx, id: ListenerId) -> Result<ListenerStatus, Error> {
        self.require(cx, Permission::AuditRead).await?;
        Ok(self.with_behind(self.stored_listener(id).await?))
    }

    /// The last attempts of a listener, newest first.
    ///
    /// # Errors
    /// As [`Engine::listener`].
    pub async fn deliveries(&self, cx: &Cx, id: ListenerId) -> Result<Vec<Delivery>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        self.stored_listener(id).await?;
        Ok(self.inner.store.read(move |r| r.listeners().deliveries(id)).await?)
    }

    fn with_behind(&self, listener: Listener) -> ListenerStatus {
        let head = self.follow(listener.stream, None).position();
        let place = self.inner.listeners.places.lock().get(&listener.id).copied().unwrap_or(0);
        let listener = Listener { next_seq: listener.next_seq.max(place), ..listener };
        ListenerStatus { behind: head.saturating_sub(listener.next_seq), listener }
    }

    async fn stored_listener(&self, id: ListenerId) -> Result<Listener, Error> {
        let found = self.inner.store.read(move |r| r.listeners().get(id)).await?;
        found.ok_or_else(|| Error::not_found("listener"))
    }

    /// Adds a listener. Its secret is told this once.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, the name is taken, or the vault is locked.
    pub async fn add_listener(
        &self,
        cx: &Cx,
        new: AddListener,
    ) -> Result<(ListenerStatus, Zeroizing<String>), Error> {
        self.require(cx, Permission::ListenerWrite).await?;
        let vault = self.vault()?;
        let (id, now) = (ListenerId(self.inner.ids.next()), self.now());
        let (secret, shown) = sign::make_secret()?;
        let sealed = vault
            .seal(work::SECRET, &id.to_string(), secret.as_slice())
            .map_err(|e| Error::new(Code::Internal, "The vault could not seal the secret.").because(e))?;
        let head = self.follow(new.stream, None).position();
        let listener = checked(Listener {
            id,
            name: new.name,
            url: new.url,
            sealed,
            stream: new.stream,
            event_types: new.event_types,
            min_severity: new.min_severity.as_str().to_owned(),
            allow_private: new.allow_private,
            enabled: true,
            disabled_why: None,
            next_seq: new.first.unwrap_or(head).min(head),
            delivered: 0,
            last_delivered: None,
            failures: 0,
            failing_since: None,
            created_at: now,
            updated_at: now,
        })?;
        let draft = self
            .draft(cx, "listener.create", format_args!("listener:{id}"))
            .name(&listener.name)
            .detail("origin", origin_of(&listener.url))
            .detail("stream", listener.stream.as_str())
            .detail("event_types", listener.event_types.clone())
            .detail("min_severity", listener.min_severity.as_str())
            .detail("allow_private", listener.allow_private)
            .detail("first", listener.next_seq);
        self.put_listener(listener.clone(), draft, true).await?;
        Ok((self.with_behind(listener), shown))
    }

    /// Changes a listener. One that is enabled again goes on where it stopped.
    ///
    /// # Errors
    /// If `cx` may not, there is none, a field is wrong, or the name is taken.
    pub async fn change_listener(
        &self,
        cx: &Cx,
        id: ListenerId,
        change: ChangeListener,
    ) -> Result<ListenerStatus, Error> {
        self.require(cx, Permission::ListenerWrite).await?;
        let before = self.stored_listener(id).await?;
        let enabled = change.enabled.unwrap_or(before.enabled);
        let severity = change.min_severity.map(|s| s.as_str().to_owned());
        let after = checked(Listener {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            url: change.url.unwrap_or_else(|| before.url.clone()),
            event_types: change.event_types.unwrap_or_else(|| before.event_types.clone()),
            min_severity: severity.unwrap_or_else(|| before.min_severity.clone()),
            allow_private: change.allow_private.unwrap_or(before.allow_private),
            enabled,
            disabled_why: before.disabled_why.clone().filter(|_| !enabled),
            updated_at: self.now(),
            ..before.clone()
        })?;
        let draft = self.draft(cx, "listener.update", format_args!("listener:{id}")).name(&after.name);
        let types =
            |l: &Listener| if l.event_types.is_empty() { "all".to_owned() } else { l.event_types.join(" ") };
        let draft = draft
            .change("name", &before.name, &after.name)
            .change("origin", origin_of(&before.url), origin_of(&after.url))
            .change("event_types", types(&before), types(&after))
            .change("min_severity", &before.min_severity, &after.min_severity)
            .change("allow_private", before.allow_private, after.allow_private)
            .change("enabled", before.enabled, after.enabled);
        // What stands behind the host may be a secret: that it changed is told, and not to what.
        let same_origin = origin_of(&before.url) == origin_of(&after.url);
        let draft = if same_origin && before.url != after.url {
            draft.change("path", "the one before", "another")
        } else {
            draft
        };
        self.put_listener(after, draft, enabled && !before.enabled).await?;
        self.listener(cx, id).await
    }

    async fn put_listener(&self, listener: Listener, draft: Draft, afresh: bool) -> Result<(), Error> {
        let id = listener.id;
        let written = self
            .inner
            .store
            .write(move |tx| {
                let known = tx.read().listeners().all()?;
                if known.len() >= MOST && known.iter().all(|l| l.id != id) {
                    let sentence = format!("There are {MOST} listeners already; remove one first.");
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let recorded = draft.record(tx)?;
                recorded.listeners().put(&listener)?;
                if afresh {
                    recorded.listeners().forgive(id)?;
                }
                Ok(recorded.sequence())
            })
            .await;
        let sequence = written.map_err(|e| match e.code {
            Code::Conflict if e.fields.is_empty() && !e.message.starts_with("There are") => {
                Error::new(Code::Conflict, "There is a listener of this name already.")
            }
            _ => e,
        })?;
        self.run_listener(id);
        self.told_of(crate::EventKind::Settings, sequence);
        Ok(())
    }

    /// Removes a listener.
    ///
    /// # Errors
    /// If `cx` may not, or there is none.
    pub async fn remove_listener(&self, cx: &Cx, id: ListenerId) -> Result<(), Error> {
        self.require(cx, Permission::ListenerWrite).await?;
        let listener = self.stored_listener(id).await?;
        let draft = self
            .draft(cx, "listener.delete", format_args!("listener:{id}"))
            .name(&listener.name)
            .detail("origin", origin_of(&listener.url))
            .detail("delivered", listener.delivered);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.listeners().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        if let Some(running) = self.inner.listeners.running.lock().remove(&id) {
            running.cancel();
        }
        self.told_of(crate::EventKind::Settings, sequence);
        Ok(())
    }

    /// Sends a listener a message that no entry stands behind.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or the vault is locked. A message that is not taken is an answer, not an error.
    pub async fn test_listener(&self, cx: &Cx, id: ListenerId) -> Result<Tested, Error> {
        self.require(cx, Permission::ListenerWrite).await?;
        let (vault, listener) = (self.vault()?, self.stored_listener(id).await?);
        let secret = open_secret(&vault, &listener)?;
        let message = send::Message {
            url: &listener.url,
            allow_private: listener.allow_private,
            secret: secret.expose(),
            id: format!("{id}_test_{}", self.inner.ids.next().simple()),
            body: message::test(self.now()),
        };
        let attempt = self.attempt(&message).await;
        let outcome =
            if attempt.ok { (Outcome::Success, Severity::Info) } else { (Outcome::Error, Severity::Notice) };
        let draft = self
            .draft(cx, TEST, format_args!("listener:{id}"))
            .name(&listener.name)
            .outcome(outcome.0, outcome.1)
            .detail("status", attempt.status.map_or_else(|| "none".to_owned(), |s| s.to_string()));
        let noted = delivery(None, self.now(), 1, &attempt);
        let took_ms = noted.took_ms;
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.listeners().note(id, &[noted])?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(Tested { ok: attempt.ok, status: attempt.status, error: attempt.error, took_ms })
    }

    /// Begins to work for every listener.
    pub(crate) async fn start_listeners(&self) -> Result<(), Error> {
        for listener in self.inner.store.read(|r| r.listeners().all()).await? {
            if listener.enabled {
                self.run_listener(listener.id);
            }
        }
        Ok(())
    }

    /// Begins to work for a listener as it is stored now; whoever did before stops.
    fn run_listener(&self, id: ListenerId) {
        let listeners = &self.inner.listeners;
        let stop = self.inner.tasks.stopping().child_token();
        if let Some(before) = listeners.running.lock().insert(id, stop.clone()) {
            before.cancel();
        }
        let turn = Arc::clone(listeners.turns.lock().entry(id).or_default());
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            let _turn = turn.lock().await;
            if !stop.is_cancelled() {
                engine.work_for(id, stop).await;
            }
        });
    }

    /// Listeners that a person should look at.
    pub(crate) async fn failing_listeners(&self) -> Result<Vec<crate::overview::NeedsYou>, Error> {
        let now = self.now();
        let all = self.inner.store.read(|r| r.listeners().all()).await?;
        let need = |l: Listener| {
            let failing = l.failing_since.filter(|since| now.0 - since.0 >= NOTABLE);
            let (severity, text, time) = match (&l.disabled_why, failing) {
                (Some(why), _) => {
                    let text = format!("{} is sent no entries any more: {why}", l.name);
                    ("critical", text, l.failing_since.unwrap_or(l.updated_at))
                }
                (None, Some(since)) if l.enabled => {
                    let text = format!("{} takes no entries; Reeve goes on trying", l.name);
                    ("warning", text, since)
                }
                _ => return None,
            };
            Some(crate::overview::NeedsYou {
                severity,
                text,
                time,
                link: format!("/listeners?listener={}", l.id),
            })
        };
        Ok(all.into_iter().filter_map(need).collect())
    }
}

fn open_secret(vault: &Vault, listener: &Listener) -> Result<Secret, Error> {
    vault
        .open(work::SECRET, &listener.id.to_string(), &listener.sealed)
        .map_err(|e| Error::new(Code::Internal, "The secret of a listener cannot be opened.").because(e))
}

/// An attempt, as it is kept.
fn delivery(seq: Option<u64>, at: Millis, attempt: u64, of: &send::Attempt) -> Delivery {
    Delivery {
        seq,
        at,
        attempt,
        ok: of.ok,
        status: of.status.map(u64::from),
        took_ms: u64::try_from(of.took.as_millis()).unwrap_or(u64::MAX),
        error: of.error.clone(),
    }
}

fn checked(mut listener: Listener) -> Result<Listener, Error> {
    let mut wrong = Vec::new();
    let mut note = |error: Error| wrong.extend(error.fields);
    match crate::tenants::name(&listener.name, "name") {
        Ok(name) => listener.name = name,
        Err(error) => note(error),
    }
    match reach::checked(&listener.url, listener.allow_private) {
        Ok(url) => listener.url = url.to_string(),
        Err(error) => note(error),
    }
    let types: Vec<String> = listener.event_types.iter().map(|t| t.trim().to_owned()).collect();
    let plain = |t: &String| {
        !t.is_empty()
            && t.len() <= 100
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_'))
    };
    if types.len() > MOST_TYPES || !types.iter().all(plain) {
        let message =
            format!("may be {MOST_TYPES} beginnings of event types at most, such as tenant. or auth.failed");
        wrong.push(FieldError { field: "event_types".to_owned(), message });
    }
    listener.event_types = types;
    Error::fields(wrong).map_or(Ok(listener), Err)
}
