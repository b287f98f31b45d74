//! What happened to one resource or in one project, and what it is linked to.

use super::filter::kind_of;
use super::views::{AuditChange, AuditEntryView, AuditResource};
use crate::cursor;
use crate::extract::{Asked, Ids, Params};
use crate::routes::{Answer, id, time};
use axum::Json;
use axum::extract::State;
use reeve_core::id::TenantId;
use reeve_engine::Engine;
use reeve_engine::audit::{History, HistoryOf, LinkNow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// What it is: `tenant`, `budget` … of Reeve's own, `PROJECT`, `FILE` … of applications. Told by the id if absent.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// In which tenant; ids of applications are their own.
    tenant_id: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProjectQuery {
    /// In which tenant; ids of applications are their own.
    tenant_id: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// An entry with what it changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditHistoryEntry {
    #[serde(flatten)]
    entry: AuditEntryView,
    changes: Vec<AuditChange>,
}

/// Which way a link leads, seen from the resource that was asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LinkDirection {
    To,
    From,
}

/// A link that holds now.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLinkView {
    direction: LinkDirection,
    /// The other resource.
    resource: AuditResource,
    tenant_id: Option<String>,
    since: String,
    /// The entry that made it.
    entry_id: String,
}

/// The history of a resource, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditHistoryView {
    /// Null if nothing is known of it.
    resource: Option<AuditResource>,
    items: Vec<AuditHistoryEntry>,
    next_cursor: Option<String>,
    /// What it is linked to now, 200 at most; entries of links say what it was linked to.
    links: Vec<AuditLinkView>,
    more_links: bool,
}

impl From<LinkNow> for AuditLinkView {
    fn from(link: LinkNow) -> Self {
        Self {
            direction: if link.outward { LinkDirection::To } else { LinkDirection::From },
            resource: link.other.into(),
            tenant_id: link.tenant,
            since: time(link.since),
            entry_id: format!("audit.{}", link.sequence),
        }
    }
}

impl From<History> for AuditHistoryView {
    fn from(history: History) -> Self {
        let last = history.entries.last().filter(|_| history.more).map(|(entry, _)| entry.sequence);
        let view = |(entry, changes): (_, Vec<_>)| AuditHistoryEntry {
            entry: AuditEntryView::from(entry),
            changes: changes.into_iter().map(Into::into).collect(),
        };
        Self {
            resource: history.resource.map(Into::into),
            items: history.entries.into_iter().map(view).collect(),
            next_cursor: last.and_then(|sequence| cursor::write(&sequence)),
            links: history.links.into_iter().map(Into::into).collect(),
            more_links: history.more_links,
        }
    }
}

/// The history of a resource with what each entry changed, and what it is linked to now.
#[utoipa::path(get, path = "/audit/entity/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path), HistoryQuery), responses((status = 200, body = AuditHistoryView)))]
pub(super) async fn get_audit_entity(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(of): Ids<String>,
    Params(query): Params<HistoryQuery>,
) -> Answer<AuditHistoryView> {
    let of = HistoryOf {
        kind: query.kind.or_else(|| kind_of(&of).map(str::to_owned)),
        id: of,
        tenant: id::<TenantId>("tenant_id", query.tenant_id.as_deref())?,
        as_project: false,
        before: cursor::read(query.cursor.as_deref())?,
    };
    Ok(Json(engine.audit_history(&cx, of, cursor::limit(query.limit)?).await?.into()))
}

/// Everything that happened to a project of an application and in it.
#[utoipa::path(get, path = "/audit/project/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path), ProjectQuery), responses((status = 200, body = AuditHistoryView)))]
pub(super) async fn get_audit_project(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(of): Ids<String>,
    Params(query): Params<ProjectQuery>,
) -> Answer<AuditHistoryView> {
    let of = HistoryOf {
        kind: Some("PROJECT".to_owned()),
        id: of,
        tenant: id::<TenantId>("tenant_id", query.tenant_id.as_deref())?,
        as_project: true,
        before: cursor::read(query.cursor.as_deref())?,
    };
    Ok(Json(engine.audit_history(&cx, of, cursor::limit(query.limit)?).await?.into()))
}
