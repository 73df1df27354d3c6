use super::*;
use crate::server::{PASSWORD, USER};
use crate::sync_flow::SyncFlow;
use crate::testing::{Platform, flow, merged};
use segue_model::Json;

fn task(url: &str, more: Json) -> Json {
    merged(json!({"url": url, "targetNamespace": "prod"}), more)
}

async fn rows(platform: &Platform, task: Json) -> Vec<String> {
    let outputs = platform.run(SyncFlows::TYPE, task).await.outputs();
    let rows = platform.rows(&outputs["flows"]).await;
    let text = |row: &Json| {
        let field = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}.{} {}",
            field("syncState"),
            field("gitPath"),
            field("namespace"),
            field("flowId"),
            row["revision"]
        )
    };
    rows.iter().map(text).collect()
}

async fn stored(platform: &Platform) -> Vec<String> {
    let flows = platform.ports.state.flows(None).await.unwrap();
    flows.iter().map(|flow| format!("{}.{} {}", flow.namespace, flow.id, flow.revision)).collect()
}

#[tokio::test]
async fn the_flows_of_a_namespace_follow_the_folder() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    let (a, b, child) = (flow("a", "dev", "1"), flow("b", "dev", "1"), flow("c", "dev.x", "1"));
    let commit = |files: &[(&str, Option<&str>)]| platform.server.commit("flows", "main", files);
    commit(&[
        ("_flows/a.yml", Some(&a)),
        ("_flows/b.yaml", Some(&b)),
        ("_flows/x/y/c.yml", Some(&child)),
        ("_flows/README.md", Some("no flow")),
    ]);
    let now = jiff::Timestamp::UNIX_EPOCH;
    for (namespace, id) in
        [("prod", "old"), ("prod.x.y", "c"), ("production", "other"), ("company.team", "flow")]
    {
        platform.ports.state.put_flow(namespace, id, &flow(id, namespace, "0"), now).await.unwrap();
    }
    let before = stored(&platform).await;
    let added = ["ADDED _flows/a.yml prod.a null", "ADDED _flows/b.yaml prod.b null"];
    assert_eq!(rows(&platform, task(&url, json!({"dryRun": true}))).await, added);
    assert_eq!(stored(&platform).await, before);
    let added = ["ADDED _flows/a.yml prod.a 1", "ADDED _flows/b.yaml prod.b 1"];
    assert_eq!(rows(&platform, task(&url, json!({}))).await, added);
    let source = platform.ports.state.flow("prod", "a", None).await.unwrap().unwrap().source;
    assert_eq!(source, flow("a", "prod", "1"));

    let test = "id: t\nnamespace: dev\nflowId: a\ntestCases: []\n";
    commit(&[
        ("_flows/a.yml", Some(&flow("a", "dev", "2"))),
        ("_flows/b.yaml", None),
        ("_flows/a.test.yml", Some(test)),
    ]);
    let all = json!({"includeChildNamespaces": true, "delete": true});
    let changed = [
        "UPDATED _flows/a.yml prod.a 2",
        "UPDATED _flows/x/y/c.yml prod.x.y.c 2",
        "DELETED - prod.b 1",
        "DELETED - prod.old 1",
    ];
    assert_eq!(rows(&platform, task(&url, all.clone())).await, changed);
    assert_eq!(
        stored(&platform).await,
        ["company.team.flow 1", "prod.a 2", "prod.x.y.c 2", "production.other 1"]
    );
    // The message comes a second time: no revision is added.
    let same = ["UNCHANGED _flows/a.yml prod.a 2", "UNCHANGED _flows/x/y/c.yml prod.x.y.c 2"];
    assert_eq!(rows(&platform, task(&url, all)).await, same);
    // The flow that runs the task stays.
    let own = json!({"targetNamespace": "company.team", "delete": true, "gitDirectory": "_flows/x/y"});
    assert_eq!(rows(&platform, task(&url, own)).await, ["ADDED _flows/x/y/c.yml company.team.c 1"]);
    assert!(stored(&platform).await.contains(&"company.team.flow 1".to_owned()));
}

#[tokio::test]
async fn one_invalid_flow_changes_nothing_unless_it_is_ignored() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    let good = flow("a", "dev", "1");
    let bad = good.replace("id: a", "id: b").replace("log.Log", "log.Lag");
    platform.server.commit("flows", "main", &[("_flows/a.yml", Some(&good)), ("_flows/b.yml", Some(&bad))]);
    let error = platform.run(SyncFlows::TYPE, task(&url, json!({"delete": true}))).await.error();
    assert!(error.contains("_flows/b.yml: line ") && error.contains("Nothing was changed"), "{error}");
    assert!(stored(&platform).await.is_empty());
    let run = platform.run(SyncFlows::TYPE, task(&url, json!({"ignoreInvalidFlows": true}))).await;
    assert!(run.log_text().contains("WARN a flow is left out: _flows/b.yml"), "{}", run.log_text());
    assert_eq!(stored(&platform).await, ["prod.a 1"]);
    platform.server.commit("flows", "main", &[("_flows/b.yml", Some(&good))]);
    let error = platform.run(SyncFlows::TYPE, task(&url, json!({}))).await.error();
    assert!(error.contains("the flow 'a' is in _flows/a.yml and in _flows/b.yml"), "{error}");
    let error = platform.run(SyncFlows::TYPE, task(&url, json!({"password": "s3cret"}))).await.error();
    assert!(error.contains("check username and password") && !error.contains("s3cret"), "{error}");
    let error = platform.run(SyncFlows::TYPE, task(&url, json!({"gitDirectory": "none"}))).await.error();
    assert!(error.contains("has no folder 'none'"), "{error}");
}

#[tokio::test]
async fn one_flow_is_saved_by_its_path() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    platform.server.commit("flows", "main", &[("x/a.yml", Some(&flow("a", "dev", "1")))]);
    let run = async |more| {
        platform.run(SyncFlow::TYPE, task(&url, merged(json!({"flowPath": "x/a.yml"}), more))).await
    };
    let outputs = run(json!({"dryRun": true})).await.outputs();
    assert!(outputs.get("revision").is_none() && stored(&platform).await.is_empty(), "{outputs:?}");
    for _ in 0..2 {
        let outputs = run(json!({"username": USER, "password": PASSWORD})).await.outputs();
        assert_eq!(Json::Object(outputs), json!({"flowId": "a", "namespace": "prod", "revision": 1}));
    }
    assert!(run(json!({"flowPath": "x/b.yml"})).await.error().contains("has no file 'x/b.yml'"));
    assert!(run(json!({"flowPath": "x"})).await.error().contains("has no file 'x'"));
}
