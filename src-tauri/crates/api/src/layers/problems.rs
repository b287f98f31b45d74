//! Gives the request its id, and writes failures out as problems that carry it.

use crate::failure::{Failure, KEPT};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use reeve_core::id::RequestId;
use reeve_engine::Engine;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn write_out(State(engine): State<Engine>, mut request: Request, next: Next) -> Response {
    let id: RequestId = engine.new_request_id();
    request.extensions_mut().insert(id);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let text = id.to_string();
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let mut problem = failure.render(&text, &method, &path);
        for name in KEPT {
            for value in response.headers().get_all(&name) {
                problem.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = problem;
    }
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
