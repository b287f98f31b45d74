//! The OpenAPI 3.1 document, from the handlers' annotations and three rules that hold for all of them.

use crate::failure::Problem;
use crate::routes::events::EventView;
use crate::routes::{
    self, audit::AuditExportFormat, audit::EvidenceFramework, requests::ExportFormat, usage::SummaryGroup,
    vault::VaultWarning,
};
use crate::words::{RequestOutcome, Stream};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AllOf, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info, Object};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder, Server};
use utoipa::{PartialSchema, ToSchema};

const NO_SCOPES: [&str; 0] = [];

/// What needs no access token: nobody can have one yet, or the request carries something else that says who asks.
const ANONYMOUS: [&str; 8] = [
    "/setup",
    "/openapi.json",
    "/auth/register",
    "/auth/login",
    "/auth/refresh",
    "/auth/logout",
    "/events",
    "/vault/unlock",
];

/// The document of everything under `/api/v1`.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = routes::all().into_openapi();
    document.info = Info::new("Reeve", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(
        "Lists answer {items, next_cursor}. Money is a decimal string in USD, times are RFC 3339, ids are prefixed. In a PATCH \
         what is absent stays and null clears. Failures are problem bodies (RFC 9457)."
            .to_owned(),
    );
    document.servers = Some(vec![Server::new(crate::BASE)]);
    let components = document.components.get_or_insert_with(Components::new);
    add_schema::<Problem>(components);
    add_schema::<EventView>(components);
    add_schema::<Stream>(components);
    add_schema::<SummaryGroup>(components);
    add_schema::<RequestOutcome>(components);
    add_schema::<ExportFormat>(components);
    add_schema::<AuditExportFormat>(components);
    add_schema::<EvidenceFramework>(components);
    add_schema::<VaultWarning>(components);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (name, schema) in &mut components.schemas {
        refer_to_items(name, schema);
        if says_everything(name) {
            require_all(schema);
        }
    }
    document.paths.paths.values_mut().flat_map(operations).for_each(add_problem);
    document.security = Some(vec![SecurityRequirement::new("bearer", NO_SCOPES)]);
    for path in ANONYMOUS {
        let item = document.paths.paths.get_mut(path);
        item.into_iter().flat_map(operations).for_each(|operation| operation.security = Some(Vec::new()));
    }
    document
}

fn add_schema<T: ToSchema + PartialSchema>(components: &mut Components) {
    let mut more = Vec::new();
    T::schemas(&mut more);
    components.schemas.insert(T::name().into_owned(), T::schema());
    components.schemas.extend(more);
}

/// A generic page spells its items out; by name they are what they are everywhere else.
fn refer_to_items(name: &str, schema: &mut RefOr<Schema>) {
    let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema) else { return };
    let items = Ref::from_schema_name(item).to_array_builder().build();
    page.properties.insert("items".to_owned(), RefOr::T(Schema::Array(items)));
}

/// Answers always hold every field, with null for what is not there. Bodies may leave out what may be null.
fn says_everything(name: &str) -> bool {
    !name.ends_with("Body") && !matches!(name, "Problem" | "ImportMapping" | "ImportField")
}

fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => require_properties(object),
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => items.iter_mut().for_each(require_all),
        _ => {}
    }
}

fn require_properties(object: &mut Object) {
    object.required = object.properties.keys().cloned().collect();
    object.properties.values_mut().for_each(require_all);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// Every operation fails the same way.
fn add_problem(operation: &mut Operation) {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn document() -> Value {
        serde_json::to_value(openapi()).unwrap()
    }

    #[test]
    fn it_is_openapi_3_1_under_the_base_path() {
        let document = document();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(document["servers"][0]["url"], "/api/v1");
        for path in [
            "/setup",
            "/auth/login",
            "/tenants/{id}",
            "/usage/records/{id}/explain",
            "/audit/proof/{id}",
            "/overview",
        ] {
            assert!(document["paths"][path].is_object(), "{path}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_fails_with_a_problem() {
        let (document, mut names) = (document(), std::collections::BTreeSet::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{method} {path}: {name} twice");
                let content = &operation["responses"]["default"]["content"]["application/problem+json"];
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path}");
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                assert_eq!(open, ANONYMOUS.contains(&path.as_str()), "{method} {path}");
            }
        }
    }

    #[test]
    fn answers_hold_every_field_and_null_is_a_value() {
        let document = document();
        let tenant = &document["components"]["schemas"]["TenantView"];
        let required: Vec<_> =
            tenant["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(required.contains(&"owner") && required.contains(&"usage"));
        assert_eq!(tenant["properties"]["owner"]["type"], serde_json::json!(["string", "null"]));
        let page = &document["components"]["schemas"]["Page_TenantView"]["properties"]["items"];
        assert_eq!(page["items"]["$ref"], "#/components/schemas/TenantView");
        let change = &document["components"]["schemas"]["UpdateTenantBody"];
        assert!(change["required"].is_null(), "{change}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
