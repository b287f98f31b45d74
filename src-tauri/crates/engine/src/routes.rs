//! Routes: where calls for a model go, in which order, and what is tried again.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error, FieldError};
use reeve_core::id::{RouteId, TenantId};
use reeve_core::permission::Permission;
pub use reeve_core::route::{Patience, Retries, Target};
use reeve_store::table::credentials::Credential;
pub use reeve_store::table::routes::Route;

/// Targets of a route at most.
const MOST_TARGETS: usize = 16;
/// Repetitions at most.
const MOST_RETRIES: u32 = 5;
/// The longest wait of any kind, in ms.
const MOST_MS: u64 = 3_600_000;

/// Everything of a route that people decide.
#[derive(Clone, Debug)]
pub struct SetRoute {
    /// Whose calls it is for; all tenants' where absent.
    pub tenant_id: Option<TenantId>,
    /// What callers ask for: a model's name, or an alias.
    pub model: String,
    /// Where the calls go, in the order they are asked.
    pub targets: Vec<Target>,
    /// How long it waits.
    pub patience: Patience,
    /// What it tries again.
    pub retries: Retries,
}

/// A change of a route; what is `None` stays. For whom and for which model a route is does not change.
#[derive(Clone, Debug, Default)]
pub struct ChangeRoute {
    /// Where the calls go.
    pub targets: Option<Vec<Target>>,
    /// How long it waits.
    pub patience: Option<Patience>,
    /// What it tries again.
    pub retries: Option<Retries>,
}

impl Engine {
    /// Routes in the order they were made, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn routes(
        &self,
        cx: &Cx,
        after: Option<RouteId>,
        limit: usize,
    ) -> Result<(Vec<Route>, bool), Error> {
        self.require(cx, Permission::RouteRead).await?;
        let mut routes = self.inner.store.read(move |r| r.routes().list(after, limit + 1)).await?;
        let more = routes.len() > limit;
        routes.truncate(limit);
        Ok((routes, more))
    }

    /// A route.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn route(&self, cx: &Cx, id: RouteId) -> Result<Route, Error> {
        self.require(cx, Permission::RouteRead).await?;
        self.stored_route(id).await
    }

    async fn stored_route(&self, id: RouteId) -> Result<Route, Error> {
        self.inner.store.read(move |r| r.routes().get(id)).await?.ok_or_else(|| Error::not_found("route"))
    }

    /// Makes a route.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, or the model has a route already.
    pub async fn create_route(&self, cx: &Cx, new: SetRoute) -> Result<Route, Error> {
        self.require(cx, Permission::RouteWrite).await?;
        if let Some(tenant) = new.tenant_id {
            self.stored_tenant(tenant).await?;
        }
        let now = self.now();
        let route = Route {
            id: RouteId(self.inner.ids.next()),
            tenant_id: new.tenant_id,
            model: new.model.trim().to_owned(),
            targets: new.targets,
            patience: new.patience,
            retries: new.retries,
            created_at: now,
            updated_at: now,
        };
        self.check_route(&route).await?;
        let draft = self.route_draft(cx, "route.create", &route).detail("targets", targets(&route));
        self.put_route(route, draft).await
    }

    /// Changes a route.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or a field is wrong.
    pub async fn change_route(&self, cx: &Cx, id: RouteId, change: ChangeRoute) -> Result<Route, Error> {
        self.require(cx, Permission::RouteWrite).await?;
        let before = self.stored_route(id).await?;
        let after = Route {
            targets: change.targets.unwrap_or_else(|| before.targets.clone()),
            patience: change.patience.unwrap_or(before.patience),
            retries: change.retries.unwrap_or(before.retries),
            updated_at: self.now(),
            ..before.clone()
        };
        self.check_route(&after).await?;
        let draft = self
            .route_draft(cx, "route.update", &after)
            .change("targets", targets(&before), targets(&after))
            .change("patience", patience(before.patience), patience(after.patience))
            .change("retries", retries(before.retries), retries(after.retries));
        self.put_route(after, draft).await
    }

    /// Removes a route: its model goes to whichever provider key serves it again.
    ///
    /// # Errors
    /// If `cx` may not, or there is none.
    pub async fn remove_route(&self, cx: &Cx, id: RouteId) -> Result<(), Error> {
        self.require(cx, Permission::RouteWrite).await?;
        let route = self.stored_route(id).await?;
        let draft = self.route_draft(cx, "route.delete", &route).detail("targets", targets(&route));
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.routes().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Route, sequence);
        Ok(())
    }

    fn route_draft(&self, cx: &Cx, kind: &str, route: &Route) -> Draft {
        let draft = self.draft(cx, kind, format_args!("route:{}", route.id)).name(&route.model);
        match route.tenant_id {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        }
    }

    async fn put_route(&self, route: Route, draft: Draft) -> Result<Route, Error> {
        let stored = route.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.routes().put(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await;
        let sequence = written.map_err(|e| match e.code {
            Code::Conflict => taken(&route.model),
            _ => e,
        })?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Route, sequence);
        Ok(route)
    }

    async fn check_route(&self, route: &Route) -> Result<(), Error> {
        let mut live = self.inner.store.read(|r| r.credentials().live()).await?;
        live.retain(|credential| credential.renews.is_none());
        let mut wrong = Vec::new();
        let mut note = |field: String, message: String| wrong.push(FieldError { field, message });
        if !is_name(&route.model) {
            note("model".to_owned(), "must be 1 to 200 visible characters".to_owned());
        }
        if route.targets.is_empty() || route.targets.len() > MOST_TARGETS {
            note("targets".to_owned(), format!("must be 1 to {MOST_TARGETS}"));
        }
        for (place, target) in route.targets.iter().enumerate() {
            let mut faults = wrong_target(target, &live);
            // Calls would pass such a target over, and nobody would know why.
            if faults.is_empty() && !self.is_priced(route.tenant_id, &target.provider, &target.model) {
                let sentence =
                    "has no price, so no call could go there; allow a ceiling rate under Settings first";
                faults.push(("model", sentence.to_owned()));
            }
            for (field, message) in faults {
                note(format!("targets[{place}].{field}"), message);
            }
        }
        for (field, ms) in [
            ("connect_ms", route.patience.connect_ms),
            ("first_byte_ms", route.patience.first_byte_ms),
            ("total_ms", route.patience.total_ms),
        ] {
            if ms.is_some_and(|ms| !(1..=MOST_MS).contains(&ms)) {
                note(format!("patience.{field}"), "must be from 1 ms to an hour".to_owned());
            }
        }
        let Retries { each, backoff_ms, max_backoff_ms, .. } = route.retries;
        if each > MOST_RETRIES {
            note("retries.each".to_owned(), format!("may be {MOST_RETRIES} at most"));
        }
        if max_backoff_ms > 120_000 {
            note("retries.max_backoff_ms".to_owned(), "may be two minutes at most".to_owned());
        }
        if backoff_ms > max_backoff_ms {
            note("retries.backoff_ms".to_owned(), "may not be longer than the longest wait".to_owned());
        }
        Error::fields(wrong).map_or(Ok(()), Err)
    }
}

fn wrong_target(target: &Target, live: &[Credential]) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if crate::prices::provider(&target.provider).is_none() && target.provider != "custom" {
        wrong.push(("provider", "is not known; choose one of GET /providers, or custom".to_owned()));
    }
    if !is_name(&target.model) {
        wrong.push(("model", "must be 1 to 200 visible characters".to_owned()));
    }
    if target.weight > 1_000 {
        wrong.push(("weight", "may be 1,000 at most".to_owned()));
    }
    let Some(id) = target.credential else { return wrong };
    match live.iter().find(|c| c.id == id) {
        None => wrong.push(("credential_id", "is not a live provider key".to_owned())),
        Some(c) if c.provider != target.provider => {
            wrong.push(("credential_id", format!("is a key of {}, not of {}", c.provider, target.provider)));
        }
        Some(c) if !c.models.is_empty() && !c.models.contains(&target.model) => {
            wrong.push(("credential_id", format!("does not serve {}", target.model)));
        }
        Some(_) => {}
    }
    wrong
}

fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn taken(model: &str) -> Error {
    let message = format!("\"{model}\" has a route already; change that one");
    let mut conflict = Error::new(Code::Conflict, message.clone());
    conflict.fields.push(FieldError { field: "model".to_owned(), message });
    conflict
}

/// Targets in words, for the audit trail.
fn targets(route: &Route) -> String {
    let one = |t: &Target| match t.credential {
        Some(id) => format!("{}/{} with {id} weight {}", t.provider, t.model, t.weight),
        None => format!("{}/{} weight {}", t.provider, t.model, t.weight),
    };
    route.targets.iter().map(one).collect::<Vec<_>>().join(", then ")
}

fn patience(p: Patience) -> String {
    let one = |name: &str, ms: Option<u64>| ms.map_or(String::new(), |ms| format!("{name} {ms} ms "));
    let all = [one("connect", p.connect_ms), one("first byte", p.first_byte_ms), one("total", p.total_ms)];
    all.concat().trim().to_owned()
}

fn retries(r: Retries) -> String {
    let unknown = if r.after_unknown { ", also after an unknown outcome" } else { "" };
    format!("{} each, waiting {} to {} ms{unknown}", r.each, r.backoff_ms, r.max_backoff_ms)
}
