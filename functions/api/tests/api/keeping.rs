//! Tests the data that flows use: KV values, secrets and namespace files.

use crate::harness::{HELLO, Server};
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use std::io::{Cursor, Write as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_set_as_the_seeds_have_it() {
    let server = Server::new().await;
    // curl -X PUT -H "Content-Type: application/json" http://localhost:8080/api/v1/namespaces/bay-wheels/kv/GCP_CREDS
    //   -d "@../gcp-credentials.json"
    let key = json!({"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"});
    let request = Request::put("/api/v1/namespaces/bay-wheels/kv/GCP_CREDS")
        .header("content-type", "application/json")
        .body(Body::from(key.to_string()))
        .unwrap();
    let answered = server.send(request).await;
    assert_eq!((answered.status.as_u16(), answered.bytes.len()), (200, 0));
    let found = server.get("/namespaces/bay-wheels/kv/GCP_CREDS").await.ok();
    assert_eq!((&found["type"], &found["value"]), (&json!("JSON"), &key));
}

async fn put_at(server: &Server, key: &str) -> crate::harness::Answered {
    server.call("PUT", &format!("/namespaces/company.team/kv/{key}"), Some(("text/plain", "1"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_typed_listed_and_removed() {
    let server = Server::new().await;
    let put = |key: &'static str, kind: &'static str, body: &'static str| {
        let server = &server;
        async move { server.call("PUT", &format!("/namespaces/company.team/kv/{key}"), Some((kind, body))).await }
    };
    for (key, body, kind) in [
        ("text", "\"a b\"", "STRING"),
        ("number", "12", "NUMBER"),
        ("flag", "true", "BOOLEAN"),
        ("date", "2024-01-01", "DATE"),
        ("instant", "2024-01-01T00:00:00Z", "DATETIME"),
        ("duration", "PT5M", "DURATION"),
        ("list", "[1, 2]", "JSON"),
    ] {
        put(key, "text/plain", body).await.ok();
        assert_eq!(
            server.get(&format!("/namespaces/company.team/kv/{key}")).await.ok()["type"],
            kind,
            "{key}"
        );
    }
    for wrong in ["", "two words", "{\"a\":"] {
        assert!(put("bad", "application/json", wrong).await.refused(422).contains("Invalid JSON value"));
    }
    put("bad", "image/png", "x").await.refused(415);
    server.call("PUT", "/namespaces/a..b/kv/x", Some(("text/plain", "1"))).await.refused(422);
    for key in ["bad%20key", "_a", "a%2Fb", "%C3%A9"] {
        assert!(put_at(&server, key).await.refused(422).contains("is not a key"), "{key}");
    }
    server.get("/namespaces/company.team/kv/none").await.refused(404);

    let request = Request::put("/api/v1/namespaces/company/kv/short")
        .header("ttl", "PT1H")
        .header("description", "for an hour")
        .body(Body::from("1"))
        .unwrap();
    server.send(request).await.ok();
    let keys = server.get("/namespaces/company/kv").await.ok();
    assert_eq!(keys[0]["description"], "for an hour");
    assert!(keys[0]["expirationDate"].is_string() && keys[0]["creationDate"].is_string(), "{keys}");
    let request =
        Request::put("/api/v1/namespaces/company/kv/short").header("ttl", "an hour").body(Body::from("1"));
    server.send(request.unwrap()).await.refused(422);
    assert_eq!(server.get("/namespaces/company.team/kv/inheritance").await.ok()[0]["key"], "short");
    assert_eq!(server.get("/kv?q=date").await.ok()["total"], 1);
    let keys = async |query: &str| -> Vec<String> {
        let found = server.get(&format!("/kv?{query}")).await.ok();
        found["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["key"].as_str().unwrap().to_owned())
            .collect()
    };
    let ascending = keys("sort=key:asc&size=50").await;
    let mut descending = keys("sort=key:desc&size=50").await;
    descending.reverse();
    assert!(ascending.is_sorted() && ascending == descending, "{ascending:?}");
    assert_eq!(keys("sort=expirationDate:asc").await[0], "short");
    assert_eq!(keys("sort=updateDate:desc").await[0], "short");
    assert_eq!(server.get("/kv?q=short").await.ok()["results"][0]["type"], "NUMBER");
    server.get("/kv?sort=value:asc").await.refused(422);

    assert_eq!(server.delete("/namespaces/company.team/kv/text").await.ok(), true);
    assert_eq!(server.delete("/namespaces/company.team/kv/text").await.ok(), false);
    let removed =
        server.json("DELETE", "/namespaces/company.team/kv", json!({"keys": ["number", "none"]})).await;
    assert_eq!(removed.ok(), json!({"keys": ["number"]}));
    assert_eq!(server.get("/namespaces/company.team/kv").await.ok().as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_have_names_only() {
    let server = Server::new().await;
    let found = server.get("/namespaces/company.team/secrets").await;
    assert_eq!(
        found.ok(),
        json!({"readOnly": false, "results": [{"key": "TOKEN", "origin": "ENVIRONMENT"}], "total": 1})
    );
    server.get("/namespaces/a..b/secrets").await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_those_that_hold_something_and_those_above() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let found = server.get("/namespaces/search").await.ok();
    assert_eq!(
        found["results"],
        json!([{"id": "company", "disabled": true}, {"id": "company.team", "disabled": false}])
    );
    assert_eq!(server.get("/namespaces/search?existing=true").await.ok()["total"], 1);
    assert_eq!(server.get("/namespaces/company.team").await.ok()["disabled"], false);
    assert_eq!(
        server.get("/namespaces/company.team/dependencies").await.ok(),
        json!({"nodes": [], "edges": []})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_files_are_written_moved_and_removed() {
    let server = Server::new().await;
    let base = "/namespaces/company.team/files";
    let put = |path: &'static str, name: &'static str, content: Vec<u8>| {
        let server = &server;
        async move { server.form(&format!("{base}?path={path}"), &[("fileContent", Some(name), &content)]).await }
    };
    put("/scripts/a.py", "a.py", b"print(1)".to_vec()).await.ok();
    assert_eq!(server.get(&format!("{base}?path=/scripts/a.py")).await.text(), "print(1)");
    assert_eq!(server.get(&format!("{base}/search?q=a.p")).await.ok(), json!(["/scripts/a.py"]));
    let stats = server.get(&format!("{base}/stats?path=/scripts/a.py")).await.ok();
    assert_eq!(
        (&stats["type"], &stats["size"], &stats["fileName"]),
        (&json!("File"), &json!(8), &json!("a.py"))
    );
    assert_eq!(server.get(&format!("{base}/stats?path=/scripts")).await.ok()["type"], "Directory");
    assert_eq!(server.get(&format!("{base}/directory")).await.ok()[0]["fileName"], "scripts");
    server.post(&format!("{base}/directory?path=/empty")).await.ok();
    assert_eq!(server.get(&format!("{base}/directory?path=/empty")).await.ok(), json!([]));
    server.get(&format!("{base}/directory?path=/none")).await.refused(404);

    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("sql/one.sql", "select 1"), ("_flows/hello.yml", HELLO)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    put("/", "all.zip", archive.finish().unwrap().into_inner()).await.ok();
    assert_eq!(server.get(&format!("{base}?path=/sql/one.sql")).await.text(), "select 1");
    server.get("/flows/company.team/hello").await.ok();

    let moved = server.call("PUT", &format!("{base}?from=/sql&to=/queries"), None).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    server.get(&format!("{base}?path=/sql/one.sql")).await.refused(404);
    assert_eq!(server.get(&format!("{base}?path=/queries/one.sql")).await.text(), "select 1");
    server.call("PUT", &format!("{base}?from=/queries&to=/queries/in"), None).await.refused(422);
    server.call("PUT", &format!("{base}?from=/none&to=/x"), None).await.refused(404);
    let exported =
        zip::ZipArchive::new(Cursor::new(server.get(&format!("{base}/export")).await.bytes)).unwrap();
    let mut names: Vec<String> = exported.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, ["_flows/hello.yml", "queries/one.sql", "scripts/a.py"]);
    assert_eq!(server.delete(&format!("{base}?path=/scripts")).await.status, 200);
    server.delete(&format!("{base}?path=/scripts")).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_not_lost_to_an_older_text_or_a_taken_name() {
    let server = Server::new().await;
    let base = "/namespaces/company.team/files";
    let put = async |query: &str, content: &[u8]| {
        server.form(&format!("{base}?{query}"), &[("fileContent", Some("a.py"), content)]).await
    };
    let changed = async || {
        server.get(&format!("{base}/stats?path=/a.py")).await.ok()["lastModifiedTime"].as_i64().unwrap()
    };
    put("path=/a.py&lastModified=0", b"1").await.ok();
    let first = changed().await;
    assert!(put("path=/a.py&lastModified=0", b"2").await.refused(409).contains("exists already"));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    put(&format!("path=/a.py&lastModified={first}"), b"2").await.ok();
    assert!(
        put(&format!("path=/a.py&lastModified={first}"), b"3")
            .await
            .refused(409)
            .contains("changed meanwhile")
    );
    assert_eq!(server.get(&format!("{base}?path=/a.py")).await.text(), "2");
    put("path=/a.py&lastModified=yesterday", b"3").await.refused(422);

    put("path=/b.py", b"b").await.ok();
    server.call("PUT", &format!("{base}?from=/a.py&to=/b.py"), None).await.refused(409);
    assert_eq!(server.get(&format!("{base}?path=/b.py")).await.text(), "b");
    let now = changed().await;
    server.delete(&format!("{base}?path=/a.py")).await.ok();
    assert!(
        put(&format!("path=/a.py&lastModified={now}"), b"3").await.refused(409).contains("deleted meanwhile")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leaves_its_namespace() {
    let server = Server::new().await;
    let base = "/namespaces/company.team/files";
    for path in [
        "../x",
        "/../x",
        "/a/../../x",
        "%2e%2e/x",
        "/a/%2e%2e/%2e%2e/x",
        "a%00b",
        "a%5Cb",
        "..%2fx",
        "/a/./../../x",
    ] {
        server.form(&format!("{base}?path={path}"), &[("fileContent", Some("x"), b"x")]).await.refused(422);
        server.get(&format!("{base}?path={path}")).await.refused(422);
        server.delete(&format!("{base}?path={path}")).await.refused(422);
        server.post(&format!("{base}/directory?path={path}")).await.refused(422);
        server.call("PUT", &format!("{base}?from=/a&to={path}"), None).await.refused(422);
    }
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["good.txt", "../../evil.txt"] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(b"x").unwrap();
    }
    let zipped = archive.finish().unwrap().into_inner();
    server.form(&format!("{base}?path=/"), &[("fileContent", Some("a.zip"), &zipped)]).await.refused(422);
    assert_eq!(server.ports.storage.list("").await.unwrap(), [], "a bad name leaves nothing half done");
    server.get("/namespaces/..%2f..%2fx/files/search").await.refused(422);
    server.form(&format!("{base}?path=/a"), &[("other", Some("x"), b"x")]).await.refused(400);
    server.get(base).await.refused(400);
}
