//! Who gets in.

use super::{Ask, House, PASSWORD, credentials, registration};
use http::header::SET_COOKIE;
use serde_json::json;

#[tokio::test]
async fn a_session_begins_renews_and_ends() {
    let (house, first) = House::settled().await;
    let set = first.headers[SET_COOKIE].to_str().unwrap();
    assert!(
        set.contains("HttpOnly; SameSite=Strict")
            && set.contains("Path=/api/v1/auth")
            && !set.contains("Secure"),
        "{set}"
    );
    assert_eq!((&first.body["user"]["role"], &first.body["expires_in"]), (&json!("admin"), &json!(600)));
    let me = house.ask(Ask::get("/auth/me").bearer(first.token())).await;
    assert_eq!((me.status.as_u16(), &me.body["via"]), (200, &json!("session")));
    assert!(me.body["scopes"].as_array().unwrap().contains(&json!("tenant:write")));

    let second = house.ask(Ask::post("/auth/refresh", json!(null)).cookie(&first.cookie())).await;
    assert_eq!(second.status, 200);
    let out = house
        .ask(Ask::post("/auth/logout", json!(null)).bearer(second.token()).cookie(&second.cookie()))
        .await;
    assert_eq!(out.status, 204);
    assert!(out.headers[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let after = house.ask(Ask::get("/auth/me").bearer(second.token())).await;
    assert_eq!((after.status.as_u16(), &after.body["code"]), (401, &json!("unauthenticated")));
    let again = house.ask(Ask::post("/auth/refresh", json!(null)).cookie(&second.cookie())).await;
    assert_eq!(again.status, 401);
    assert!(
        again.headers[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"),
        "a cookie that is no good goes"
    );
}

#[tokio::test]
async fn a_second_page_with_the_same_cookie_goes_on_with_the_same_successor() {
    let (house, first) = House::settled().await;
    let second = house.ask(Ask::post("/auth/refresh", json!(null)).cookie(&first.cookie())).await;
    let beside = house.ask(Ask::post("/auth/refresh", json!(null)).cookie(&first.cookie())).await;
    assert_eq!(beside.status, 200);
    assert_eq!(beside.cookie(), second.cookie(), "whichever answer comes last, the browser goes on");
    for page in [second.token(), beside.token()] {
        assert_eq!(house.ask(Ask::get("/auth/me").bearer(page)).await.status, 200);
    }
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_see() {
    let (house, _) = House::settled().await;
    for path in [
        "/tenants",
        "/budgets",
        "/overview",
        "/audit/logs",
        "/settings",
        "/auth/me",
        "/prices",
        "/audit/health",
    ] {
        let answer = house.ask(Ask::get(path)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["www-authenticate"].to_str().unwrap()),
            (401, "Bearer"),
            "{path}"
        );
        assert_eq!(house.ask(Ask::get(path).bearer("eyJhbGciOiJub25lIn0.e30.")).await.status, 401, "{path}");
    }
    assert_eq!(house.ask(Ask::get("/setup")).await.status, 200);
}

#[tokio::test]
async fn the_window_is_its_owner_until_there_is_a_password() {
    let house = House::new().await;
    let before = house.ask(Ask::get("/setup").window()).await.body;
    assert_eq!(
        (&before["state"], &before["sign_in"], &before["host"]),
        (&json!("needs_admin"), &json!("open"), &json!("window"))
    );
    let over_http = house.ask(Ask::post("/auth/register", registration(None))).await;
    assert_eq!(over_http.body["fields"][0]["field"], "password");
    let registered = house.ask(Ask::post("/auth/register", registration(None)).window()).await;
    assert_eq!(registered.status, 200, "{}", registered.body);
    let me = house.ask(Ask::get("/auth/me").window()).await;
    assert_eq!(me.body["via"], "window");
    assert_eq!(house.ask(Ask::get("/auth/me")).await.status, 401, "the network is not the window");
    assert_eq!(house.ask(Ask::get("/setup")).await.body["sign_in"], "password");

    let change = json!({ "current_password": null, "new_password": PASSWORD });
    let set = Ask::new(&http::Method::PUT, "/api/v1/auth/password").body(change).window();
    assert_eq!(house.ask(set).await.status, 204);
    assert_eq!(house.ask(Ask::get("/auth/me").window()).await.status, 401);
    assert_eq!(house.ask(Ask::get("/setup").window()).await.body["sign_in"], "password");
    assert_eq!(house.ask(Ask::post("/auth/login", credentials()).window()).await.status, 200);
}

#[tokio::test]
async fn other_names_and_other_sites_are_refused() {
    let (house, session) = House::settled().await;
    let list = || Ask::get("/tenants").bearer(session.token());
    assert_eq!(house.ask(list().header("host", "localhost:4140")).await.status, 200);
    let refused = [
        list().header("host", "evil.example"),
        list().header("host", "localhost:4140").header("origin", "http://evil.example"),
        list().header("host", "localhost:4140").header("origin", "null"),
        list().header("host", "localhost:4140").header("origin", "http://localhost:9999"),
        list().header("sec-fetch-site", "cross-site"),
        list().header("sec-fetch-site", "same-site"),
    ];
    for ask in refused {
        let headers = format!("{:?}", ask.0.headers_ref());
        let answer = house.ask(ask).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (403, &json!("forbidden")), "{headers}");
    }
    let own = list()
        .header("host", "localhost:4140")
        .header("origin", "http://localhost:4140")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(house.ask(own).await.status, 200);
    let window = Ask::get("/setup").window().header("host", "evil.example");
    assert_eq!(house.ask(window).await.status, 200, "nothing but this process reaches the window's door");
}

#[tokio::test]
async fn a_form_is_no_json() {
    let house = House::new().await;
    let mut ask = Ask::post("/auth/register", registration(Some(PASSWORD)));
    ask.0.headers_mut().unwrap().insert("content-type", "text/plain".parse().unwrap());
    let answer = house.ask(ask).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (415, &json!("invalid")));
    assert!(house.engine.needs_setup());
}

#[tokio::test]
async fn guesses_are_slowed_and_told_when_to_come_back() {
    let (house, _) = House::settled().await;
    let guess = || {
        Ask::post("/auth/login", json!({ "email": "owner@example.com", "password": "not this one, surely" }))
    };
    for _ in 0..5 {
        assert_eq!(house.ask(guess()).await.status, 401);
    }
    let slowed = house.ask(guess()).await;
    assert_eq!((slowed.status.as_u16(), &slowed.body["code"]), (429, &json!("rate_limited")));
    assert!(slowed.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn an_open_vault_takes_no_recovery_code() {
    let (house, session) = House::settled().await;
    let answer = house.ask(Ask::post("/vault/unlock", json!({ "recovery_code": "x" }))).await;
    assert_eq!(answer.body["code"], "precondition_failed");
    assert_eq!(house.ask(Ask::post("/vault/recovery-code", json!(null))).await.status, 401);
    let code = house.ask(Ask::post("/vault/recovery-code", json!(null)).bearer(session.token())).await;
    assert!(code.body["recovery_code"].as_str().unwrap().len() > 30, "{}", code.body);
}
