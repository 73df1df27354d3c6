//! A message that kills the process that receives it, as a task that needs more memory than there is. Other tasks run in
//! the same process and die with it. They must succeed in the end.

use super::execution::{Execution, import, start};
use crate::cloud::System;
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// The function with the deadly task.
const FUNCTION: &str = "script";
/// The number of deaths after which the task run has failed: the default of `SEGUE_MAX_DELIVERIES`.
const DEATHS: usize = 3;
const LIMIT: Duration = Duration::from_secs(180);
/// The time between two looks at the process.
const LOOK: Duration = Duration::from_millis(200);

/// A script that kills its service. The neighbours of the script have begun when it kills.
fn deadly(pid: &Path) -> String {
    let pid = pid.display();
    format!(
        "\
id: deadly
namespace: faults
tasks:
  - id: kills
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {{type: io.kestra.plugin.core.runner.Process}}
    commands:
      - sleep 1
      - until [ -s {pid} ]; do sleep 0.05; done
      - kill -9 $(cat {pid})
      - sleep 20
"
    )
}

/// Two neighbours run at any time, each for longer than the deadly task needs to kill.
const NEIGHBOURS: &str = "\
id: neighbours
namespace: faults
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    concurrencyLimit: 2
    tasks:
      - id: beside
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands: [sleep 2]
";

pub(super) async fn check(system: &mut System) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    let pid = directory.path().join("pid");
    import(system, &deadly(&pid)).await?;
    import(system, NEIGHBOURS).await?;
    let neighbours = start(system, "neighbours").await?.id;
    let deadly = start(system, "deadly").await?.id;
    let began = Instant::now();
    let mut deaths = 0;
    write_id(system, &pid)?;
    while system.api.open().await? > 0 {
        ensure!(began.elapsed() < LIMIT, "not ended after {deaths} deaths and {} s", LIMIT.as_secs());
        tokio::time::sleep(LOOK).await;
        if system.functions.get_mut(FUNCTION).context("no such function")?.id()?.is_none() {
            deaths += 1;
            std::fs::remove_file(&pid)?;
            system.restart(FUNCTION).await?;
            write_id(system, &pid)?;
        }
    }
    let end = Execution::of(system, &deadly).end(LIMIT).await?;
    ensure!(end.state == "FAILED", "the deadly task ended {}: {:?}", end.state, end.states());
    ensure!(deaths == DEATHS, "the process died {deaths} times");
    let log = system.api.log(&deadly).await?;
    ensure!(log.iter().any(|line| line.contains("process ended 3 times")), "no line says why: {log:#?}");
    Execution::of(system, &neighbours).succeeds(LIMIT).await?;
    Ok(format!("{deaths} deaths, then the task run failed, and its 10 neighbours succeeded"))
}

/// Tells the script which process it must kill.
fn write_id(system: &mut System, pid: &Path) -> anyhow::Result<()> {
    let id = system.functions.get_mut(FUNCTION).context("no such function")?.id()?;
    Ok(std::fs::write(pid, id.context("the process has ended")?.to_string())?)
}
