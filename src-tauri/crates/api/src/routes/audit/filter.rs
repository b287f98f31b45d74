//! Which entries: from the words of a query to the engine's filter.

use crate::failure::Failure;
use crate::routes::{id, moment};
use crate::words::Stream;
use reeve_core::id::TenantId;
use reeve_engine::Engine;
use reeve_engine::audit::{self, EntryFilter, Kinds};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditFilterQuery {
    /// `audit` if absent.
    pub(super) stream: Option<Stream>,
    /// Such as `tenant.update`; several are separated by commas, and one with a minus before it is left out.
    pub(super) event_type: Option<String>,
    /// Id of a person or key, part of a person's name, or `system`.
    pub(super) actor: Option<String>,
    pub(super) tenant_id: Option<String>,
    /// Noun, such as `tenant`.
    pub(super) resource_type: Option<String>,
    pub(super) resource_id: Option<String>,
    /// `success`, `denied`, `failure` or `pending`.
    pub(super) outcome: Option<String>,
    /// Any outcome but success.
    pub(super) not_ok: Option<bool>,
    /// From this time.
    pub(super) from: Option<String>,
    /// Before this time.
    pub(super) to: Option<String>,
    /// Text in what happened, to what, by whom.
    pub(super) q: Option<String>,
    /// 100 if absent, 1,000 at most.
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
    /// For counts over time: 72 if absent, 1,000 at most.
    pub(super) buckets: Option<u32>,
}

impl AuditFilterQuery {
    pub(super) fn stream(&self) -> audit::Stream {
        self.stream.unwrap_or(Stream::Audit).into()
    }

    /// The whole stream.
    pub(super) fn of_stream(&self) -> EntryFilter {
        EntryFilter { stream: Some(self.stream()), ..EntryFilter::default() }
    }
}

/// What a query wants.
pub(super) enum Wanted {
    /// Somebody who does not exist did nothing, and nothing was done to what does not exist.
    Nothing,
    /// The entries of a filter; with a text, those of them that hold it.
    Matching(Box<EntryFilter>, Option<String>),
}

/// Reads the words of a query.
pub(super) async fn read(query: &AuditFilterQuery, engine: &Engine) -> Result<Wanted, Failure> {
    let who = match query.actor.as_deref() {
        None => None,
        Some(actor) => match actor_id(actor, engine).await? {
            Some(who) => Some(who),
            None => return Ok(Wanted::Nothing),
        },
    };
    let mut res = resource(query.resource_type.as_deref(), query.resource_id.as_deref());
    if let (None, Some(id)) = (&res, &query.resource_id) {
        res = engine.resource_of(id.clone()).await?;
        if res.is_none() {
            return Ok(Wanted::Nothing);
        }
    }
    let kinds = Kinds::read("event_type", query.event_type.iter().flat_map(|types| types.split(',')))?;
    let filter = EntryFilter {
        who,
        noun: query.resource_type.clone().filter(|_| res.is_none()),
        res,
        tenant: id::<TenantId>("tenant_id", query.tenant_id.as_deref())?.map(|id| id.to_string()),
        ok: query.outcome.as_deref().map(outcome).transpose()?,
        not_ok: query.not_ok.unwrap_or(false),
        from: moment("from", query.from.as_deref())?,
        to: moment("to", query.to.as_deref())?,
        kinds: kinds.any_of,
        not_kinds: kinds.none_of,
        ..query.of_stream()
    };
    let text = query.q.as_ref().map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Wanted::Matching(Box::new(filter), text))
}

/// In the ledger people go by pseudonyms, everybody else by what they are called here too.
async fn actor_id(actor: &str, engine: &Engine) -> Result<Option<String>, Failure> {
    if matches!(actor, "system" | "anonymous") || actor.starts_with("key_") {
        return Ok(Some(actor.to_owned()));
    }
    Ok(engine.actors_like(actor).await?.into_iter().next())
}

/// What an id of Reeve's own is of, by how it begins.
pub(super) fn kind_of(id: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 16] = [
        ("ten_", "tenant"),
        ("usr_", "user"),
        ("key_", "api_key"),
        ("crd_", "credential"),
        ("bud_", "budget"),
        ("ses_", "session"),
        ("imp_", "import"),
        ("hld_", "hold"),
        ("rte_", "route"),
        ("cpl_", "pool"),
        ("prc_", "own_price"),
        ("lst_", "price_list"),
        ("rrt_", "rerating"),
        ("lim_", "limit"),
        ("lsn_", "listener"),
        ("viw_", "saved_view"),
    ];
    KINDS.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, kind)| *kind)
}

/// `type:id`, if both are known. The type of an id of Reeve's own can be told from its beginning.
fn resource(kind: Option<&str>, id: Option<&str>) -> Option<String> {
    let id = id?;
    Some(format!("{}:{id}", kind.or_else(|| kind_of(id))?))
}

/// The number of an outcome, as entries are filtered by it.
fn outcome(word: &str) -> Result<i64, Failure> {
    match word {
        "success" => Ok(0),
        "denied" => Ok(1),
        "failure" => Ok(2),
        "pending" => Ok(3),
        _ => Err(Failure::field("outcome", "must be success, denied, failure or pending")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_knows_its_kind_by_its_id() {
        assert_eq!(resource(None, Some("bud_1")).as_deref(), Some("budget:bud_1"));
        assert_eq!(resource(Some("ledger"), Some("audit")).as_deref(), Some("ledger:audit"));
        assert_eq!(
            [resource(None, None), resource(Some("budget"), None), resource(None, Some("audit"))],
            [None, None, None]
        );
    }
}
