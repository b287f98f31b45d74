//! One request: who asks, what for, and who answers.

use crate::access::Access;
use crate::body::Memory;
use crate::error::{Dialect, Failure};
use crate::headers;
use crate::route::Route;
use crate::{call, models};
use axum::Json;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderValue, Method, header};
use hyper::body::Incoming;
use reeve_engine::Engine;
use reeve_engine::gateway::Origin;
use reeve_engine::limits::Asker;
use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

/// A request as it comes from the connection.
pub(crate) type Request = http::Request<Incoming>;

/// What every request needs.
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) memory: Memory,
    access: Access,
}

impl Gateway {
    /// A gateway for callers who use the names of `access`, an address or `localhost`.
    pub(crate) fn new(engine: Engine, access: Access) -> Self {
        Self { engine, memory: Memory::default(), access }
    }

    /// Answers a request that came from `peer`, whatever comes of it.
    pub(crate) fn answer(&self, request: Request, peer: IpAddr) -> impl Future<Output = Response> {
        let answer = AssertUnwindSafe(self.route(request, peer)).catch_unwind();
        answer.map(|answered| answered.unwrap_or_else(|cause| panicked(&*cause)))
    }

    async fn route(&self, request: Request, peer: IpAddr) -> Response {
        let origin = Origin {
            request_id: self.engine.new_request_id(),
            ip: Some(self.access.caller(request.headers(), peer)),
        };
        let route = Route::of(request.uri().path());
        // Before anything else: is this a program that means this listener?
        if let Err(failure) = self.access.check(request.uri(), request.headers()) {
            return Box::pin(self.turn_away(origin, failure, route.dialect())).await;
        }
        match (route.method(), route) {
            (Some(method), route) if !takes(&method, request.method()) => {
                Box::pin(self.wrong_method(origin, &request, &method, route.dialect())).await
            }
            (_, Route::Call(shape, model)) => call::answer(self, shape, model, request, origin).await,
            (_, Route::Models) => Box::pin(models::list(self, request.headers(), origin)).await,
            (_, Route::Health) => Json(serde_json::json!({ "status": "ok" })).into_response(),
            (_, Route::Unknown(dialect)) => {
                let failure = Failure::no_such_route(request.method(), request.uri().path());
                Box::pin(self.to_stranger(origin, failure, dialect)).await
            }
        }
    }

    async fn wrong_method(
        &self,
        origin: Origin,
        request: &Request,
        taken: &Method,
        dialect: Dialect,
    ) -> Response {
        let failure = Failure::wrong_method(request.method(), request.uri().path());
        let mut response = self.to_stranger(origin, failure, dialect).await;
        let allow = if *taken == Method::GET { "GET,HEAD" } else { "POST" };
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        response
    }

    async fn turn_away(&self, origin: Origin, failure: Failure, dialect: Dialect) -> Response {
        self.engine.refuse_access(origin, failure.message()).await;
        self.to_stranger(origin, failure, dialect).await
    }

    /// Answers somebody who showed no key, within the limit of their address.
    async fn to_stranger(&self, origin: Origin, failure: Failure, dialect: Dialect) -> Response {
        let failure = self.engine.admit_stranger(origin).await.err().map_or(failure, Failure::from);
        let mut response = failure.told(dialect);
        let standings = self.engine.limit_standings(&Asker::stranger(origin.ip));
        headers::stamp(&mut response, &standings, origin.request_id);
        response
    }
}

fn takes(method: &Method, asked: &Method) -> bool {
    method == asked || (*method == Method::GET && *asked == Method::HEAD)
}

fn panicked(cause: &(dyn Any + Send)) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(panic = text.unwrap_or_default(), "a request failed in a way nobody thought of");
    Failure::bug().into_response()
}
