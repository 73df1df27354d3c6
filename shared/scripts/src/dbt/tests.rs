//! Tests with a program that writes the lines and the files of dbt.

use crate::testing::Platform;
use segue_model::Json;
use segue_model::state::State;
use segue_ports::kv::{KvType, KvWrite};
use segue_task::testing::TestRun;
use serde_json::json;

/// Writes the lines and the files of a `dbt build`, and ends with the exit code in `CODE`.
const FAKE: &str = r#"
cat profiles.yml > seen.txt
echo "$DBT_LOG_FORMAT $DBT_SEND_ANONYMOUS_USAGE_STATS ${DBT_PROJECT_DIR##*/} ${DBT_PROFILES_DIR##*/}" >> seen.txt
cat "$PROJECT/target/manifest.json" >> seen.txt 2>/dev/null || echo "no manifest" >> seen.txt
echo '{"info": {"level": "info", "msg": "Running with dbt=1.10.1", "name": "MainReportVersion"}, "data": {}}'
echo '{"info": {"level": "debug", "msg": "details", "name": "X"}, "data": {}}'
echo 'a plain line'
mkdir -p "$PROJECT/target"
now=$(date -u -d '1 minute' +%Y-%m-%dT%H:%M:%S.%6NZ)
echo '{"nodes": {"model.p.a": {}}}' > "$PROJECT/target/manifest.json"
cat > "$PROJECT/target/run_results.json" <<END
{"metadata": {"generated_at": "$now"}, "results": [
  {"unique_id": "model.p.a", "status": "success", "timing": [], "execution_time": 0.5, "message": "SELECT 1"},
  {"unique_id": "test.p.b", "status": "$STATUS", "timing": [], "execution_time": 0.5, "message": "Got 2 results"}]}
END
exit "$CODE"
"#;

async fn build(platform: &Platform, status: &str, code: &str, more: Json) -> TestRun {
    let mut task = json!({
        "type": "io.kestra.plugin.dbt.cli.DbtCLI",
        "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
        "commands": ["sh fake.sh"],
        "inputFiles": {"fake.sh": FAKE},
        "profiles": "the profiles\n",
        "env": {"STATUS": status, "CODE": code, "PROJECT": "."},
    });
    crate::testing::merge(&mut task, more);
    platform.run(task).await
}

fn states(run: &TestRun) -> Vec<(String, State)> {
    run.result.dynamic.iter().map(|run| (run.task_id.clone(), run.current())).collect()
}

#[tokio::test]
async fn each_node_is_a_task_run_and_the_files_are_outputs() {
    let platform = Platform::new();
    let run = build(&platform, "pass", "0", json!({"outputFiles": ["seen.txt"]})).await;
    assert_eq!(run.result.state, State::Success, "{}", run.log_text());
    assert_eq!(
        states(&run),
        [("model.p.a".to_owned(), State::Success), ("test.p.b".to_owned(), State::Success)]
    );
    let files = &run.result.outputs["outputFiles"];
    let manifest = platform.stored(&files["manifest.json"]).await;
    assert_eq!(serde_json::from_slice::<Json>(&manifest).unwrap(), json!({"nodes": {"model.p.a": {}}}));
    assert!(files["run_results.json"].is_string());
    let seen = String::from_utf8(platform.stored(&files["seen.txt"]).await).unwrap();
    assert!(seen.starts_with("the profiles\njson false  "), "{seen}");
    let log = run.log_text();
    assert!(log.contains("INFO Running with dbt=1.10.1") && log.contains("INFO a plain line"), "{log}");
    assert!(log.contains("DEBUG details"), "{log}");
}

#[tokio::test]
async fn the_project_may_be_a_folder() {
    let platform = Platform::new();
    let more = json!({"projectDir": "dbt", "env": {"PROJECT": "dbt"}, "outputFiles": ["seen.txt"]});
    let run = build(&platform, "pass", "0", more).await;
    assert_eq!(states(&run).len(), 2, "{}", run.log_text());
    let seen = platform.stored(&run.result.outputs["outputFiles"]["seen.txt"]).await;
    assert!(String::from_utf8(seen).unwrap().contains("json false dbt "));
}

#[tokio::test]
async fn a_warning_of_a_test_is_a_warning_of_the_task() {
    let run = build(&Platform::new(), "warn", "0", json!({})).await;
    assert_eq!(run.result.state, State::Warning, "{}", run.log_text());
    assert_eq!(states(&run)[1].1, State::Warning);
    let keys: Vec<_> = run.result.outputs["outputFiles"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["manifest.json", "run_results.json"]);
}

#[tokio::test]
async fn a_failed_node_is_named_by_the_error() {
    let platform = Platform::new();
    let store = json!({"storeManifest": {"key": "manifest"}});
    let run = build(&platform, "fail", "1", store).await;
    assert_eq!(run.result.state, State::Failed);
    assert_eq!(states(&run)[1], ("test.p.b".to_owned(), State::Failed));
    assert_eq!(
        run.result.error.as_deref(),
        Some(
            "Command failed with exit code 1: 1 of 2 nodes of dbt failed; the first is test.p.b: Got 2 results"
        )
    );
    assert!(run.result.outputs["outputFiles"]["run_results.json"].is_string());
    let now = platform.ports.clock.now();
    assert!(platform.ports.state.kv("company.team", "manifest", now).await.unwrap().is_none());
}

#[tokio::test]
async fn a_project_that_cannot_be_compiled_is_named_by_the_error() {
    let says = r#"printf '%s\n' '{"info": {"level": "error", "msg": "Encountered an error:\nCompilation Error\n  Model m", "name": "MainEncounteredError"}}'"#;
    let run = build(&Platform::new(), "pass", "0", json!({"commands": [says, "exit 2"]})).await;
    assert_eq!(
        run.result.error.as_deref(),
        Some("Command failed with exit code 2: Compilation Error\n  Model m"),
        "{}",
        run.log_text()
    );
}

#[tokio::test]
async fn results_are_no_task_runs_if_the_task_says_so() {
    let run = build(&Platform::new(), "warn", "0", json!({"parseRunResults": false})).await;
    assert_eq!((run.result.state, states(&run).len()), (State::Success, 0));
}

#[tokio::test]
async fn the_manifest_is_kept_for_the_next_run() {
    let platform = Platform::new();
    let keep = json!({
        "storeManifest": {"key": "m", "namespace": "other"}, "loadManifest": {"key": "m", "namespace": "other"},
        "outputFiles": ["seen.txt"],
    });
    let run = build(&platform, "pass", "0", keep.clone()).await;
    assert!(run.log_text().contains("WARN there is no manifest under the key 'm'"), "{}", run.log_text());
    let now = platform.ports.clock.now();
    let stored = platform.ports.state.kv("other", "m", now).await.unwrap().unwrap();
    assert_eq!((stored.kind, stored.value), (KvType::Json, json!({"nodes": {"model.p.a": {}}})));
    let write = KvWrite::Set {
        namespace: "other".to_owned(),
        key: "m".to_owned(),
        kind: KvType::Json,
        value: json!({"before": 1}),
        description: None,
        expires: None,
    };
    platform.ports.state.write_kv(vec![write], now).await.unwrap();
    let run = build(&platform, "pass", "0", keep).await;
    let seen = platform.stored(&run.result.outputs["outputFiles"]["seen.txt"]).await;
    assert!(String::from_utf8(seen).unwrap().contains("{\"before\":1}"));
}

#[tokio::test]
async fn a_project_outside_is_refused() {
    let run = build(&Platform::new(), "pass", "0", json!({"projectDir": "../other"})).await;
    let error = run.result.error.unwrap();
    assert!(error.contains("leads out of the working directory"), "{error}");
}
