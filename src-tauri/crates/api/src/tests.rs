//! The Router over a real engine: what it lets in, whom it knows, how it answers.

mod access;
mod answers;
mod connections;
mod live;

use crate::{Host, router};
use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Engine, EnvSecret, OpenEngine, SystemClock};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

const PASSWORD: &str = "marble otter forty lamps";

/// An engine in a folder of its own, and its Router.
struct House {
    engine: Engine,
    router: Router,
    _folder: TempDir,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// The refresh cookie as a browser would send it back.
    fn cookie(&self) -> String {
        self.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn token(&self) -> &str {
        self.body["access_token"].as_str().unwrap()
    }
}

/// A request in the making.
struct Ask(http::request::Builder, Option<Value>);

impl Ask {
    fn new(method: &Method, path: &str) -> Self {
        Self(Request::builder().method(method).uri(path), None)
    }

    fn get(path: &str) -> Self {
        Self::new(&Method::GET, &format!("/api/v1{path}"))
    }

    fn post(path: &str, body: Value) -> Self {
        Self::new(&Method::POST, &format!("/api/v1{path}")).body(body)
    }

    fn patch(path: &str, body: Value) -> Self {
        Self::new(&Method::PATCH, &format!("/api/v1{path}")).body(body)
    }

    fn delete(path: &str) -> Self {
        Self::new(&Method::DELETE, &format!("/api/v1{path}"))
    }

    fn body(mut self, body: Value) -> Self {
        self.1 = Some(body);
        self.header(CONTENT_TYPE.as_str(), "application/json")
    }

    fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    fn cookie(self, cookie: &str) -> Self {
        self.header(COOKIE.as_str(), cookie)
    }

    fn window(self) -> Self {
        Self(self.0.extension(Host::Window), self.1)
    }
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = VaultKeys::default()
            .with_env(|| EnvSecret::parse("four unlikely words in a row, and a comma").ok());
        let open = OpenEngine { data_dir: folder.path().to_owned(), keys, clock: Arc::new(SystemClock) };
        let engine = Engine::open(open).await.unwrap();
        Self { router: router(engine.clone()), engine, _folder: folder }
    }

    /// With its first administrator, signed in over HTTP.
    async fn settled() -> (Self, Answer) {
        let house = Self::new().await;
        let answer = house.ask(Ask::post("/auth/register", registration(Some(PASSWORD)))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (house, answer)
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let body = ask.1.map(|body| body.to_string()).unwrap_or_default();
        let request = ask.0.header(CONTENT_LENGTH, body.len()).body(Body::from(body)).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

fn registration(password: Option<&str>) -> Value {
    json!({ "workspace_name": "Northwind", "time_zone": "Europe/Berlin", "name": "The Owner", "email": "owner@example.com", "password": password })
}

fn credentials() -> Value {
    json!({ "email": "owner@example.com", "password": PASSWORD })
}
