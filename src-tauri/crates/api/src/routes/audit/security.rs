//! The security board: what security people look at first, day by day.

use super::AuditEntryView;
use super::views::AuditActor;
use crate::extract::{Asked, Params};
use crate::failure::Failure;
use crate::routes::{Answer, time, time_or_null};
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::audit::{self, SecurityActor, SecurityBoard, SecurityDay, SecurityGroup};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_DAYS: u32 = 30;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SecurityQuery {
    /// Days up to today: 30 if absent, 90 at most.
    days: Option<u32>,
}

/// The security board.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityView {
    /// The first moment of the first day.
    from: String,
    /// The first moment after today.
    to: String,
    /// Whose days they are.
    time_zone: &'static str,
    /// When the first entry that is kept was written; null where there is none.
    began_at: Option<String>,
    /// How a day is found unusual, in words.
    rule: &'static str,
    groups: Vec<SecurityGroupView>,
}

/// Which group of entries.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecurityKey {
    FailedSignIns,
    Denials,
    Exports,
    Secrets,
    NewDevices,
    Alerts,
}

/// What is told of a group of entries. `event_type` and `outcome` are what `/audit/logs` takes to list exactly those counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityGroupView {
    #[schema(value_type = SecurityKey)]
    key: &'static str,
    /// Event types separated by commas; with a minus before it, one that is left out.
    event_type: String,
    /// `denied` where only those count; else null.
    outcome: Option<&'static str>,
    /// Entries in all its days.
    total: u64,
    /// Entries in as many days before; null if the trail does not go back that far.
    before: Option<u64>,
    /// Oldest first; today is the last.
    days: Vec<SecurityDayView>,
    /// Who did it most, at most five.
    actors: Vec<SecurityActorView>,
    /// In how many entries the actors were counted: all, or the newest 20,000.
    actors_of: u64,
    /// The newest five.
    latest: Vec<AuditEntryView>,
}

/// A day of the workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityDayView {
    /// Such as 2026-11-20.
    day: String,
    start: String,
    /// The first moment after it.
    end: String,
    count: u64,
    /// Why it is unusual; null if it is not.
    unusual: Option<String>,
}

/// Somebody and how often.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityActorView {
    actor: AuditActor,
    count: u64,
    /// Of exports: this person or key made none before these days, and the trail goes back a week further.
    first_time: bool,
}

impl From<SecurityDay> for SecurityDayView {
    fn from(d: SecurityDay) -> Self {
        Self {
            day: d.day.to_string(),
            start: time(d.start),
            end: time(d.end),
            count: d.count,
            unusual: d.unusual,
        }
    }
}

impl From<SecurityActor> for SecurityActorView {
    fn from(a: SecurityActor) -> Self {
        Self { actor: a.actor.into(), count: a.count, first_time: a.first_time }
    }
}

impl From<SecurityGroup> for SecurityGroupView {
    fn from(g: SecurityGroup) -> Self {
        Self {
            key: g.key,
            event_type: g.event_types.join(","),
            outcome: g.denied.then_some("denied"),
            total: g.total,
            before: g.before,
            days: g.days.into_iter().map(Into::into).collect(),
            actors: g.actors.into_iter().map(Into::into).collect(),
            actors_of: g.actors_of,
            latest: g.latest.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<SecurityBoard> for SecurityView {
    fn from(b: SecurityBoard) -> Self {
        Self {
            from: time(b.from),
            to: time(b.to),
            time_zone: b.zone.name(),
            began_at: time_or_null(b.began),
            rule: audit::RULE,
            groups: b.groups.into_iter().map(Into::into).collect(),
        }
    }
}

/// Failed sign-ins, denials, exports and the like, day by day, with the days that stand out.
#[utoipa::path(get, path = "/audit/security", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(SecurityQuery), responses((status = 200, body = SecurityView)))]
pub(super) async fn get_security(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<SecurityQuery>,
) -> Answer<SecurityView> {
    let days = query.days.unwrap_or(DEFAULT_DAYS);
    engine.security_board(&cx, days).await.map(|board| Json(board.into())).map_err(Failure::from)
}
