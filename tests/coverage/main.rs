//! What the audit trail must hold: every route that changes something writes an entry when it is asked, and every denial,
//! sign-in, export and look at a secret is one. The routes are the OpenAPI document's own, so a new one without a case fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod denials;
mod seed;
mod story;
mod tale;

use reeve_tests::console::Console;
use serde_json::Value;
use std::collections::BTreeSet;
use story::Story;

/// Routes that change nothing which people, auditors or a bill would ask for; each with its reason.
const NO_ENTRY: &[(&str, &str)] = &[
    ("post /budgets/check", "asks what would be refused, and reserves nothing"),
    ("post /auth/invitation", "shows an invitation to whoever holds its token, before it is taken up"),
    (
        "post /auth/ws-tickets",
        "a ticket lives for 30 seconds and opens a stream of hints that say no more than the session may read",
    ),
];

/// The methods and paths of the document.
fn routes() -> BTreeSet<String> {
    let document = serde_json::to_value(reeve_api::openapi()).unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    document["paths"].as_object().unwrap().iter().flat_map(methods).collect()
}

fn changes_something(route: &str) -> bool {
    ["post ", "put ", "patch ", "delete "].iter().any(|method| route.starts_with(method))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_and_every_denial_is_an_entry() {
    let story = tale::tell(Story::begin(Console::start().await).await).await;
    let (told, routes) = (story.told(), routes());
    for route in routes.iter().filter(|route| changes_something(route)) {
        let reason = NO_ENTRY.iter().find(|(name, _)| name == route);
        assert!(
            told.contains(route) != reason.is_some(),
            "{route}: a changing route has either a case in tale.rs or a reason in NO_ENTRY"
        );
    }
    for (route, _) in NO_ENTRY {
        assert!(routes.contains(*route), "{route} is no route any more");
    }
    denials::try_all(story, &routes).await;
}
