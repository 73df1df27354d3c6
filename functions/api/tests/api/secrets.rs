//! Secrets are set, listed and deleted, and their values are never answered.

use crate::harness::Server;
use serde_json::json;

const READER: &str = "id: reader
namespace: company.team
tasks:
- id: say
  type: io.kestra.plugin.core.debug.Return
  format: \"{{ secret('api_key') }} {{ secret('ABSENT') }}\"
";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_set_and_never_answered() {
    let server = Server::new().await;
    server.deploy(&[READER]).await;
    let one = "/namespaces/company.team/secrets/api_key";
    let missing = async || server.get("/namespaces/company.team/secrets/missing").await.ok();
    let names = |list: serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|secret| secret["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(missing().await), ["ABSENT", "API_KEY"]);
    server.call("PUT", one, Some(("text/plain", "first value"))).await.ok();
    assert_eq!(names(missing().await), ["ABSENT"]);
    let list = server.get("/namespaces/company.team/secrets?sort=key:asc").await;
    assert!(!list.text().contains("first value"));
    let list = list.ok();
    let kept = &list["results"][0];
    assert_eq!((&kept["key"], &kept["origin"]), (&json!("API_KEY"), &json!("STORE")));
    assert_eq!(kept["flows"], json!([{"id": "reader", "namespace": "company.team"}]));
    assert!(kept["updated"].is_string());
    assert_eq!(list["results"][1]["origin"], "ENVIRONMENT");

    server.call("PUT", "/namespaces/company.team/secrets/absent", Some(("text/plain", "x"))).await.ok();
    server.call("PUT", one, Some(("text/plain", "second"))).await.ok();
    let done = server.run("reader").await;
    assert_eq!(done["state"]["current"], "SUCCESS", "{done:#}");

    let fixed = "/namespaces/company.team/secrets/TOKEN";
    let refused = server.call("PUT", fixed, Some(("text/plain", "x"))).await.refused(409);
    assert!(refused.contains("SECRET_TOKEN"), "{refused}");
    server
        .call("PUT", "/namespaces/company.team/secrets/a%20b", Some(("text/plain", "x")))
        .await
        .refused(422);
    server.delete(one).await.ok();
    server.delete(one).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_with_files_only_is_known() {
    let server = Server::new().await;
    let address = "/namespaces/only.files/files?path=/a.txt";
    server.form(address, &[("fileContent", Some("a.txt"), b"x")]).await.ok();
    let found = server.get("/namespaces/search?size=100&sort=id:asc").await.ok();
    assert_eq!(
        found["results"],
        json!([{"id": "only", "disabled": true}, {"id": "only.files", "disabled": true}])
    );
}
