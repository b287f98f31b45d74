//! Finds out who asks. What that person may do, the use cases decide.

use crate::failure::Failure;
use crate::host::Host;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderName};
use reeve_core::peer::TrustedProxies;
use reeve_core::principal::Principal;
use reeve_engine::{Cx, Engine, Error, Via};
use std::net::{IpAddr, SocketAddr};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Longer names of programs are cut.
const MAX_AGENT: usize = 300;

pub(super) async fn who_asks(State(engine): State<Engine>, mut request: Request, next: Next) -> Response {
    let host = Host::of(request.extensions());
    let cx = context(host, Principal::Anonymous, request.headers(), request.extensions());
    let principal = match principal(&engine, host, &cx, request.headers()).await {
        Ok(principal) => principal,
        Err(error) => return Failure::from(error).into_response(),
    };
    let cx = Cx { principal, ..cx };
    request.extensions_mut().insert(cx);
    next.run(request).await
}

/// A good access token stands for its person everywhere, and an API key for its tenant's application. Without one the window
/// of the OS user is its one owner, as long as there is no password; anybody else is nobody, and the use case says what that
/// means. A wrong API key is told at once: programs do not sign in.
async fn principal(
    engine: &Engine,
    host: Host,
    stranger: &Cx,
    headers: &HeaderMap,
) -> Result<Principal, Error> {
    if let Some(token) = bearer(headers) {
        match engine.bearer_principal(stranger, token).await {
            Ok(principal) => return Ok(principal),
            Err(error) if Engine::is_api_key(token) => return Err(error),
            Err(error) => tracing::debug!(code = error.code.as_str(), "an access token was not taken"),
        }
    }
    Ok(match host {
        Host::Window => engine.window_principal(),
        Host::Server => Principal::Anonymous,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn context(host: Host, principal: Principal, headers: &HeaderMap, extensions: &Extensions) -> Cx {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Cx {
        principal,
        via: if host == Host::Window { Via::Ui } else { Via::Api },
        request_id: extensions.get().copied(),
        trace_id: headers.get(TRACEPARENT).and_then(|t| t.to_str().ok()).and_then(trace_id),
        ip: caller(headers, extensions).map(|ip| ip.to_string()),
        user_agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect()),
    }
}

/// The caller's network address: where a trusted proxy stands in front, the one it tells.
fn caller(headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let Some(proxies) = extensions.get::<TrustedProxies>() else { return Some(peer) };
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    Some(proxies.caller(peer, hops.into_iter()))
}

/// The trace id of a W3C `traceparent`.
fn trace_id(header: &str) -> Option<String> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, _flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex =
        |text: &str, len| text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let sound = hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && hex(span, 16)
        && trace.bytes().any(|b| b != b'0');
    sound.then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_w3c_trace_ids_alone() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for bad in [
            "",
            "00-xyz",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
