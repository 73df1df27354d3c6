//! Firestore refuses every request for a while.

use super::execution::{import, start};
use crate::cloud::System;
use anyhow::ensure;
use std::time::Duration;

const OUTAGE: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(180);

/// When the outage begins, one branch runs a script, one is about to start its second task, and one waits for a timer.
/// The script and the timer end during the outage.
const FLOW: &str = "\
id: outage
namespace: faults
tasks:
  - id: at-once
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: script
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands: [sleep 4]
      - id: sizes
        type: io.kestra.plugin.core.flow.ForEach
        values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
        concurrencyLimit: 2
        tasks:
          - id: write
            type: io.kestra.plugin.core.storage.Write
            content: \"{{ taskrun.value }}\"
      - id: pause
        type: io.kestra.plugin.core.flow.Pause
        pauseDuration: PT5S
";

pub(super) async fn check(system: &System) -> anyhow::Result<String> {
    import(system, FLOW).await?;
    let mut executions = Vec::new();
    for _ in 0..3 {
        executions.push(start(system, "outage").await?);
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    system.firestore.set_down(true);
    tokio::time::sleep(OUTAGE).await;
    system.firestore.set_down(false);
    let refused = system.firestore.refused();
    for execution in &executions {
        let end = execution.succeeds(LIMIT).await?;
        ensure!(end.states().get("write SUCCESS") == Some(&20), "the task runs are {:?}", end.states());
    }
    ensure!(refused > 20, "only {refused} requests were refused");
    let seconds = OUTAGE.as_secs();
    Ok(format!(
        "{refused} requests were refused in {seconds} s, and {} executions succeeded",
        executions.len()
    ))
}
