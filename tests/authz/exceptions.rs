//! What is no rule, from the file beside: each with its reason, none without a use.

use crate::document::Route;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whom a route without a permission is open to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OpenTo {
    /// Nobody needs to be signed in: it is not asked here, for what it answers is about something else.
    Anyone,
    /// Everybody who is signed in.
    SignedIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    route: String,
    open_to: OpenTo,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    route: String,
    body: Value,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unasked {
    permission: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    /// Routes that need no permission.
    open: Vec<Open>,
    /// Routes that read their body before anybody asks who sent it, and read another one than the document's least.
    bodies: Vec<Asked>,
    /// Permissions that no route declares.
    permissions: Vec<Unasked>,
}

impl Exceptions {
    /// Those of the file, which fit `routes`: nothing is excepted that is not there, twice, or without a reason.
    pub(crate) fn read(routes: &[Route]) -> Self {
        let read: Self = serde_json::from_str(include_str!("exceptions.json")).unwrap();
        let mut seen = BTreeSet::new();
        let open = read.open.iter().map(|e| ("open", &e.route, &e.why));
        for (list, route, why) in open.chain(read.bodies.iter().map(|e| ("bodies", &e.route, &e.why))) {
            assert!(routes.iter().any(|r| r.name == *route), "{route} is no route any more");
            assert!(seen.insert((list, route.clone())), "{route} stands in {list} twice");
            assert!(why.len() > 10, "{route}: why?");
        }
        for asked in &read.bodies {
            let least = routes.iter().find(|r| r.name == asked.route).and_then(|r| r.body.as_ref());
            assert_ne!(least, Some(&asked.body), "{} needs no body of its own any more", asked.route);
        }
        assert!(
            read.permissions.iter().all(|e| e.why.len() > 10),
            "why is a permission asked for by no route?"
        );
        read
    }

    /// Whom a route is open to that declares no permission; `None` if it is not excepted.
    pub(crate) fn open_to(&self, route: &str) -> Option<OpenTo> {
        self.open.iter().find(|e| e.route == route).map(|e| e.open_to)
    }

    pub(crate) fn body(&self, route: &Route) -> Option<Value> {
        let own = self.bodies.iter().find(|e| e.route == route.name).map(|e| e.body.clone());
        own.or_else(|| route.body.clone())
    }

    /// The permissions that no route declares.
    pub(crate) fn unasked(&self) -> BTreeSet<&str> {
        self.permissions.iter().map(|e| e.permission.as_str()).collect()
    }
}
