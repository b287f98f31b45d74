//! Saved views: filters of the trail that people gave a name to, for themselves or for everybody who reads it.

use super::kinds::Kinds;
use super::{SavedView, Stream, ViewFilter};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error, FieldError};
use reeve_core::id::{SavedViewId, TenantId, UserId};
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;

/// Views of a person at most.
const MOST: u64 = 100;
/// Characters of a text of a filter at most.
const LONGEST: usize = 200;
/// How far back a view may look from now.
const SPANS: [&str; 5] = ["1h", "24h", "7d", "30d", "90d"];
const OUTCOMES: [&str; 4] = ["success", "denied", "failure", "pending"];

/// A new view.
#[derive(Clone, Debug)]
pub struct SaveView {
    /// Name; the owner has one of each.
    pub name: String,
    /// Whether everybody sees it who may read the trail.
    pub shared: bool,
    /// What it shows.
    pub filter: ViewFilter,
}

/// A change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeView {
    /// Name.
    pub name: Option<String>,
    /// Whether everybody sees it who may read the trail.
    pub shared: Option<bool>,
    /// What it shows.
    pub filter: Option<ViewFilter>,
}

/// A view as somebody sees it.
#[derive(Clone, Debug)]
pub struct SeenView {
    /// The view.
    pub view: SavedView,
    /// The owner's name.
    pub owner: String,
    /// Whether it is theirs.
    pub own: bool,
    /// Whether they may change it.
    pub may_change: bool,
}

impl Engine {
    /// The views that `cx` sees: their own and those that are shared, by name.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn saved_views(&self, cx: &Cx) -> Result<Vec<SeenView>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let user = user(cx);
        let read = move |r: &reeve_store::Read<'_>| {
            Ok::<_, Error>((r.saved_views().seen_by(user)?, r.users().all()?))
        };
        let (views, users) = self.inner.store.read(read).await?;
        let name =
            |id: UserId| users.iter().find(|u| u.id == id).map_or_else(String::new, |u| u.name.clone());
        Ok(views.into_iter().map(|view| seen(cx, name(view.owner), view)).collect())
    }

    /// Saves a view.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail or is no person, a field is wrong, they have a view of this name, or 100 of them.
    pub async fn save_view(&self, cx: &Cx, new: SaveView) -> Result<SeenView, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let Some(owner) = user(cx) else {
            return Err(Error::new(Code::Forbidden, "Only people save views."));
        };
        let now = self.now();
        let view = checked(SavedView {
            id: SavedViewId(self.inner.ids.next()),
            owner,
            name: new.name,
            shared: new.shared,
            filter: new.filter,
            created_at: now,
            updated_at: now,
        })?;
        let draft = self
            .draft(cx, "saved_view.create", format_args!("saved_view:{}", view.id))
            .name(&view.name)
            .detail("shared", view.shared);
        let draft =
            told(&view.filter).into_iter().fold(draft, |draft, (field, value)| draft.detail(field, value));
        let draft = personal(&view.filter)
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)))
            .fold(draft, |draft, (field, value)| draft.private(field, value));
        self.put_view(draft, view.clone()).await?;
        self.seen_view(cx, view).await
    }

    /// Changes a view.
    ///
    /// # Errors
    /// If there is none that `cx` sees, it is somebody else's and `cx` is no administrator, a field is wrong, or the owner has
    /// another of this name.
    pub async fn change_view(&self, cx: &Cx, id: SavedViewId, change: ChangeView) -> Result<SeenView, Error> {
        let before = self.view_to_change(cx, id).await?;
        let after = checked(SavedView {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            shared: change.shared.unwrap_or(before.shared),
            filter: change.filter.unwrap_or_else(|| before.filter.clone()),
            updated_at: self.now(),
            ..before.clone()
        })?;
        if (&after.name, after.shared, &after.filter) == (&before.name, before.shared, &before.filter) {
            return self.seen_view(cx, before).await;
        }
        let draft = self
            .draft(cx, "saved_view.update", format_args!("saved_view:{id}"))
            .name(&after.name)
            .change("name", &before.name, &after.name)
            .change("shared", before.shared, after.shared);
        let draft = changed(draft, &before.filter, &after.filter);
        self.put_view(draft, after.clone()).await?;
        self.seen_view(cx, after).await
    }

    /// Removes a view.
    ///
    /// # Errors
    /// If there is none that `cx` sees, or it is somebody else's and `cx` is no administrator.
    pub async fn remove_view(&self, cx: &Cx, id: SavedViewId) -> Result<(), Error> {
        let view = self.view_to_change(cx, id).await?;
        let draft = self
            .draft(cx, "saved_view.delete", format_args!("saved_view:{id}"))
            .name(&view.name)
            .detail("shared", view.shared);
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let recorded = draft.record(tx)?;
            recorded.saved_views().delete(id)?;
            Ok::<_, Error>(recorded.sequence())
        };
        let sequence = self.inner.store.write(write).await?;
        self.told(sequence);
        Ok(())
    }

    /// The view, if `cx` may change it: its owner, and of a shared one an administrator.
    async fn view_to_change(&self, cx: &Cx, id: SavedViewId) -> Result<SavedView, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let found = self.inner.store.read(move |r| r.saved_views().get(id)).await?;
        let own = |view: &SavedView| Some(view.owner) == user(cx);
        let view =
            found.filter(|view| view.shared || own(view)).ok_or_else(|| Error::not_found("saved view"))?;
        if !own(&view) {
            self.require(cx, Permission::SettingsWrite).await?;
        }
        Ok(view)
    }

    async fn seen_view(&self, cx: &Cx, view: SavedView) -> Result<SeenView, Error> {
        let owner = view.owner;
        let user = self.inner.store.read(move |r| r.users().get(owner)).await?;
        Ok(seen(cx, user.map_or_else(String::new, |user| user.name), view))
    }

    async fn put_view(&self, draft: Draft, view: SavedView) -> Result<(), Error> {
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let views = tx.read().saved_views();
            if views.get(view.id)?.is_none() && views.count_of(view.owner)? >= MOST {
                return Err(Error::new(
                    Code::Conflict,
                    format!("You have {MOST} views already; remove one first."),
                ));
            }
            if views.seen_by(Some(view.owner))?.iter().any(|other| is_namesake(other, &view)) {
                return Err(Error::new(Code::Conflict, "There is a view of this name already."));
            }
            let recorded = draft.record(tx)?;
            recorded.saved_views().put(&view)?;
            Ok(recorded.sequence())
        };
        let sequence = self.inner.store.write(write).await?;
        self.told(sequence);
        Ok(())
    }
}

fn user(cx: &Cx) -> Option<UserId> {
    match &cx.principal {
        Principal::User { id, .. } => Some(*id),
        Principal::Anonymous | Principal::System | Principal::ApiKey { .. } => None,
    }
}

fn seen(cx: &Cx, owner: String, view: SavedView) -> SeenView {
    let own = Some(view.owner) == user(cx);
    SeenView { own, may_change: own || cx.principal.may(Permission::SettingsWrite), owner, view }
}

/// The table compares letters of the alphabet without their case; this is as strict, and tells it in words.
fn is_namesake(other: &SavedView, view: &SavedView) -> bool {
    other.owner == view.owner && other.id != view.id && other.name.to_lowercase() == view.name.to_lowercase()
}

/// The fields of a filter that say nothing of people.
fn told(f: &ViewFilter) -> Vec<(&'static str, String)> {
    let moment = |at: Option<i64>| at.map(|at| reeve_core::time::Millis(at).to_string());
    let fields = [
        ("stream", f.stream.clone()),
        ("event_types", (!f.event_types.is_empty()).then(|| f.event_types.join(","))),
        ("of_tenant", f.tenant_id.clone()),
        ("resource_type", f.resource_type.clone()),
        ("resource_id", f.resource_id.clone()),
        ("outcome", f.outcome.clone()),
        ("not_ok", f.not_ok.then(|| "yes".to_owned())),
        ("last", f.last.clone()),
        ("from", moment(f.from)),
        ("until", moment(f.to)),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

/// The fields that may name people: they go into the sealed part of the entry.
fn personal(f: &ViewFilter) -> [(&'static str, Option<&str>); 2] {
    [("actor", f.actor.as_deref()), ("text", f.q.as_deref())]
}

fn changed(draft: Draft, before: &ViewFilter, after: &ViewFilter) -> Draft {
    let (was, is) = (told(before), told(after));
    let of = |fields: &[(&str, String)], name: &str| {
        fields
            .iter()
            .find(|(field, _)| *field == name)
            .map_or_else(|| "any".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<_> = was.iter().chain(&is).map(|(field, _)| *field).collect();
    names.sort_unstable();
    names.dedup();
    let mut draft = names.iter().fold(draft, |draft, name| draft.change(name, of(&was, name), of(&is, name)));
    for ((field, was), (_, is)) in personal(before).into_iter().zip(personal(after)) {
        if was != is {
            let said = |value: Option<&str>, words: &'static str| value.map_or("any", |_| words);
            draft = draft.change(field, said(was, "the one before"), said(is, "another"));
            if let Some(value) = is {
                draft = draft.private(field, value);
            }
        }
    }
    draft
}

fn checked(mut view: SavedView) -> Result<SavedView, Error> {
    view.name = crate::tenants::name(&view.name, "name")?;
    let f = &mut view.filter;
    let kinds = Kinds::read("filter.event_types", f.event_types.iter().map(String::as_str))?;
    f.event_types = kinds.texts().collect();
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: &str| {
        wrong.push(FieldError { field: format!("filter.{field}"), message: message.to_owned() });
    };
    let texts = [
        ("actor", &mut f.actor),
        ("resource_type", &mut f.resource_type),
        ("resource_id", &mut f.resource_id),
        ("q", &mut f.q),
    ];
    for (field, value) in texts {
        *value = value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        if value
            .as_ref()
            .is_some_and(|text| text.chars().count() > LONGEST || text.chars().any(char::is_control))
        {
            note(field, "must be 200 characters at most, all of them visible");
        }
    }
    if f.tenant_id.as_ref().is_some_and(|id| id.parse::<TenantId>().is_err()) {
        note("tenant_id", "is not a tenant's id");
    }
    if f.stream.as_ref().is_some_and(|stream| Stream::parse(stream).is_none()) {
        note("stream", "must be audit or usage");
    }
    if f.outcome.as_ref().is_some_and(|outcome| !OUTCOMES.contains(&outcome.as_str())) {
        note("outcome", "must be success, denied, failure or pending");
    }
    if f.not_ok && f.outcome.is_some() {
        note("not_ok", "cannot be given together with outcome");
    }
    if f.last.as_ref().is_some_and(|last| !SPANS.contains(&last.as_str())) {
        note("last", "must be 1h, 24h, 7d, 30d or 90d");
    }
    if f.last.is_some() && (f.from.is_some() || f.to.is_some()) {
        note("last", "cannot be given together with from or to");
    }
    if f.from.zip(f.to).is_some_and(|(from, to)| to <= from) {
        note("to", "must be after from");
    }
    Error::fields(wrong).map_or(Ok(view), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_core::time::Millis;

    fn view(name: &str, filter: ViewFilter) -> SavedView {
        let id = uuid::Uuid::nil();
        let (id, owner) = (SavedViewId(id), UserId(id));
        SavedView {
            id,
            owner,
            name: name.to_owned(),
            shared: false,
            filter,
            created_at: Millis(0),
            updated_at: Millis(0),
        }
    }

    #[test]
    fn a_filter_is_checked_field_by_field() {
        let some = |text: &str| Some(text.to_owned());
        let none = ViewFilter::default;
        let good = ViewFilter {
            event_types: vec![" auth.failed".to_owned(), "-key.probe".to_owned()],
            q: some("  "),
            actor: some(" Dana "),
            ..none()
        };
        let saved = checked(view(" Mine ", good)).unwrap();
        assert_eq!(
            (saved.name.as_str(), saved.filter.q, saved.filter.actor.as_deref()),
            ("Mine", None, Some("Dana"))
        );
        assert_eq!(saved.filter.event_types, ["auth.failed", "-key.probe"]);
        for (bad, field) in [
            (ViewFilter { tenant_id: some("Acme"), ..none() }, "tenant_id"),
            (ViewFilter { outcome: some("refused"), ..none() }, "outcome"),
            (ViewFilter { outcome: some("denied"), not_ok: true, ..none() }, "not_ok"),
            (ViewFilter { last: some("2d"), ..none() }, "last"),
            (ViewFilter { last: some("7d"), from: Some(1), ..none() }, "last"),
            (ViewFilter { from: Some(2), to: Some(2), ..none() }, "to"),
            (ViewFilter { stream: some("other"), ..none() }, "stream"),
            (ViewFilter { q: Some("x".repeat(201)), ..none() }, "q"),
            (ViewFilter { event_types: vec![String::new()], ..none() }, "event_types"),
        ] {
            let error = checked(view("x", bad)).unwrap_err();
            assert_eq!(error.fields[0].field, format!("filter.{field}"), "{error}");
        }
        assert!(checked(view(" ", none())).is_err());
    }

    #[test]
    fn a_filter_survives_the_file_and_no_other_field_does() {
        let filter =
            ViewFilter { not_ok: true, from: Some(5), q: Some("x".to_owned()), ..ViewFilter::default() };
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(text, r#"{"not_ok":true,"q":"x","from":5}"#);
        assert_eq!(serde_json::from_str::<ViewFilter>(&text).unwrap(), filter);
        assert!(serde_json::from_str::<ViewFilter>(r#"{"else":1}"#).is_err());
    }
}
