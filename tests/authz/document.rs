//! The routes as the OpenAPI document tells them, and a question of the right form for each.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A route and what it declares.
pub(crate) struct Route {
    /// `get /tenants/{id}`.
    pub(crate) name: String,
    pub(crate) method: String,
    /// What whoever asks must hold; `None` if nothing in particular.
    pub(crate) permission: Option<String>,
    /// How it belongs to tenants, where it asks for a permission.
    pub(crate) tenant: Option<Tenant>,
    /// Whether nobody needs to be signed in.
    pub(crate) anonymous: bool,
    /// A path, with a query where one is needed, that the route reads.
    pub(crate) path: String,
    /// A body that it reads.
    pub(crate) body: Option<Value>,
}

/// How a route belongs to tenants, as `x-tenant` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tenant {
    /// It does not: it is of the whole workspace.
    None,
    /// The path names one: another is not found.
    Path,
    /// The path names a thing of one: another's is not found.
    Thing,
    /// A list, which holds what is of those that are seen.
    Filter,
}

/// Every route of the document.
pub(crate) fn routes() -> Vec<Route> {
    let document = serde_json::to_value(reeve_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let document = &document;
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| route(document, path, method, operation))
    });
    routes.collect()
}

fn route(document: &Value, path: &str, method: &str, operation: &Value) -> Route {
    let schema = operation["requestBody"]["content"]["application/json"].get("schema");
    Route {
        name: format!("{method} {path}"),
        method: method.to_uppercase(),
        permission: operation["x-permission"].as_str().map(str::to_owned),
        tenant: serde_json::from_value(operation["x-tenant"].clone()).unwrap(),
        anonymous: operation["security"].as_array().is_some_and(Vec::is_empty),
        path: concrete(path) + &query(document, operation),
        body: schema.map(|schema| sample(document, "", schema)),
    }
}

/// A path with things in it that are not there.
fn concrete(path: &str) -> String {
    let noun = path.split('/').nth(1).unwrap_or_default();
    let id = if path.starts_with("/audit/logs") || path.starts_with("/audit/proof") {
        "audit.0".to_owned()
    } else {
        nobody(match noun {
            "audit" if path.contains("listeners") => "lsn",
            "audit" if path.contains("witnesses") => "wit",
            "audit" if path.contains("views") => "viw",
            "auth" => "ses",
            "budgets" => "bud",
            "connections" => "con",
            "control-credentials" => "ctl",
            "credentials" => "crd",
            "erasures" => "era",
            "holds" => "hld",
            "invitations" => "inv",
            "legal-holds" => "lgh",
            "limits" => "lim",
            "pools" => "cpl",
            "prices" => "prc",
            "requests" | "usage" => "chg",
            "roles" => "rol",
            "rotations" => "rot",
            "routes" => "rte",
            "users" => "usr",
            _ => "ten",
        })
    };
    let named = [
        ("{id}", id.as_str()),
        ("{tenant_id}", &nobody("ten")),
        ("{key_id}", &nobody("key")),
        ("{session_id}", &nobody("ses")),
        ("{override_id}", &nobody("ovr")),
        // The limits of models hold for no request of this test.
        ("{scope}", "model"),
        ("{stream}", "usage"),
        ("{subject}", "u_nobody"),
        ("{provider}", "openai"),
        ("{model}", "gpt-4o"),
    ];
    named.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// The id of a thing that is not there.
pub(crate) fn nobody(prefix: &str) -> String {
    format!("{prefix}_00000000000000000000000000")
}

fn query(document: &Value, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let needed = parameters.filter(|p| p["in"] == "query" && p["required"] == true).map(|p| {
        let name = p["name"].as_str().unwrap();
        let value = sample(document, name, &p["schema"]);
        format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let query = needed.collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

/// The least that a schema takes: null where that will do, the first of several words, no more fields than are needed.
fn sample(document: &Value, name: &str, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(document, name, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(first) = schema[several].as_array().and_then(|all| all.first()) {
            return sample(document, name, first);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    match &schema["type"] {
        Value::Array(types) if types.contains(&json!("null")) => Value::Null,
        Value::String(kind) => match kind.as_str() {
            "object" => Value::Object(fields(document, schema)),
            "array" => json!([]),
            "boolean" => json!(false),
            "integer" | "number" => json!(1),
            _ => text(name).into(),
        },
        _ => Value::Null,
    }
}

fn fields(document: &Value, schema: &Value) -> Map<String, Value> {
    let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    needed.map(|name| (name.to_owned(), sample(document, name, &schema["properties"][name]))).collect()
}

/// A text that is read, by what it is called.
fn text(name: &str) -> String {
    match name {
        "tenant_id" => nobody("ten"),
        "role" => "user".to_owned(),
        "provider" => "openai".to_owned(),
        "time_zone" => "UTC".to_owned(),
        "from" => "2026-11-01T00:00:00Z".to_owned(),
        "to" | "ends_at" => "2026-12-01T00:00:00Z".to_owned(),
        name if name.ends_with("_usd") => "1".to_owned(),
        _ => "sample".to_owned(),
    }
}
