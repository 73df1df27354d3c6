//! Containers run longer than a request. Each message that checks on them is delivered to two processes at once. One of
//! them must collect the results.

use super::execution::{import, start};
use crate::cloud::faults::Rule;
use crate::cloud::{Setup, System};
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Duration;

/// The time limit of a request, in seconds. A service waits a quarter of it for a container.
const REQUEST: &str = "8";
const LIMIT: Duration = Duration::from_secs(150);
const CONTAINERS: usize = 8;

const FLOW: &str = r#"
id: resumed
namespace: faults
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2, 3, 4, 5, 6, 7, 8]
    concurrencyLimit: 0
    tasks:
      - id: container
        type: io.kestra.plugin.scripts.shell.Commands
        containerImage: debian:stable-slim
        outputFiles: ["*.txt"]
        commands:
          - sleep 4
          - echo "{{ taskrun.value }}" > result.txt
          - echo "container {{ taskrun.value }}"
          - echo '::{"outputs":{"value":{{ taskrun.value }}}}::'
"#;

pub(super) fn setup() -> Setup {
    let setup = Setup { seconds: vec!["container"], ..Setup::default() };
    setup.variable("SEGUE_TIMEOUT_SECONDS", REQUEST).variable("SEGUE_CLAIM_SECONDS", "10")
}

pub(super) async fn check(system: &System) -> anyhow::Result<String> {
    import(system, FLOW).await?;
    let rule = Rule::Everywhere { text: "\"resumed\":{".to_owned(), later: Duration::ZERO };
    system.proxy.set_rule("container", Some(rule));
    let execution = start(system, "resumed").await?;
    let end = execution.succeeds(LIMIT).await?;
    let runs = end.shown.get("taskRunList").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut values: Vec<i64> =
        runs.iter().filter_map(|run| run.pointer("/outputs/vars/value").and_then(Value::as_i64)).collect();
    values.sort_unstable();
    ensure!(json!(values) == json!([1, 2, 3, 4, 5, 6, 7, 8]), "the containers say {values:?}");
    execution.said_once((1..=CONTAINERS).map(|value| format!("container {value}"))).await?;
    let twice = system.proxy.everywhere();
    ensure!(twice >= CONTAINERS as u64, "only {twice} messages reached two processes");
    Ok(format!("{twice} messages reached two processes, and {CONTAINERS} containers were collected once"))
}
