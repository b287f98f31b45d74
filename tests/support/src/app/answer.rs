//! What came back over the wire.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
    /// Whether the connection broke before the end of the body.
    pub broken: bool,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn of(mut response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let (mut bytes, mut broken) = (Vec::new(), false);
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => break,
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        Self { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), broken }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.body))
    }

    /// A header as text; empty where it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The events of a stream, each with its JSON; `[DONE]` as a text.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| Value::from(data))).collect()
    }

    /// Asserts that this is an error in OpenAI's shape, and gives its message.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn assert_error(&self, status: u16, kind: &str, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(
            self.header("x-reeve-request-id").starts_with("req_") || code == "unknown_url",
            "every answer has its id"
        );
        let error = &self.json()["error"];
        let mut members: Vec<_> = error.as_object().expect("an error").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "message", "param", "type"]);
        assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some(kind), Some(code)), "{error}");
        error["message"].as_str().expect("a message").to_owned()
    }
}
