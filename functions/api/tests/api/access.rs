//! Tests who may use the API, and how the API slows down callers that guess passwords.

use crate::harness::{Answered, HELLO, Server};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_fn_api::{Access, BasicAuth, Token};
use std::net::SocketAddr;
use std::sync::Arc;

const SEARCH: &str = "/api/v1/main/flows/search";

async fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], from: &str) -> Answered {
    let from: SocketAddr = format!("{from}:1").parse().unwrap();
    let mut request = Request::builder().method(method).uri(path).extension(ConnectInfo(from));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(user))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_passwords_waits_and_nobody_else_does() {
    let auth = BasicAuth { username: "me@example.com".to_owned(), password: "pass".to_owned() };
    let server = Server::guarded(Some(auth)).await;
    let (right, wrong) = (basic("me@example.com:pass"), basic("me@example.com:guess"));
    let mut codes = Vec::new();
    for _ in 0..20 {
        let answered = ask(&server, "GET", SEARCH, &[("authorization", &wrong)], "192.0.2.1").await;
        if answered.status.as_u16() == 429 {
            let seconds: u64 = answered.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=61).contains(&seconds), "{seconds}");
            answered.refused(429);
        }
        codes.push(answered.status.as_u16());
    }
    assert_eq!(codes[..6], [401; 6]);
    assert!(codes[6..].iter().filter(|code| **code == 429).count() > 8, "{codes:?}");
    ask(&server, "GET", SEARCH, &[("authorization", &right)], "192.0.2.2").await.ok();
    ask(&server, "GET", SEARCH, &[], "192.0.2.1").await.refused(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_demanded_from_everybody() {
    let token = Arc::new(Token::new(8080));
    let server = Server::with(Access { token: Some(token.clone()), ..Access::default() }).await;
    let get =
        async |path: &str, headers: &[(&str, &str)]| ask(&server, "GET", path, headers, "127.0.0.1").await;
    for path in [SEARCH, "/prometheus", "/api/v1/nothing"] {
        let refused = get(path, &[]).await;
        assert!(refused.refused(401).contains("server.json"));
        assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"Segue\"");
        get(path, &[("authorization", "Bearer x")]).await.refused(401);
        get(path, &[("authorization", &basic("me:x"))]).await.refused(401);
        get(path, &[("cookie", "segue-8080=x")]).await.refused(401);
    }
    let bearer = format!("Bearer {}", token.secret());
    get(SEARCH, &[("authorization", &bearer)]).await.ok();
    get(SEARCH, &[("authorization", &basic(&format!("any:{}", token.secret())))]).await.ok();
    for open in ["/health", "/api/v1/configs"] {
        assert!(get(open, &[]).await.status.is_success(), "{open}");
    }
    assert_eq!(get("/", &[]).await.headers["location"], "/ui/");
    for page in ["/ui", "/ui/", "/ui/main/flows", "/ui/assets/a.js"] {
        get(page, &[]).await.refused(401);
        assert_ne!(get(page, &[("authorization", &bearer)]).await.status.as_u16(), 401, "{page}");
    }
    // A webhook needs no token, so an unknown key gets 404 and not 401.
    get("/api/v1/main/executions/webhook/a/b/key", &[]).await.refused(404);
    ask(&server, "POST", "/api/v1/main/executions/webhook/a", &[], "127.0.0.1").await.refused(401);

    let link = token.link();
    assert!(ask(&server, "HEAD", &link, &[], "127.0.0.1").await.status.is_success());
    let entered = get(&link, &[]).await;
    assert_eq!((entered.status.as_u16(), &entered.headers["location"]), (303, &"/".parse().unwrap()));
    let cookie = entered.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    get(SEARCH, &[("cookie", &cookie)]).await.ok();
    get(&link, &[]).await.refused(403);
    let foreign = [("cookie", &*cookie), ("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:9999")];
    ask(&server, "POST", "/api/v1/flows", &foreign, "127.0.0.1").await.refused(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_is_down() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    assert_eq!(ask(&server, "GET", "/health", &[], "127.0.0.1").await.ok()["status"], "UP");
    // From now on, reading the store works, but writing fails, as on a full disk.
    let database = server.directory.path().join("segue.db");
    let store = rusqlite::Connection::open(&database).unwrap();
    store
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON probe BEGIN SELECT RAISE(FAIL, 'disk is full'); END",
        )
        .unwrap();
    server.get("/flows/company.team/hello").await.ok();
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let down = ask(&server, "GET", "/health", &[], "127.0.0.1").await;
    assert_eq!(down.status.as_u16(), 503, "{}", down.text());
    let body: serde_json::Value = serde_json::from_slice(&down.bytes).unwrap();
    assert_eq!(body["status"], "DOWN");
    assert!(
        body["details"]["stateStore"]["details"]["error"].as_str().unwrap().contains("disk is full"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_address_answers_webhooks_and_nothing_else() {
    let server = Server::with(Access { webhooks_only: true, ..Access::default() }).await;
    let call = async |method: &str, path: &str| ask(&server, method, path, &[], "192.0.2.1").await;
    let missing = call("POST", "/api/v1/main/executions/webhook/a/b/key").await;
    assert!(!missing.refused(404).contains("webhooks only"), "the webhook itself is asked");
    assert!(call("GET", "/health").await.status.is_success());
    for path in [
        "/",
        "/ui/",
        SEARCH,
        "/prometheus",
        "/api/v1/configs",
        "/api/v1/main/executions/webhook/a",
        "/openapi.json",
    ] {
        assert!(call("GET", path).await.refused(404).contains("webhooks only"), "{path}");
    }
    assert!(
        call("DELETE", "/api/v1/main/executions/webhook/a/b/key")
            .await
            .refused(404)
            .contains("webhooks only")
    );
    assert!(call("POST", "/api/v1/main/executions/a/b").await.refused(404).contains("webhooks only"));
}
