//! The routes, and nothing besides them.

use crate::access::Access;
use crate::body::Memory;
use crate::error::{Dialect, Failure};
use crate::shape::Shape;
use crate::{call, headers, models};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reeve_engine::Engine;
use reeve_engine::gateway::Origin;
use reeve_engine::limits::Asker;
use reeve_providers::{bedrock as bedrock_shape, google as google_shape};
use std::any::Any;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// What every request needs.
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) memory: Memory,
    pub(crate) access: Access,
}

/// The routes of the data plane, for callers who use an address or `localhost`.
pub fn router(engine: Engine) -> Router {
    router_with(engine, Access::default())
}

/// The routes of the data plane.
pub fn router_with(engine: Engine, access: Access) -> Router {
    let gateway = Arc::new(Gateway { engine, memory: Memory::default(), access });
    Router::new()
        .route("/v1/chat/completions", post(|gateway, request| call(gateway, request, Shape::Chat)))
        .route("/v1/completions", post(|gateway, request| call(gateway, request, Shape::Completions)))
        .route("/v1/responses", post(|gateway, request| call(gateway, request, Shape::Responses)))
        .route("/v1/embeddings", post(|gateway, request| call(gateway, request, Shape::Embeddings)))
        .route("/v1/images/generations", post(|gateway, request| call(gateway, request, Shape::Images)))
        .route(
            "/v1/audio/transcriptions",
            post(|gateway, request| call(gateway, request, Shape::Transcription)),
        )
        .route("/v1/audio/translations", post(|gateway, request| call(gateway, request, Shape::Translation)))
        .route("/v1/audio/speech", post(|gateway, request| call(gateway, request, Shape::Speech)))
        .route(
            "/azure/openai/v1/chat/completions",
            post(|gateway, request| call(gateway, request, Shape::Chat)),
        )
        .route(
            "/azure/openai/v1/responses",
            post(|gateway, request| call(gateway, request, Shape::Responses)),
        )
        .route(
            "/azure/openai/v1/embeddings",
            post(|gateway, request| call(gateway, request, Shape::Embeddings)),
        )
        .route(
            "/azure/openai/deployments/{deployment}/chat/completions",
            post(|gateway, deployment, request| deployed(gateway, deployment, request, Shape::Chat)),
        )
        .route(
            "/azure/openai/deployments/{deployment}/embeddings",
            post(|gateway, deployment, request| deployed(gateway, deployment, request, Shape::Embeddings)),
        )
        .route("/v1/models", get(list))
        .route("/v1/messages", post(|gateway, request| call(gateway, request, Shape::Messages)))
        .route("/anthropic/v1/messages", post(|gateway, request| call(gateway, request, Shape::Messages)))
        .route(
            "/v1/messages/count_tokens",
            post(|gateway, request| call(gateway, request, Shape::CountMessages)),
        )
        .route(
            "/anthropic/v1/messages/count_tokens",
            post(|gateway, request| call(gateway, request, Shape::CountMessages)),
        )
        .route("/google/{version}/models/{*call}", post(google))
        .route("/bedrock/model/{*call}", post(bedrock))
        .route("/health", get(health))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(gateway)
}

impl Gateway {
    /// Before anything else: is this a program that means this listener? Asked by every handler rather than around them,
    /// because a layer of its own costs each call more than the question does.
    fn check(&self, request: &Request) -> Result<(), Failure> {
        self.access.check(request.uri(), request.headers())
    }

    /// Which request this is, and from where.
    pub(crate) fn origin(&self, request: &Request) -> Origin {
        Origin {
            request_id: self.engine.new_request_id(),
            ip: self.access.caller(request.headers(), request.extensions()),
        }
    }

    async fn turn_away(&self, origin: Origin, failure: Failure, dialect: Dialect) -> Response {
        self.engine.refuse_access(origin, failure.message()).await;
        self.to_stranger(origin, failure, dialect).await
    }

    /// Answers somebody who showed no key, within the limit of their address.
    async fn to_stranger(&self, origin: Origin, failure: Failure, dialect: Dialect) -> Response {
        let failure = self.engine.admit_stranger(origin).await.err().map_or(failure, Failure::from);
        let mut response = failure.told(dialect);
        headers::put_limits(&mut response, &self.engine.limit_standings(&Asker::stranger(origin.ip)));
        headers::stamp(&mut response, origin.request_id);
        response
    }
}

type Shared = State<Arc<Gateway>>;

/// A call whose body names the model.
async fn call(State(gateway): Shared, request: Request, shape: Shape) -> Response {
    match gateway.check(&request) {
        Ok(()) => call::answer(&gateway, shape, None, request).await,
        Err(failure) => gateway.turn_away(gateway.origin(&request), failure, shape.dialect()).await,
    }
}

/// A call whose address names the model, and what is asked of it.
async fn addressed(
    gateway: Arc<Gateway>,
    request: Request,
    dialect: Dialect,
    wanted: Option<(Shape, String)>,
) -> Response {
    match (gateway.check(&request), wanted) {
        (Err(failure), _) => gateway.turn_away(gateway.origin(&request), failure, dialect).await,
        (Ok(()), Some((shape, model))) => call::answer(&gateway, shape, Some(model), request).await,
        (Ok(()), None) => {
            let failure = Failure::no_such_route(request.method(), request.uri().path());
            gateway.to_stranger(gateway.origin(&request), failure, dialect).await
        }
    }
}

async fn google(State(gateway): Shared, request: Request) -> Response {
    let below = request.uri().path().split_once("/models/").map(|(_, tail)| tail);
    let path = below.and_then(google_shape::Path::read);
    let wanted = path.map(|path| (Shape::Google(path.method), path.model.to_owned()));
    addressed(gateway, request, Dialect::Google, wanted).await
}

async fn bedrock(State(gateway): Shared, request: Request) -> Response {
    let below = request.uri().path().strip_prefix("/bedrock/model/").and_then(|rest| rest.rsplit_once('/'));
    let method = |name: &str| {
        use bedrock_shape::Method::{Converse, ConverseStream};
        [Converse, ConverseStream].into_iter().find(|method| method.as_str() == name)
    };
    let path = below.and_then(|(id, name)| bedrock_shape::Path::read(id, method(name)?));
    let wanted = path.map(|path| (Shape::Bedrock(path.method), path.model.into_owned()));
    addressed(gateway, request, Dialect::Bedrock, wanted).await
}

/// A call whose address names the model, by its name or that of a deployment.
async fn deployed(
    State(gateway): Shared,
    Path(deployment): Path<String>,
    request: Request,
    shape: Shape,
) -> Response {
    match gateway.check(&request) {
        Ok(()) => call::answer(&gateway, shape, Some(deployment), request).await,
        Err(failure) => gateway.turn_away(failure, shape.dialect()).await,
    }
}

async fn list(State(gateway): Shared, request: Request) -> Response {
    match gateway.check(&request) {
        Ok(()) => models::list(&gateway, request).await,
        Err(failure) => gateway.turn_away(gateway.origin(&request), failure, Dialect::OpenAi).await,
    }
}

async fn health(State(gateway): Shared, request: Request) -> Response {
    match gateway.check(&request) {
        Ok(()) => Json(serde_json::json!({ "status": "ok" })).into_response(),
        Err(failure) => gateway.turn_away(gateway.origin(&request), failure, Dialect::OpenAi).await,
    }
}

async fn no_such_route(State(gateway): Shared, request: Request) -> Response {
    match gateway.check(&request) {
        Ok(()) => {
            let failure = Failure::no_such_route(request.method(), request.uri().path());
            gateway.to_stranger(gateway.origin(&request), failure, Dialect::OpenAi).await
        }
        Err(failure) => gateway.turn_away(gateway.origin(&request), failure, Dialect::OpenAi).await,
    }
}

async fn wrong_method(State(gateway): Shared, request: Request) -> Response {
    match gateway.check(&request) {
        Ok(()) => {
            let failure = Failure::wrong_method(request.method(), request.uri().path());
            gateway.to_stranger(gateway.origin(&request), failure, Dialect::OpenAi).await
        }
        Err(failure) => gateway.turn_away(gateway.origin(&request), failure, Dialect::OpenAi).await,
    }
}

fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(panic = text.unwrap_or_default(), "a request failed in a way nobody thought of");
    Failure::bug().into_response()
}
