//! The authorisation matrix: every route of the OpenAPI document is asked as everybody, and what it must answer follows from the
//! permission that it declares there. A new route cannot be forgotten, and one that asks the engine for another permission than it
//! declares is found out. So is one that forgets whose things it shows: it is asked as somebody who holds everything for one tenant
//! alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod document;
mod exceptions;
mod tenants;

use document::{Route, Tenant, nobody};
use exceptions::{Exceptions, OpenTo};
use reeve_core::permission::{Permission, Role};
use reeve_tests::console::{Console, Door, Reply};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PASSWORD: &str = "a long enough passphrase 1";
const MINUTE: i64 = 60_000;

/// Somebody who asks.
struct Persona {
    name: String,
    token: Value,
    /// What they may do; `None` for somebody who is not signed in, or not any more.
    may: Option<Vec<&'static str>>,
    /// What they hold for a tenant beside that.
    granted: Option<Granted>,
}

/// What somebody holds for one tenant, where there is another.
struct Granted {
    own: String,
    other: String,
    may: Vec<&'static str>,
}

impl Persona {
    /// Whether a grant lets them ask this of their own tenant.
    fn is_granted(&self, route: &Route) -> bool {
        let of_a_tenant = route.tenant.is_some_and(|tenant| tenant != Tenant::None);
        let held = |granted: &Granted| route.permission.as_deref().is_some_and(|p| granted.may.contains(&p));
        of_a_tenant && self.granted.as_ref().is_some_and(held)
    }

    /// The path to ask: of their own tenant, where one is named and they have one.
    fn path(&self, route: &Route) -> String {
        match &self.granted {
            Some(granted) => route.path.replace(&nobody("ten"), &granted.own),
            None => route.path.clone(),
        }
    }

    /// What this one brings along.
    async fn signs_in(&self, console: &mut Console) -> Value {
        if self.may.is_none() {
            return self.token.clone();
        }
        console.sign_out();
        let login = json!({"email": self.token["user"]["email"], "password": PASSWORD});
        told(console, "POST", "/auth/login", login).await
    }
}

/// What must come back.
#[derive(PartialEq)]
enum Expected {
    /// 401.
    WhoAreYou,
    /// 403 that names this permission.
    Refused(String),
    /// Anything about what was asked.
    Passed,
}

impl Expected {
    fn of(route: &Route, persona: &Persona) -> Self {
        match (&persona.may, &route.permission) {
            (None, _) => Self::WhoAreYou,
            (Some(may), Some(needed)) if !may.contains(&needed.as_str()) && !persona.is_granted(route) => {
                Self::Refused(needed.clone())
            }
            _ => Self::Passed,
        }
    }

    fn is_met(&self, reply: &Reply) -> bool {
        match self {
            Self::WhoAreYou => reply.status == 401,
            Self::Refused(needed) => {
                let said = reply.body["detail"].as_str().unwrap_or_default();
                reply.status == 403 && said.contains(&format!("permission {needed}."))
            }
            Self::Passed => !matches!(reply.status, 401 | 403 | 429 | 500..),
        }
    }

    fn says(&self) -> String {
        match self {
            Self::WhoAreYou => "401".to_owned(),
            Self::Refused(needed) => format!("403 for {needed}"),
            Self::Passed => "no refusal".to_owned(),
        }
    }
}

#[test]
fn every_route_declares_whom_it_is_open_to() {
    let routes = document::routes();
    let exceptions = Exceptions::read(&routes);
    assert!(routes.len() > 150, "{} routes", routes.len());
    for route in &routes {
        let open = exceptions.open_to(&route.name);
        match &route.permission {
            Some(permission) => {
                assert!(
                    Permission::parse(permission).is_some(),
                    "{}: {permission} is no permission",
                    route.name
                );
                assert_eq!(open, None, "{} needs {permission}, so it is no exception", route.name);
            }
            None => assert!(open.is_some(), "{} declares no permission and is no exception", route.name),
        }
        assert_eq!(
            route.tenant.is_some(),
            route.permission.is_some(),
            "{} needs a permission and does not say how it belongs to tenants, or the other way round",
            route.name
        );
        let of_a_tenant = route.tenant.is_some_and(|tenant| tenant != Tenant::None);
        let granted =
            route.permission.as_deref().and_then(Permission::parse).is_some_and(Permission::is_of_a_tenant);
        assert!(granted || !of_a_tenant, "{} asks for what nobody holds for a tenant", route.name);
        // What the document tells programs of signing in is the same.
        let anyone = open == Some(OpenTo::Anyone);
        assert!(!route.anonymous || anyone, "{} is open to anyone and is no such exception", route.name);
    }
    let declared: BTreeSet<_> = routes.iter().filter_map(|r| r.permission.as_deref()).collect();
    let all: BTreeSet<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
    let unasked: BTreeSet<_> = all.difference(&declared).copied().collect();
    assert_eq!(unasked, exceptions.unasked(), "permissions that no route declares");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_answered_as_the_document_says() {
    let routes = document::routes();
    let exceptions = Exceptions::read(&routes);
    let (mut console, people) = inhabited().await;
    let mut wrong = Vec::new();
    for persona in &people {
        // Anew each time: somebody before may have let another key sign tokens.
        let token = persona.signs_in(&mut console).await;
        for route in &routes {
            if exceptions.open_to(&route.name) == Some(OpenTo::Anyone) {
                continue;
            }
            let expected = Expected::of(route, persona);
            console.sign(&token);
            // The window asks for a sign-in as well, for a password is set.
            let doors = [Door::Server, Door::Window];
            let doors = if persona.may.is_none() { &doors[..] } else { &doors[..1] };
            for door in doors {
                let path = persona.path(route);
                let reply = console.ask(*door, &route.method, &path, exceptions.body(route)).await;
                if !expected.is_met(&reply) {
                    let (status, body) = (reply.status, reply.body);
                    wrong.push(format!(
                        "{} as {}, {door:?}: expected {}, got {status} {body}",
                        route.name,
                        persona.name,
                        expected.says()
                    ));
                }
            }
            if route.tenant == Some(Tenant::Path) && persona.is_granted(route) {
                wrong.extend(others_are_not_there(&console, route, &exceptions, persona).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    assert_denials_are_entries(&console, &routes, &people).await;
}

/// What is wrong with the answers when somebody asks for a tenant that they hold nothing for, and for one that does not exist.
async fn others_are_not_there(
    console: &Console,
    route: &Route,
    exceptions: &Exceptions,
    persona: &Persona,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let granted = persona.granted.as_ref().unwrap();
    for tenant in [granted.other.clone(), nobody("ten")] {
        let path = route.path.replace(&nobody("ten"), &tenant);
        let reply = console.ask(Door::Server, &route.method, &path, exceptions.body(route)).await;
        if reply.status != 404 || reply.body["detail"] != "There is no such tenant." {
            let (status, body) = (reply.status, reply.body);
            wrong.push(format!("{} of {tenant} as {}: got {status} {body}", route.name, persona.name));
        }
    }
    wrong
}

/// Every refusal of somebody who was known is an entry of the audit trail.
async fn assert_denials_are_entries(console: &Console, routes: &[Route], people: &[Persona]) {
    let refused = |persona| {
        let refused = |route: &&Route| matches!(Expected::of(route, persona), Expected::Refused(_));
        routes.iter().filter(refused).count()
    };
    let refused: usize = people.iter().map(refused).sum();
    let filter = reeve_engine::audit::Kinds::read("event_type", ["access.denied"]).unwrap().filter();
    let page = console.engine.audit_page(&reeve_engine::Cx::system(), filter, 1).await.unwrap();
    assert_eq!(page.matched, u64::try_from(refused).ok(), "entries of refusals, and refusals");
}

/// A console with everybody who asks: strangers first, and last who may do everything.
async fn inhabited() -> (Console, Vec<Persona>) {
    let mut console = Console::start().await;
    let admin = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": "First Admin", "email": "first@example.com",
        "password": PASSWORD});
    let expired = told(&console, "POST", "/auth/register", admin).await;
    reeve_tests::limits::make_room(&console.engine).await.unwrap();
    // Beyond the ten minutes of a token; and the bucket that registering began to use fills with time alone.
    console.clock.advance(11 * MINUTE);
    let login = json!({"email": "first@example.com", "password": PASSWORD});
    let admin = told(&console, "POST", "/auth/login", login).await;
    console.sign(&admin);
    let revoked = joined(&console, "revoked", "admin").await;
    let ended = format!("/users/{}/sessions", revoked["user"]["id"].as_str().unwrap());
    assert_eq!(console.ask(Door::Server, "DELETE", &ended, None).await.status, 204);
    let nothing = told(&console, "POST", "/roles", json!({"name": "Nothing", "allowed": []})).await;
    let nothing = joined(&console, "nothing", nothing["id"].as_str().unwrap()).await;

    let persona = |name: &str, token, may| Persona { name: name.to_owned(), token, may, granted: None };
    let mut people = vec![
        persona("nobody", Value::Null, None),
        persona("somebody whose token is over", expired, None),
        persona("somebody whose session was ended", revoked, None),
        persona("somebody with a role of nothing", nothing, Some(Vec::new())),
        granted(&console).await,
    ];
    for role in Role::ALL.iter().rev() {
        let may = role.permissions().iter().map(|p| p.as_str()).collect();
        let token = joined(&console, role.as_str(), role.as_str()).await;
        people.push(persona(role.as_str(), token, Some(may)));
    }
    (console, people)
}

/// Somebody who holds nothing in the whole workspace, and for one of two tenants all that can be held for one.
async fn granted(console: &Console) -> Persona {
    let [own, other] = [tenant(console, "Own").await, tenant(console, "Other").await];
    let token = joined(console, "granted", "none").await;
    grant(console, &token, &own, "admin").await;
    let may = Permission::ALL.iter().filter(|p| p.is_of_a_tenant()).map(|p| p.as_str()).collect();
    let name = "somebody with a grant for a tenant".to_owned();
    Persona { name, token, may: Some(Vec::new()), granted: Some(Granted { own, other, may }) }
}

/// A new tenant's id.
async fn tenant(console: &Console, name: &str) -> String {
    let made = told(console, "POST", "/tenants", json!({"name": name, "tier": "free"})).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Lets somebody who came in hold a role for a tenant.
async fn grant(console: &Console, who: &Value, tenant: &str, role: &str) {
    let at = format!("/users/{}/grants/{tenant}", who["user"]["id"].as_str().unwrap());
    told(console, "PUT", &at, json!({"role": role})).await;
}

/// Somebody who is invited as `role` and comes in.
async fn joined(console: &Console, who: &str, role: &str) -> Value {
    let invite = json!({"email": format!("{who}@example.com"), "role": role});
    let made = told(console, "POST", "/invitations", invite).await;
    let accept = json!({"token": made["token"], "name": who, "password": PASSWORD});
    told(console, "POST", "/auth/invitation/accept", accept).await
}

async fn told(console: &Console, method: &str, path: &str, body: Value) -> Value {
    let reply = console.ask(Door::Server, method, path, Some(body)).await;
    assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.body);
    reply.body
}
