//! Container tasks on a complete platform, with and without authentication of callers.

use super::*;
use segue_model::log::LogLevel;
use std::time::{Duration, Instant};

/// Nothing listens on port 1, so there is no Docker, even on a machine that has it.
const FLOW: &str = "
id: contained
namespace: company.team
LABELS
tasks:
  - id: run
    type: io.kestra.plugin.scripts.shell.Commands
    containerImage: alpine
    taskRunner:
      type: io.kestra.plugin.scripts.runner.docker.Docker
      host: tcp://127.0.0.1:1
    commands: [echo ran on the host]
";

/// Runs the flow to its end. Returns the final state and the log.
async fn run(isolate: bool, variables: &[(&str, &str)], labels: &str) -> (String, String) {
    let data = tempfile::tempdir().unwrap();
    let environment = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let options = Options { data_dir: data.path().to_path_buf(), environment, isolate, ..Options::default() };
    let standalone = Arc::new(Standalone::open(&options).unwrap());
    let running = standalone.start();
    let (flow, _) = standalone.put_flow(&FLOW.replace("LABELS", labels)).await.unwrap();
    let request = NewExecution { namespace: flow.namespace, flow_id: flow.id, ..NewExecution::default() };
    let id = standalone.create(request).await.unwrap().id;
    let began = Instant::now();
    let state = loop {
        let state = standalone.execution(&id).await.unwrap().unwrap().execution.state.current();
        if state.is_terminal() {
            break state.as_str().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "still {state:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let lines = standalone.ports().state.logs(&id, LogLevel::Trace, 0).await.unwrap();
    running.stop(std::time::Duration::from_secs(5)).await;
    (state, lines.iter().map(|line| format!("{} {}\n", line.level.as_str(), line.message)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_a_container_task_falls_back_to_the_host_with_a_warning() {
    let (state, log) = run(false, &[], "").await;
    assert_eq!(state, "SUCCESS", "{log}");
    assert!(log.contains("ran on the host") && log.contains("WARN Docker is not available"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_password_it_fails_unless_the_environment_says_otherwise() {
    let (state, log) = run(true, &[], "").await;
    assert_eq!(state, "FAILED", "{log}");
    assert!(log.contains("only in containers") && !log.contains("ran on the host"), "{log}");
    let (state, log) = run(true, &[("SEGUE_CONTAINERS", "process")], "").await;
    assert_eq!(state, "SUCCESS", "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_label_of_a_flow_reaches_its_tasks() {
    let (state, log) = run(false, &[], "labels: {segue.isolation: required}").await;
    assert_eq!(state, "FAILED", "{log}");
    assert!(log.contains("segue.isolation: required") && !log.contains("ran on the host"), "{log}");
}

#[test]
fn the_process_does_not_start_with_an_unknown_setting() {
    let environment = Environment::from([("SEGUE_CONTAINERS", "always")]);
    let error = container_rules(&environment, false).unwrap_err().to_string();
    assert!(error.contains("SEGUE_CONTAINERS is 'always'"), "{error}");
}

#[tokio::test]
async fn a_flow_with_a_broken_expression_is_refused_before_anything_is_saved() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { data_dir: data.path().to_path_buf(), ..Options::default() };
    let standalone = Standalone::open(&options).unwrap();
    let source = "id: f\nnamespace: a\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: \"{{ 'x' | uper }}\"\n";
    match standalone.put_flow(source).await {
        Err(PutFlowError::Refused(found)) => assert_eq!(found[0].code, "SEG0402"),
        other => panic!("{other:?}"),
    }
    assert!(standalone.ports().state.flows(None).await.unwrap().is_empty());
}
