//! A person pauses the requests of subscriptions for an hour. An hour is too long for a test. What happens in the hour
//! happens here in half a minute: claims of 3 s expire ten times (of 60 s: sixty times), the sweep comes twice (as in an
//! hour and a bit), and timers and schedules become due.

use super::execution::{import, start};
use crate::cloud::System;
use crate::cloud::faults::Rule;
use anyhow::ensure;
use serde_json::json;
use std::time::Duration;

/// The time that stands for an hour.
const PAUSE: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(120);
/// The functions with paused requests.
const PAUSED: [&str; 2] = ["executor", "script"];

/// When the pause begins, the first script runs. During the pause it ends, and the timer becomes due.
const FLOW: &str = "\
id: paused
namespace: faults
tasks:
  - id: at-once
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: scripts
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - id: first
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner: {type: io.kestra.plugin.core.runner.Process}
            commands: [sleep 3, echo the first script]
          - id: second
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner: {type: io.kestra.plugin.core.runner.Process}
            commands: [echo the second script]
      - id: after-a-timer
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - id: pause
            type: io.kestra.plugin.core.flow.Pause
            pauseDuration: PT6S
          - id: third
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner: {type: io.kestra.plugin.core.runner.Process}
            commands: [echo the third script]
";

pub(super) async fn check(system: &System) -> anyhow::Result<String> {
    import(system, FLOW).await?;
    let mut executions = Vec::new();
    for _ in 0..3 {
        executions.push(start(system, "paused").await?);
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for function in PAUSED {
        system.proxy.set_rule(function, Some(Rule::Hold));
    }
    // An execution that begins in the pause.
    executions.push(start(system, "paused").await?);
    for _ in 0..2 {
        tokio::time::sleep(PAUSE / 2).await;
        system.publish("trigger-events", &json!({"kind": "sweep"})).await?;
    }
    let still = system.api.open().await?;
    ensure!(still == 4, "{still} of 4 executions are open at the end of the pause");
    for function in PAUSED {
        system.proxy.set_rule(function, None);
    }
    for execution in &executions {
        execution.succeeds(LIMIT).await?;
        let lines = ["first", "second", "third"].map(|which| format!("the {which} script"));
        execution.said_once(lines.into_iter()).await?;
    }
    let seconds = PAUSE.as_secs();
    Ok(format!(
        "the requests of executor and script paused for {seconds} s, then 4 executions continued, each task once"
    ))
}
