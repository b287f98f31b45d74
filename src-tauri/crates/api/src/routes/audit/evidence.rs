//! Evidence packs.

use crate::failure::Failure;
use crate::routes::moment;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use reeve_engine::evidence::{AskEvidence, Framework};
use reeve_engine::{Cx, Engine};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Whose words a pack uses.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EvidenceFramework {
    Soc2,
    Hipaa,
}

/// Which period, in whose words.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EvidenceQuery {
    framework: EvidenceFramework,
    /// From this time.
    from: String,
    /// Before this time.
    to: String,
}

pub(super) async fn answer(engine: &Engine, cx: &Cx, query: EvidenceQuery) -> Result<Response, Failure> {
    let needed = |field: &str| Failure::field(field, "is needed");
    let ask = AskEvidence {
        framework: match query.framework {
            EvidenceFramework::Soc2 => Framework::Soc2,
            EvidenceFramework::Hipaa => Framework::Hipaa,
        },
        from: moment("from", Some(&query.from))?.ok_or_else(|| needed("from"))?,
        to: moment("to", Some(&query.to))?.ok_or_else(|| needed("to"))?,
    };
    let pack = engine.evidence_pack(cx, ask).await?;
    let name = format!("attachment; filename=\"{}\"", pack.file_name);
    let headers = [(CONTENT_TYPE, "application/zip".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, pack.bytes).into_response())
}
