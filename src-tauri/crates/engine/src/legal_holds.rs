//! Legal holds: what may be neither erased nor pruned while a case is open.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::privacy::month_of;
use reeve_core::id::{LegalHoldId, TenantId};
use reeve_core::permission::Permission;
pub use reeve_core::retention::HoldScope;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
pub use reeve_store::table::legal_holds::LegalHold;
use reeve_store::table::subject_keys::SubjectKey;

/// Characters of a reason at most.
const MOST: usize = 1_000;

/// A new legal hold.
#[derive(Clone, Debug)]
pub struct PlaceHold {
    /// Name, such as that of the case; one of a name stands at a time.
    pub name: String,
    /// What it covers.
    pub scope: HoldScope,
    /// The tenant's id, or the subject.
    pub target: Option<String>,
    /// From this moment, where it covers a span of time.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
    /// Why.
    pub reason: String,
}

impl Engine {
    /// Holds, newest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn legal_holds(
        &self,
        cx: &Cx,
        before: Option<LegalHoldId>,
        limit: usize,
    ) -> Result<(Vec<LegalHold>, bool), Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        let mut holds = self.inner.store.read(move |r| r.legal_holds().list(before, limit + 1)).await?;
        let more = holds.len() > limit;
        holds.truncate(limit);
        Ok((holds, more))
    }

    /// Places a hold.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, or a hold of that name stands.
    pub async fn place_hold(&self, cx: &Cx, new: PlaceHold) -> Result<LegalHold, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let hold = self.checked(new)?;
        let draft = self
            .draft(cx, "legal_hold.create", format_args!("legal_hold:{}", hold.id))
            .name(&hold.name)
            .detail("scope", hold.scope.as_str())
            .private("reason", &hold.reason)
            .outcome(Outcome::Success, Severity::Notice);
        let draft = match (&hold.scope, hold.from, hold.to) {
            (HoldScope::Tenant, ..) => draft.detail("tenant", hold.target.as_str()),
            (HoldScope::Subject, ..) => draft.detail("subject", hold.target.as_str()),
            (HoldScope::Time, Some(from), Some(to)) => {
                draft.detail("from", from.to_string()).detail("until", to.to_string())
            }
            _ => draft,
        };
        let stored = hold.clone();
        let written = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.legal_holds().insert(&stored)?;
            Ok::<_, Error>(recorded.sequence())
        });
        let sequence = written.await.map_err(|e| match e.code {
            Code::Conflict => Error::new(Code::Conflict, "A hold of this name stands already."),
            _ => e,
        })?;
        self.told_of(crate::EventKind::Privacy, sequence);
        Ok(hold)
    }

    fn checked(&self, new: PlaceHold) -> Result<LegalHold, Error> {
        let target = new.target.as_deref().map(str::trim).filter(|t| !t.is_empty());
        let target = match (new.scope, target) {
            (HoldScope::Tenant, Some(id)) => {
                let id: TenantId = id.parse().map_err(|_| Error::field("target", "is not a tenant's id"))?;
                self.inner.admission.tenant_name(id).ok_or_else(|| Error::field("target", "is no tenant"))?;
                id.to_string()
            }
            (HoldScope::Subject, Some(subject)) => subject.to_owned(),
            (HoldScope::Tenant | HoldScope::Subject, None) => {
                return Err(Error::field("target", "is needed"));
            }
            (_, Some(_)) => return Err(Error::field("target", "goes only with a tenant or a subject")),
            (_, None) => String::new(),
        };
        match (new.scope, new.from, new.to) {
            (HoldScope::Time, Some(from), Some(to)) if from < to => {}
            (HoldScope::Time, Some(_), Some(_)) => return Err(Error::field("to", "must be after from")),
            (HoldScope::Time, None, _) => return Err(Error::field("from", "is needed")),
            (HoldScope::Time, _, None) => return Err(Error::field("to", "is needed")),
            (_, None, None) => {}
            _ => return Err(Error::field("from", "goes only with a span of time")),
        }
        Ok(LegalHold {
            id: LegalHoldId(self.inner.ids.next()),
            name: crate::tenants::name(&new.name, "name")?,
            scope: new.scope,
            target,
            from: new.from,
            to: new.to,
            reason: reason(&new.reason)?,
            placed_at: self.now(),
            released_at: None,
            release_reason: None,
        })
    }

    /// Releases a hold. Requests that it blocked can be carried out now.
    ///
    /// # Errors
    /// If `cx` may not, there is none, it is released already, or no reason is given.
    pub async fn release_legal_hold(&self, cx: &Cx, id: LegalHoldId, why: &str) -> Result<LegalHold, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let why = reason(why)?;
        let stored = self.inner.store.read(move |r| r.legal_holds().get(id)).await?;
        let hold = stored.ok_or_else(|| Error::not_found("legal hold"))?;
        if hold.released_at.is_some() {
            return Err(Error::new(Code::Conflict, "This hold is released already."));
        }
        let draft = self
            .draft(cx, "legal_hold.release", format_args!("legal_hold:{id}"))
            .name(&hold.name)
            .change("state", "standing", "released")
            .private("reason", &why)
            .outcome(Outcome::Success, Severity::Notice);
        let text = why.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.legal_holds().release(id, &text, recorded.now())?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Privacy, sequence);
        Ok(LegalHold { released_at: Some(self.now()), release_reason: Some(why), ..hold })
    }
}

fn reason(text: &str) -> Result<String, Error> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Error::field("reason", "is needed")),
        n if n > MOST => Err(Error::field("reason", "must be 1,000 characters at most")),
        _ => Ok(text.to_owned()),
    }
}

/// The standing holds that keep what is personal under these keys, by name.
pub(crate) struct Holding {
    holds: Vec<(LegalHold, Vec<String>)>,
}

impl Holding {
    /// The standing holds; of those over a tenant, who acted in it.
    pub(crate) fn load(r: &Read<'_>) -> Result<Self, Error> {
        let with = |hold: LegalHold| {
            let who =
                if hold.scope == HoldScope::Tenant { r.who_acted_in(&hold.target)? } else { Vec::new() };
            Ok::<_, Error>((hold, who))
        };
        Ok(Self { holds: r.legal_holds().standing()?.into_iter().map(with).collect::<Result<_, _>>()? })
    }

    /// The holds that keep one key.
    pub(crate) fn of_key(&self, key: &SubjectKey) -> Vec<&LegalHold> {
        self.of(&key.subject, |from, to| from <= key.month && key.month <= to)
    }

    /// The holds that keep something of a subject, whose keys are of these months.
    pub(crate) fn of_subject(&self, subject: &str, months: &[i64]) -> Vec<&LegalHold> {
        self.of(subject, |from, to| months.iter().any(|month| from <= *month && *month <= to))
    }

    fn of(&self, subject: &str, in_months: impl Fn(i64, i64) -> bool) -> Vec<&LegalHold> {
        let covers = |(hold, who): &&(LegalHold, Vec<String>)| match hold.scope {
            HoldScope::Workspace => true,
            HoldScope::Subject => hold.target == subject,
            HoldScope::Tenant => who.iter().any(|w| w == subject),
            HoldScope::Time => {
                let month = |at: Option<Millis>, otherwise| at.map_or(otherwise, month_of);
                in_months(month(hold.from, 0), month(hold.to, i64::MAX))
            }
        };
        self.holds.iter().filter(covers).map(|(hold, _)| hold).collect()
    }
}
