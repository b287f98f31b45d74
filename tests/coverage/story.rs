//! A story that is told through the API while the entries it leaves are read.

use crate::seed::{self, Sown};
use reeve_tests::console::{Console, Door, Reply};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "a long enough passphrase 1";
const ACTIONS: [&str; 7] = ["CREATE", "UPDATE", "DELETE", "LINK", "UNLINK", "VIEW", "EXECUTE"];

/// What a request must leave: an event type, and for an update the fields it changed.
pub(crate) type Left<'a> = (&'a str, &'a [&'a str]);

pub(crate) struct Story {
    pub(crate) console: Console,
    pub(crate) tenant: String,
    pub(crate) sown: Sown,
    /// What was asked of each changing route.
    pub(crate) asked: BTreeMap<String, (String, Option<Value>)>,
}

impl Story {
    /// Registers the first person, makes a tenant and sows what no request brings about.
    pub(crate) async fn begin(mut console: Console) -> Self {
        let admin = json!({"workspace_name": "Meridian", "time_zone": "Europe/Berlin", "name": "First Admin",
            "email": "admin@example.com", "password": PASSWORD});
        let session = console.ask(Door::Server, "POST", "/auth/register", Some(admin.clone())).await;
        assert_eq!(session.status, 200, "{}", session.body);
        console.sign(&session.body);
        reeve_tests::limits::make_room(&console.engine).await.unwrap();
        let tenant = json!({"name": "Northwind", "tier": "starter"});
        let made = console.ask(Door::Server, "POST", "/tenants", Some(tenant.clone())).await;
        let id = made.body["id"].as_str().unwrap().to_owned();
        let all = entries(&console, "audit", 0).await;
        for (event, changed) in [("user.create", &[][..]), ("auth.login", &[]), ("tenant.create", &[])] {
            assert_left(&console, "registering", &all, (event, changed)).await;
        }
        let (mut sown, of) = (None, id.parse().unwrap());
        let console = console
            .reopen(|store| {
                let sown = &mut sown;
                async move { *sown = Some(seed::sow(store, of).await) }
            })
            .await;
        let mut story = Self { console, tenant: id, sown: sown.unwrap(), asked: BTreeMap::new() };
        story.note("post /auth/register", "/auth/register", Some(admin));
        story.note("post /tenants", "/tenants", Some(tenant));
        story.sign_in("admin@example.com").await;
        story
    }

    /// The changing routes that were asked.
    pub(crate) fn told(&self) -> BTreeSet<String> {
        self.asked.keys().cloned().collect()
    }

    pub(crate) fn note(&mut self, route: &str, path: &str, body: Option<Value>) {
        self.asked.insert(route.to_owned(), (path.to_owned(), body));
    }

    /// Signs somebody in, which is an entry.
    pub(crate) async fn sign_in(&mut self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        self.console.sign_out();
        let before = size(&self.console, "audit").await;
        let session = self.console.ask(Door::Server, "POST", "/auth/login", Some(body.clone())).await;
        assert_eq!(session.status, 200, "{}", session.body);
        self.console.sign(&session.body);
        self.note("post /auth/login", "/auth/login", Some(body));
        let new = entries(&self.console, "audit", before).await;
        let login = assert_left(&self.console, "signing in", &new, ("auth.login", &[])).await;
        assert_eq!(login["actor"]["id"], session.body["user"]["id"], "{login}");
        session.body
    }

    /// Asks, and looks for what must be left.
    pub(crate) async fn does(
        &mut self,
        route: &str,
        path: &str,
        body: Option<Value>,
        left: &[Left<'_>],
    ) -> Value {
        let method = route.split(' ').next().unwrap().to_uppercase();
        let before = size(&self.console, "audit").await;
        let reply = self.console.ask(Door::Server, &method, path, body.clone()).await;
        assert!((200..300).contains(&reply.status), "{route} {path}: {} {}", reply.status, reply.body);
        self.note(route, path, body);
        let new = entries(&self.console, "audit", before).await;
        assert!(!new.is_empty(), "{route} left no entry");
        // What Reeve does of itself meanwhile, such as taking a new key, is another story.
        new.iter().filter(|entry| entry["actor"]["id"] != "system").for_each(|entry| whole(route, entry));
        for wanted in left {
            let found = assert_left(&self.console, route, &new, *wanted).await;
            assert_eq!(found["actor"]["name"], "First Admin", "{route}: {found}");
            assert_eq!(found["outcome"], "success", "{route}: {found}");
        }
        reply.body
    }
}

/// How many entries a stream has.
pub(crate) async fn size(console: &Console, stream: &str) -> u64 {
    let stream = reeve_engine::audit::Stream::parse(stream).unwrap();
    console.engine.audit_head(&reeve_engine::Cx::system(), stream).await.unwrap().size
}

/// The entries of a stream from `first` on, as a person at the command line would read them: in full.
pub(crate) async fn entries(console: &Console, stream: &str, first: u64) -> Vec<Value> {
    let stream = reeve_engine::audit::Stream::parse(stream).unwrap();
    let cx = reeve_engine::Cx::system();
    let mut found = Vec::new();
    for n in first..console.engine.audit_head(&cx, stream).await.unwrap().size {
        let entry = console.engine.audit_entry(&cx, stream, n).await.unwrap();
        let d = &entry.described;
        let changes = entry.changes.iter().map(|c| json!([c.field, c.before, c.after])).collect::<Vec<_>>();
        found.push(json!({"sequence": n, "event_type": d.event_type, "action": d.action, "severity": d.severity,
            "outcome": d.outcome, "actor": {"type": d.actor.kind, "id": d.actor.id, "name": d.actor.name},
            "resource": d.resource.as_ref().map(|r| json!([r.kind, r.id])), "via": d.via, "summary": d.summary,
            "changes": changes, "metadata": entry.metadata, "leaf": entry.leaf}));
    }
    found
}

/// Finds what must be left, and sees to it that it says everything an entry must say.
pub(crate) async fn assert_left(
    console: &Console,
    what: &str,
    new: &[Value],
    (event, changed): Left<'_>,
) -> Value {
    let kinds: Vec<_> = new.iter().map(|e| e["event_type"].as_str().unwrap()).collect();
    let found = new.iter().rev().find(|e| e["event_type"] == event);
    let Some(found) = found else { panic!("{what} left {kinds:?} and no {event}") };
    whole(what, found);
    for field in changed {
        let change = found["changes"].as_array().unwrap().iter().find(|c| c[0] == *field);
        let Some(change) = change else { panic!("{what}: {field} is not among the changes of {found}") };
        assert_ne!(change[1], change[2], "{what}: {found}");
    }
    // And it is found by whoever looks for it.
    let list =
        console.ask(Door::Server, "GET", &format!("/audit/logs?event_type={event}&limit=1000"), None).await;
    if let Some(items) = list.body["items"].as_array() {
        assert!(
            items.iter().any(|item| item["sequence"] == found["sequence"]),
            "{what}: {found} is not listed"
        );
    }
    found.clone()
}

/// What every entry says.
pub(crate) fn whole(what: &str, entry: &Value) {
    let word = |key: &str| entry[key].as_str().unwrap_or_default();
    assert!(ACTIONS.contains(&word("action")), "{what}: {entry}");
    assert!(word("event_type").contains('.'), "{what}: {entry}");
    assert!(["info", "notice", "warning", "critical"].contains(&word("severity")), "{what}: {entry}");
    assert!(["success", "failure", "denied", "pending"].contains(&word("outcome")), "{what}: {entry}");
    assert!(entry["actor"]["id"].as_str().is_some_and(|id| !id.is_empty()), "{what}: {entry}");
    assert!(entry["resource"][1].as_str().is_some_and(|id| !id.is_empty()), "{what}: {entry}");
    assert!(!word("summary").is_empty(), "{what}: {entry}");
    if word("action") == "UPDATE" && word("outcome") == "success" {
        assert!(
            !entry["changes"].as_array().unwrap().is_empty(),
            "{what}: an update says what changed: {entry}"
        );
    }
    for secret in [PASSWORD, "sk-0123456789"] {
        assert!(!word("leaf").contains(secret), "{what}: a secret is in the ledger");
    }
}

/// Whether a reply is a problem of this status and code.
pub(crate) fn assert_problem(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!((reply.status, reply.body["code"].as_str()), (status, Some(code)), "{what}: {}", reply.body);
}
