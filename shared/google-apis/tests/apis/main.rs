//! The APIs over the embedded platform, as clients see them: requests and answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is wrong here fails a test")]

mod bigquery;
mod pubsub;
mod secrets;
mod storage;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use segue_google_apis::GoogleApis;
use segue_ports::Ports;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

const SECRET: &str = "s3cret";

/// A platform in a folder, with its APIs.
struct World {
    router: Router,
    ports: Ports,
    dir: TempDir,
}

/// An answer that was read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The JSON of an answer that must be a success.
    fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }
}

impl World {
    fn new(is_open: bool) -> Self {
        Self::with(is_open, segue_embedded::EmbeddedOptions::default())
    }

    fn with(is_open: bool, options: segue_embedded::EmbeddedOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ports = segue_embedded::open_with(dir.path(), options).unwrap().ports;
        let apis = GoogleApis {
            ports: ports.clone(),
            internal_bucket: segue_embedded::INTERNAL_BUCKET.to_owned(),
            work: dir.path().join("google/work"),
            accounts: dir.path().join("google/accounts"),
            project: "demo".to_owned(),
            secret: SECRET.to_owned(),
            is_open,
        };
        Self { router: apis.router().unwrap(), ports, dir }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8088");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }
}

#[tokio::test]
async fn a_guarded_platform_lets_in_tokens_and_its_secret_only() {
    let world = World::new(false);
    let list = "/storage/v1/b?project=demo";
    assert_eq!(world.get(list).await.status, 401);
    assert_eq!(world.get(&format!("/_/{SECRET}{list}")).await.status, 200);
    assert_eq!(world.get(&format!("/_/wrong{list}")).await.status, 401);
    let flavor = ("metadata-flavor", "Google");
    let token = "/computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(world.send("GET", token, &[flavor], Body::empty()).await.status, 401);
    let given = world.send("GET", &format!("/_/{SECRET}{token}"), &[flavor], Body::empty()).await.ok();
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    assert_eq!(world.send("GET", list, &[("authorization", &bearer)], Body::empty()).await.status, 200);
    let foreign = World::new(false).send("GET", list, &[("authorization", &bearer)], Body::empty()).await;
    assert_eq!(foreign.status, 401, "a token of another server");
}

#[tokio::test]
async fn pages_and_other_names_are_refused_before_anything_is_done() {
    let world = World::new(true);
    let new = serde_json::json!({"name": "made-by-a-page"}).to_string();
    for header in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let headers = [header, ("content-type", "application/json")];
        assert_eq!(world.send("POST", "/storage/v1/b", &headers, new.clone()).await.status, 403);
        assert_eq!(world.send("GET", "/storage/v1/b", &[header], Body::empty()).await.status, 403);
    }
    let request =
        Request::builder().uri("/storage/v1/b").header("host", "rebind.evil.example").body(Body::empty());
    assert_eq!(world.router.clone().oneshot(request.unwrap()).await.unwrap().status(), 421);
    assert!(world.ports.objects.bucket("made-by-a-page").await.unwrap().is_none());
}
