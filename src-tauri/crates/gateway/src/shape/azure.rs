//! Azure's way of the OpenAI API: the key in a header of its own, and a deployment in the address.

use super::{Outgoing, Way};
use crate::asked::Incoming;
use bytes::Bytes;
use http::HeaderValue;
use reeve_providers::upstream::Auth;
use std::borrow::Cow;

/// The version of the API that is asked for where a client names none.
const VERSION: &str = "2024-10-21";

/// Where a call goes: below an address that ends with `/v1` the model is in the body, as at OpenAI; below any other the
/// deployment is in the path, and the version of the API behind it.
pub(super) fn outgoing(
    path: &'static str,
    incoming: &Incoming,
    way: Way<'_>,
    content_type: HeaderValue,
) -> Outgoing {
    let base = way.base_url.as_str();
    let outgoing =
        |path, query| Outgoing { path, query, content_type, auth: Auth::ApiKey, body: Bytes::new() };
    if base.ends_with("/v1") {
        return outgoing(Cow::Borrowed(path), None);
    }
    let query = Some(format!("api-version={}", version(incoming).unwrap_or(VERSION)));
    let below = if base.ends_with("/openai") { "" } else { "/openai" };
    let path = match path {
        "/responses" => format!("{below}{path}"),
        _ => format!("{below}/deployments/{}{path}", way.sent),
    };
    outgoing(Cow::Owned(path), query)
}

/// The version the client asks for.
fn version(incoming: &Incoming) -> Option<&str> {
    let mut parameters = incoming.query.as_deref()?.split('&').filter_map(|p| p.split_once('='));
    let (_, version) = parameters.find(|(name, _)| *name == "api-version")?;
    let is_plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (is_plain && !version.is_empty() && version.len() <= 32).then_some(version)
}
