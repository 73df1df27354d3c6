//! Sends invalid and hostile requests. Each must get an answer, and no answer may be a server error.

use crate::harness::{HELLO, PAUSING, SCHEDULED, Server, id};
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

const PATHS: [&str; 8] = ["x", "..", "%2e%2e%2f%2e%2e", "%00", "%ff", "a%2Fb", "{{ x }}", "\u{1F600}"];
const QUERIES: [&str; 6] = [
    "",
    "page=-1&size=99999999999&sort=::&revision=x&minLevel=LOUD&state=%00&labels=::::&startDate=9999-99-99&path=..%2f..",
    "page=4294967295&size=10000&timeRange=PT99999999999999999999S&filters[a][b]=c&path=kestra%3A%2F%2F%2F..%2Fx",
    "filters[namespace][REGEX]=((((&filters[labels][EQUALS]=x&q=%F0%9F%98%80&path=kestra%3A%2F%2F%2Fa&maxRows=0",
    "delete=perhaps&wait=%ff&status=NONE&newStatus=RUNNING&taskRunId=%00&triggerDate=x&encoding=%00&from=..&to=..&disabled=1",
    "status=SUCCESS&newStatus=FAILED&namespace=%00&flowId=..&path=%2F&from=%2Fa&to=%2Fb&disabled=true&q='%3B--&delete=true",
];
const BODIES: [(&str, &[u8]); 12] = [
    ("", b""),
    ("application/json", b"{"),
    ("application/json", b"null"),
    ("application/json", b"[null, {\"a\": [1e999]}, \"\\u0000\"]"),
    ("application/json", b"{\"namespace\": {}, \"triggers\": 3, \"keys\": [[]], \"start\": -1}"),
    ("application/x-yaml", b"a: &a [*a, *a]\nb: {{}}\n? x\n: y"),
    ("application/x-yaml", b"id: \xff\xfe\nnamespace: ../..\ntasks: 3"),
    ("text/plain", b"{{ range(0, 100000000) }}"),
    ("multipart/form-data; boundary=XX", b"--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--XX--"),
    ("multipart/form-data; boundary=XX", b"--XX\r\nContent-Disposition: form-data; name=\"fileUpload\"; filename=\"../x.zip\"\r\n\r\nPK\x03\x04\xff"),
    ("multipart/form-data", b"--"),
    ("application/x-www-form-urlencoded", b"%ff=%00&&&=="),
];

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_and_never_a_fault() {
    let server = Server::new().await;
    let document = server.get("/openapi.json").await.ok();
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "servers") {
            let method = method.to_uppercase();
            for (index, (kind, body)) in BODIES.iter().enumerate() {
                let part =
                    PATHS[(index + tried) % PATHS.len()].replace(' ', "%20").replace(['{', '}'], "%7B");
                let part = part
                    .chars()
                    .map(|c| if c.is_ascii() { c.to_string() } else { "%F0%9F%98%80".to_owned() });
                let part: String = part.collect();
                let filled: String = path
                    .split('/')
                    .map(|segment| if segment.starts_with('{') { part.clone() } else { segment.to_owned() })
                    .collect::<Vec<_>>()
                    .join("/");
                let query = QUERIES[index % QUERIES.len()];
                let mut request =
                    Request::builder().method(method.as_str()).uri(format!("/api/v1/main{filled}?{query}"));
                if !kind.is_empty() {
                    request = request.header("content-type", *kind);
                }
                let answered = server.send(request.body(Body::from(*body)).unwrap()).await;
                let what =
                    format!("{method} {filled}?{query} {kind}: {} {}", answered.status, answered.text());
                assert!(!answered.status.is_server_error(), "{what}");
                if answered.status.is_client_error() && method != "HEAD" {
                    let error: Value =
                        serde_json::from_slice(&answered.bytes).unwrap_or_else(|_| panic!("{what}"));
                    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}");
                }
            }
            tried += 1;
        }
    }
    assert!(tried > 120, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_there_make_nothing_worse() {
    let server = Server::new().await;
    server.deploy(&[HELLO, PAUSING, SCHEDULED]).await;
    let execution = id(&server.run("hello").await);
    let document = server.get("/openapi.json").await.ok();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|method| !["delete", "servers"].contains(&method.as_str()))
        {
            // These requests would change many things at once, so later requests would find nothing.
            let is_sweeping =
                path.contains("by-query") || path.contains("bulk") || path.ends_with("/flows/{namespace}");
            if is_sweeping && method != "get" {
                continue;
            }
            let of_flow = path.starts_with("/flows");
            let filled = path
                .replace("{namespace}", "company.team")
                .replace("{flowId}", "hello")
                .replace("{executionId}", &execution)
                .replace("{id}", if of_flow { "hello" } else { &execution })
                .replace("{taskId}", "say")
                .replace("{triggerId}", "monthly")
                .replace(['{', '}'], "");
            for (kind, body) in BODIES {
                let mut request =
                    Request::builder().method(method.to_uppercase().as_str()).uri(format!("/api/v1{filled}"));
                if !kind.is_empty() {
                    request = request.header("content-type", kind);
                }
                let answered = server.send(request.body(Body::from(body)).unwrap()).await;
                assert!(!answered.status.is_server_error(), "{method} {filled}: {}", answered.text());
            }
        }
    }
    server.get("/flows/company.team/hello").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    // A request of exactly the largest size is accepted. A request of one byte more is refused.
    let just = "x".repeat(16 * 1024 * 1024);
    server.call("PUT", "/namespaces/a/kv/b", Some(("text/plain", &just))).await.ok();
    let more = server.call("PUT", "/namespaces/a/kv/b", Some(("text/plain", &format!("{just}x")))).await;
    assert!(more.refused(413).contains("larger than 16 MiB"));
    let large = "x".repeat(16 * 1024 * 1024 + 1);
    server.yaml("POST", "/flows", &large).await.refused(413);
    server.call("PUT", "/namespaces/a/kv/b", Some(("text/plain", &large))).await.refused(413);
    server.form("/executions/company.team/hello", &[("name", None, large.as_bytes())]).await.refused(413);
    let stored =
        server.form("/executions/company.team/hello", &[("data", Some("a.bin"), large.as_bytes())]).await;
    assert!(stored.ok()["inputs"]["data"].is_string(), "a file may be larger than what is read as a whole");
    let parts = vec![("x", None, b"y".as_slice()); 1001];
    server.form("/executions/company.team/hello", &parts).await.refused(413);
    let many = "x=y&".repeat(2000);
    let form = Some(("application/x-www-form-urlencoded", many.as_str()));
    server.call("POST", "/executions/company.team/hello", form).await.refused(413);
}
