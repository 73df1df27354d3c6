use super::*;
use crate::push_namespace_files::PushNamespaceFiles;
use crate::testing::{Platform, flow, merged};
use segue_model::Json;
use serde_json::json;

async fn put(platform: &Platform, namespace: &str, id: &str, message: &str) {
    let source = flow(id, namespace, message);
    platform.ports.state.put_flow(namespace, id, &source, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
}

fn files(platform: &Platform, branch: &str) -> Vec<String> {
    let listed = platform.server.ask("flows", &["ls-tree", "-r", "--name-only", branch]);
    listed.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn flows_are_committed_once() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    put(&platform, "dev", "a", "1").await;
    put(&platform, "dev", "b", "1").await;
    put(&platform, "dev.x.y", "c", "1").await;
    let task =
        |more: Json| merged(json!({"url": url, "sourceNamespace": "dev", "targetNamespace": "prod"}), more);
    let run = async |more| platform.run(PushFlows::TYPE, task(more)).await.outputs();

    let outputs = run(json!({"dryRun": true})).await;
    let diff = platform.rows(&outputs["flows"]).await;
    assert_eq!(diff.len(), 2);
    assert_eq!(
        diff[0],
        json!({"file": "_flows/a.yml", "additions": "+6", "deletions": "-0", "changes": "0"})
    );
    assert!(
        outputs.get("commitId").is_none()
            && platform.server.try_ask("flows", &["rev-parse", "main"]).is_none()
    );

    let all = json!({"includeChildNamespaces": true, "commitMessage": "first", "authorName": "Ada L", "authorEmail": "a@b.c"});
    let message = platform.message_for(PushFlows::TYPE, task(all));
    let outputs = platform.handle(message.clone()).await.outputs();
    let commit = platform.server.ask("flows", &["rev-parse", "main"]);
    assert_eq!(outputs["commitId"], commit);
    assert!(outputs["commitURL"].as_str().unwrap().ends_with(&format!("/flows/commit/{commit}")));
    assert_eq!(files(&platform, "main"), ["_flows/a.yml", "_flows/b.yml", "_flows/x/y/c.yml"]);
    let about = platform.server.ask("flows", &["log", "-1", "--format=%an|%ae|%s", "main"]);
    assert_eq!(about, "Ada L|a@b.c|first");
    let child = platform.server.ask("flows", &["show", "main:_flows/x/y/c.yml"]);
    assert!(child.contains("namespace: prod.x.y"), "{child}");
    // The message comes a second time: the same commit, and no other.
    let again = platform.handle(message).await.outputs();
    assert_eq!(again["commitId"], commit);
    assert_eq!(platform.server.ask("flows", &["rev-list", "--count", "main"]), "1");
    // Another task has nothing to commit.
    let outputs = run(json!({"includeChildNamespaces": true})).await;
    assert!(outputs.get("commitId").is_none(), "{outputs:?}");

    put(&platform, "dev", "a", "2").await;
    let now = jiff::Timestamp::UNIX_EPOCH;
    platform.ports.state.delete_flow("dev", "b", now).await.unwrap();
    let outputs = run(json!({"branch": "review", "flows": ["z*"]})).await;
    assert_eq!(platform.rows(&outputs["flows"]).await.len(), 1, "only b.yml is removed");
    assert_eq!(files(&platform, "review"), ["_flows/a.yml", "_flows/x/y/c.yml"]);
    let outputs = run(json!({"delete": false, "flows": "a"})).await;
    let diff = platform.rows(&outputs["flows"]).await;
    assert_eq!(diff, [json!({"file": "_flows/a.yml", "additions": "+0", "deletions": "-0", "changes": "1"})]);
    assert_eq!(files(&platform, "main").len(), 3);
}

#[tokio::test]
async fn a_push_that_is_too_late_or_not_allowed_is_a_sentence() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    platform.server.commit("flows", "main", &[("README.md", Some("x"))]);
    put(&platform, "company.team", "a", "1").await;
    let other = platform.server.commit("flows", "other", &[("b", Some("x"))]);
    // Somebody else pushes between the fetch and the push.
    platform.server.before_push("flows", &format!("git update-ref refs/heads/main {other}"));
    let error = platform.run(PushFlows::TYPE, json!({"url": url})).await.error();
    assert!(
        error.contains("the branch has newer commits") && error.contains("Run the task again"),
        "{error}"
    );
    assert_eq!(platform.server.ask("flows", &["rev-parse", "main"]), other);
    platform.server.before_push("flows", "true");
    assert!(platform.run(PushFlows::TYPE, json!({"url": url})).await.outputs()["commitId"].is_string());
    assert_eq!(files(&platform, "main"), ["_flows/a.yml", "b"]);
    let error = platform.run(PushFlows::TYPE, json!({"url": url, "password": "s3cret"})).await.error();
    assert!(error.contains("check username and password") && !error.contains("s3cret"), "{error}");
    let none = format!("{}/none.git", platform.server.address);
    let error = platform.run(PushFlows::TYPE, json!({"url": none})).await.error();
    assert!(error.contains("there is no repository"), "{error}");
}

#[tokio::test]
async fn namespace_files_are_committed() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.server.repository("flows");
    let old = [("_files/old.sql", Some("x")), ("_files/keep.txt", Some("x")), ("src/main.rs", Some("x"))];
    platform.server.commit("flows", "main", &old);
    let at = namespace::folder("company.team").unwrap();
    platform.store(&format!("{at}q/a.sql"), b"select 1\n").await;
    platform.store(&format!("{at}b.bin"), b"\x00\xff\x00").await;
    let run = async |more| platform.run(PushNamespaceFiles::TYPE, merged(json!({"url": url}), more)).await;
    let outputs = run(json!({"files": "*.sql", "dryRun": true})).await.outputs();
    let diff = platform.rows(&outputs["files"]).await;
    let names: Vec<_> = diff.iter().map(|row| row["file"].as_str().unwrap()).collect();
    assert_eq!(names, ["_files/old.sql"], "`*.sql` matches at any depth in old.sql, but not in q/a.sql");
    run(json!({"files": "**.sql", "delete": false})).await.outputs();
    assert_eq!(
        files(&platform, "main"),
        ["_files/keep.txt", "_files/old.sql", "_files/q/a.sql", "src/main.rs"]
    );
    let outputs = run(json!({})).await.outputs();
    assert!(outputs["commitId"].is_string());
    assert_eq!(files(&platform, "main"), ["_files/b.bin", "_files/q/a.sql", "src/main.rs"]);
    let error = run(json!({"files": "nothing*", "errorOnMissing": true})).await.error();
    assert!(error.contains("no file of the namespace company.team matches"), "{error}");
}
