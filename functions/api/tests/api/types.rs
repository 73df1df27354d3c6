//! Each answer is parsed into its type and written as JSON again. The JSON must be equal, so that clients lose no
//! field.

use crate::harness::{FAILING, HELLO, SCHEDULED, Server, id};
use segue_api_types as types;
use segue_api_types::Page;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[track_caller]
fn same<T: Serialize + DeserializeOwned>(answer: &Value) {
    let read: T =
        serde_json::from_value(answer.clone()).unwrap_or_else(|error| panic!("{error}: {answer:#}"));
    assert_eq!(&json!(read), answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_and_executions_read_back() {
    let server = Server::new().await;
    server.deploy(&[HELLO, SCHEDULED, FAILING]).await;
    let run = server.run("hello").await;
    same::<types::Execution>(&run);
    server.run("failing").await;
    let execution = format!("/executions/{}", id(&run));
    same::<types::Execution>(&server.get(&execution).await.ok());
    same::<types::FlowToExecute>(&server.get(&format!("{execution}/flow")).await.ok());
    same::<types::Graph>(&server.get(&format!("{execution}/graph")).await.ok());
    same::<Page<types::Execution>>(&server.get("/executions/search").await.ok());
    same::<Vec<types::FlowToExecute>>(&server.get("/executions/namespaces/company.team/flows").await.ok());
    same::<types::Flow>(&server.get("/flows/company.team/hello?source=true").await.ok());
    same::<Page<types::Flow>>(&server.get("/flows/search").await.ok());
    same::<Page<types::FlowSearchHit>>(&server.get("/flows/source?q=hello").await.ok());
    same::<types::Dependencies>(&server.get("/flows/company.team/hello/dependencies").await.ok());
    let wrong =
        server.yaml("POST", "/flows/validate", "id: f\nnamespace: n\ntasks:\n- id: t\n  type: none\n").await;
    same::<Vec<types::FlowValidation>>(&wrong.ok());
    same::<types::InputsValidation>(&server.post("/executions/company.team/hello/validate").await.ok());
    let refused = server.get("/flows/company.team/none").await;
    same::<types::Error>(&serde_json::from_slice(&refused.bytes).unwrap());
    let refused = server.json("POST", "/executions/restart/by-ids", json!(["none"])).await;
    same::<types::Error>(&serde_json::from_slice(&refused.bytes).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_backfills_and_logs_read_back() {
    let server = Server::new().await;
    server.deploy(&[HELLO, SCHEDULED]).await;
    let made = id(&server.run("hello").await);
    let key = json!({"namespace": "company.team", "flowId": "scheduled", "triggerId": "monthly"});
    let mut update = key.clone();
    update["backfill"] = json!({"start": "2021-01-01T00:00:00Z", "end": "2021-03-31T00:00:00Z"});
    same::<types::Trigger>(&server.json("PUT", "/triggers", update).await.ok());
    same::<Page<types::TriggerHit>>(&server.get("/triggers/search").await.ok());
    same::<Page<types::Backfill>>(&server.get("/backfills").await.ok());
    let request = json!({"namespace": "company.team", "flowId": "scheduled", "start": "2021-01-01", "end": "2021-03-31"});
    same::<types::BackfillPreview>(&server.json("POST", "/backfills/preview", request).await.ok());
    same::<Vec<types::LogEntry>>(&server.get(&format!("/logs/{made}")).await.ok());
    same::<types::LogsPage>(&server.get("/logs/search").await.ok());
    same::<Page<types::Metric>>(&server.get(&format!("/metrics/{made}")).await.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_plugins_and_the_server_read_back() {
    let server = Server::new().await;
    server.deploy(&[HELLO]).await;
    let kv = "/namespaces/company.team/kv";
    server.json("PUT", &format!("{kv}/key"), json!({"a": 1})).await.ok();
    same::<Vec<types::KvKey>>(&server.get(kv).await.ok());
    same::<types::KvValue>(&server.get(&format!("{kv}/key")).await.ok());
    let files = "/namespaces/company.team/files";
    server.form(&format!("{files}?path=/a/b.txt"), &[("fileContent", Some("b.txt"), b"text")]).await.ok();
    same::<Vec<types::NamespaceFile>>(&server.get(&format!("{files}/directory?path=/a")).await.ok());
    same::<types::NamespaceFile>(&server.get(&format!("{files}/stats?path=/a")).await.ok());
    same::<Page<types::Namespace>>(&server.get("/namespaces/search").await.ok());
    same::<types::SecretPage>(&server.get("/namespaces/company.team/secrets").await.ok());
    same::<Vec<types::PluginGroup>>(&server.get("/plugins").await.ok());
    same::<types::PluginDoc>(&server.get("/plugins/io.kestra.plugin.core.log.Log").await.ok());
    same::<BTreeMap<String, types::PluginIcon>>(&server.get("/plugins/icons").await.ok());
    same::<Vec<types::InputType>>(&server.get("/plugins/inputs").await.ok());
    same::<types::Configs>(&server.get("/configs").await.ok());
}
