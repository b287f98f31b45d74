//! Entries that an organisation's own applications write into the audit trail: with a tenant's API key or as a person, one
//! or many at once, all or none, and never twice. Their event types begin with `app.` and their kinds of resource are
//! written in capitals, so that none is ever taken for one of Reeve's own.

mod check;
mod entry;

pub use reeve_ledger::leaf::Ok as Outcome;

pub use entry::{Action, AppActor, AppChange, AppThing, NewAppEntry};

use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::id::TenantId;
use reeve_core::permission::{KeyScope, Permission};
use reeve_core::principal::Principal;
use reeve_core::tenant::TenantStatus;
use reeve_core::time::Millis;
use reeve_store::table::app_entries::{AppResource, KeyOf, Link, Role, Sent};
use reeve_store::{Recorded, Tx};
use sha2::{Digest, Sha256};

/// Entries taken at once.
pub const MOST: usize = 500;
/// How long keys are remembered, in milliseconds.
const REMEMBERED: i64 = 30 * Millis::DAY;

/// Entries to write.
#[derive(Clone, Debug)]
pub struct WriteEntries {
    /// The same key again writes nothing again.
    pub key: Option<String>,
    /// The entries.
    pub entries: Vec<NewAppEntry>,
    /// Sent as a list: faults are told with the place in it.
    pub listed: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenEntries {
    /// Index of each entry in the audit stream, in the order they were sent.
    pub sequences: Vec<u64>,
    /// Whether all had been written before.
    pub replayed: bool,
}

/// An entry that is ready to be written.
struct Ready {
    draft: Draft,
    place: String,
    tenant: String,
    id: Option<String>,
    digest: [u8; 32],
    names: Names,
}

/// What an entry names.
struct Names {
    subject: AppResource,
    related: Option<AppResource>,
    project: Option<AppResource>,
    // Whether the link between the first two holds from now on, or no longer.
    link: Option<bool>,
}

impl Engine {
    /// Writes entries of an application: all, or none.
    ///
    /// # Errors
    /// If `cx` is neither a key with the scope `audit:write` nor a person with that permission; [`Code::Invalid`] with the
    /// place and field of everything that is wrong; [`Code::Conflict`] for a key that was sent with something else.
    pub async fn write_entries(&self, cx: &Cx, write: WriteEntries) -> Result<WrittenEntries, Error> {
        let of_key = self.may_write(cx).await?;
        if write.entries.is_empty() || write.entries.len() > MOST {
            return Err(Error::new(Code::Invalid, format!("Send 1 to {MOST} entries at once.")));
        }
        check::faults(&write, self.now())?;
        let key_name = match &cx.principal {
            Principal::ApiKey { id, .. } => {
                let id = *id;
                self.inner.store.read(move |r| r.api_keys().name(id)).await?
            }
            _ => None,
        };
        let mut ready = Vec::with_capacity(write.entries.len());
        for (at, entry) in write.entries.into_iter().enumerate() {
            let place = if write.listed { format!("[{at}]") } else { String::new() };
            let tenant = self.tenant_of(of_key, entry.tenant, &place).await?;
            ready.push(self.ready(cx, entry, place, tenant, key_name.as_deref())?);
        }
        let writer = match (of_key, &cx.principal) {
            (Some(tenant), _) => tenant.to_string(),
            (None, Principal::User { id, .. }) => id.to_string(),
            _ => "system".to_owned(),
        };
        let key = write.key;
        let written = self.inner.store.write(move |tx| store(tx, &writer, key, ready)).await?;
        if let Some(last) = written.sequences.last().filter(|_| !written.replayed) {
            self.told(*last);
        }
        Ok(written)
    }

    /// The tenant of a key that may write; `None` for a person who may.
    async fn may_write(&self, cx: &Cx) -> Result<Option<TenantId>, Error> {
        let Principal::ApiKey { id, tenant } = cx.principal else {
            self.require(cx, Permission::AuditWrite).await?;
            return Ok(None);
        };
        if !self.inner.admission.key_may(id, KeyScope::AuditWrite) {
            return Err(self.deny(cx, KeyScope::AuditWrite.as_str(), "This API key").await?);
        }
        if self.stored_tenant(tenant).await?.status == TenantStatus::Archived {
            return Err(self
                .deny(cx, KeyScope::AuditWrite.as_str(), "The API key of an archived tenant")
                .await?);
        }
        Ok(Some(tenant))
    }

    /// Whose entry it is. A key writes for its own tenant alone.
    async fn tenant_of(
        &self,
        of_key: Option<TenantId>,
        asked: Option<TenantId>,
        place: &str,
    ) -> Result<Option<TenantId>, Error> {
        match (of_key, asked) {
            (Some(own), None) => Ok(Some(own)),
            (Some(own), Some(asked)) if own == asked => Ok(Some(own)),
            (None, None) => Ok(None),
            (None, Some(asked)) if self.stored_tenant(asked).await.is_ok() => Ok(Some(asked)),
            _ => Err(Error::field(&check::inside(place, "tenant_id"), "there is no such tenant")),
        }
    }

    fn ready(
        &self,
        cx: &Cx,
        entry: NewAppEntry,
        place: String,
        tenant: Option<TenantId>,
        key_name: Option<&str>,
    ) -> Result<Ready, Error> {
        let unreadable = |e| Error::new(Code::Internal, "An entry cannot be written out.").because(e);
        let digest = Sha256::digest(serde_json::to_vec(&(&entry, tenant)).map_err(unreadable)?).into();
        let draft = self.app_draft(cx, &entry, tenant, key_name);
        let size = draft.size(self.now())?;
        if size > reeve_ledger::leaf::SOFT_LIMIT {
            let field = if place.is_empty() { "entry" } else { &place };
            let most = reeve_ledger::leaf::SOFT_LIMIT;
            let message = format!("takes {size} bytes in the ledger; {most} are the most");
            return Err(Error::field(field, message));
        }
        let holds = entry.outcome == Outcome::Success;
        let link = match entry.action {
            Action::Link if holds => Some(true),
            Action::Unlink if holds => Some(false),
            _ => None,
        };
        let project = entry.project.map(|id| AppResource { kind: "PROJECT".to_owned(), id });
        let names = Names {
            subject: entry.resource.named(),
            related: entry.related.map(AppThing::named),
            project,
            link,
        };
        let tenant = tenant.map(|id| id.to_string()).unwrap_or_default();
        Ok(Ready { draft, place, tenant, id: entry.id, digest, names })
    }

    fn app_draft(
        &self,
        cx: &Cx,
        entry: &NewAppEntry,
        tenant: Option<TenantId>,
        key_name: Option<&str>,
    ) -> Draft {
        let severity = entry.severity.unwrap_or(Severity::Info);
        let mut draft = self
            .draft(cx, &entry.kind(), entry.resource.place())
            .detail("action", entry.action.as_str())
            .outcome(entry.outcome, severity);
        let texts = [
            ("key_name", key_name),
            ("name", entry.resource.name.as_deref()),
            ("project", entry.project.as_deref()),
            ("on_behalf_of", entry.actor.id.as_deref()),
            ("trace", entry.trace_id.as_deref()),
        ];
        for (key, text) in texts {
            draft = text.into_iter().fold(draft, |draft, text| draft.detail(key, text));
        }
        if let Some(tenant) = tenant {
            draft = draft.tenant(tenant);
        }
        if let Some(related) = &entry.related {
            draft = draft.detail("related", related.value());
        }
        if let Some(at) = entry.occurred_at {
            draft = draft.detail("occurred_at", at.to_string());
        }
        if let Some(ms) = entry.duration_ms {
            draft = draft.detail("duration_ms", ms);
        }
        if !entry.metadata.is_empty() {
            draft = draft.detail("metadata", entry.metadata.clone());
        }
        for change in &entry.changes {
            draft = draft.change(&change.field, change.before(), change.after());
        }
        with_actor(draft, &entry.actor, tenant)
    }

    /// Forgets keys that nobody sends again.
    pub(crate) async fn forget_sent(&self) -> Result<(), Error> {
        let before = self.now().plus(-REMEMBERED);
        if !self.inner.store.read(move |r| r.app_entries().any_sent_before(before)).await? {
            return Ok(());
        }
        let draft = self.draft(&Cx::system(), "data.delete", "audit:idempotency_keys");
        self.inner
            .store
            .write(move |tx| {
                draft.meter(tx)?.app_entries().forget_sent(before)?;
                Ok::<_, Error>(())
            })
            .await
    }
}

/// What is personal is sealed, under a key of that person's own where the application tells them apart.
fn with_actor(mut draft: Draft, actor: &AppActor, tenant: Option<TenantId>) -> Draft {
    let told = [
        ("actor_name", &actor.name),
        ("actor_email", &actor.email),
        ("actor_ip", &actor.ip),
        ("actor_user_agent", &actor.user_agent),
    ];
    for (key, text) in told {
        draft = text.iter().fold(draft, |draft, text| draft.private(key, text));
    }
    match &actor.id {
        Some(id) => {
            let whose = tenant.map_or_else(|| "workspace".to_owned(), |t| t.to_string());
            draft.sealed_for(format!("app:{whose}:{id}"))
        }
        None => draft,
    }
}

/// Writes what was not written before.
fn store(
    tx: &mut Tx<'_>,
    writer: &str,
    key: Option<String>,
    ready: Vec<Ready>,
) -> Result<WrittenEntries, Error> {
    let all: [u8; 32] =
        ready.iter().fold(Sha256::new(), |sum, r| sum.chain_update(r.digest)).finalize().into();
    if let Some(key) = &key
        && let Some(sent) = tx.read().app_entries().sent(writer, KeyOf::Request, key)?
    {
        if sent.digest != all {
            let message = "This Idempotency-Key was sent with something else before; use another.";
            return Err(Error::new(Code::Conflict, message));
        }
        return Ok(WrittenEntries { sequences: sent.seqs, replayed: true });
    }
    let (mut sequences, mut last) = (Vec::with_capacity(ready.len()), None);
    for entry in &ready {
        if let Some(seq) = sent_before(tx, writer, entry)? {
            sequences.push(seq);
            continue;
        }
        let recorded = entry.draft.record(tx)?;
        sequences.push(recorded.sequence());
        name(&recorded, writer, entry)?;
        last = Some(recorded);
    }
    let replayed = last.is_none();
    if let (Some(recorded), Some(key)) = (last, key) {
        let sent = Sent { digest: all, seqs: sequences.clone() };
        recorded.app_entries().note_sent(writer, KeyOf::Request, &key, &sent, recorded.now())?;
    }
    Ok(WrittenEntries { sequences, replayed })
}

/// The index of an entry that was sent before under the same id.
fn sent_before(tx: &Tx<'_>, writer: &str, entry: &Ready) -> Result<Option<u64>, Error> {
    let Some(id) = &entry.id else { return Ok(None) };
    let Some(sent) = tx.read().app_entries().sent(writer, KeyOf::Entry, id)? else { return Ok(None) };
    if sent.digest == entry.digest {
        return Ok(sent.seqs.first().copied());
    }
    let message = "was sent with something else before; an entry is never changed";
    let mut conflict = Error::field(&check::inside(&entry.place, "id"), message);
    conflict.code = Code::Conflict;
    Err(conflict)
}

/// Keeps what leads to an entry.
fn name(recorded: &Recorded<'_>, writer: &str, entry: &Ready) -> Result<(), Error> {
    let (table, seq) = (recorded.app_entries(), recorded.sequence());
    let Names { subject, related, project, link } = &entry.names;
    table.mention(&entry.tenant, subject, Role::Subject, seq)?;
    for (what, role) in [(related, Role::Related), (project, Role::Project)] {
        if let Some(what) = what {
            table.mention(&entry.tenant, what, role, seq)?;
        }
    }
    match (link, related) {
        (Some(true), Some(to)) => {
            let (tenant, from, to) = (entry.tenant.clone(), subject.clone(), to.clone());
            table.link(&Link { tenant, from, to, seq })?;
        }
        (Some(false), Some(to)) => table.unlink(&entry.tenant, subject, to)?,
        _ => {}
    }
    if let Some(id) = &entry.id {
        let sent = Sent { digest: entry.digest, seqs: vec![seq] };
        table.note_sent(writer, KeyOf::Entry, id, &sent, recorded.now())?;
    }
    Ok(())
}
