//! A message that kills the process that receives it, as a task that needs more memory than there is. Other tasks run in
//! the same process and die with it. They must succeed in the end.

use super::execution::{Execution, import, start};
use crate::cloud::System;
use crate::cloud::faults::Rule;
use anyhow::{Context as _, ensure};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The number of deaths after which the task run has failed: the default of `SEGUE_MAX_DELIVERIES`.
const DEATHS: usize = 3;
/// The time between the message and the death. The task is running then.
const AFTER: Duration = Duration::from_millis(800);
const LIMIT: Duration = Duration::from_secs(120);
/// The time between two looks at the executions.
const LOOK: Duration = Duration::from_millis(500);

const DEADLY: &str = "\
id: deadly
namespace: faults
tasks:
  - id: kills
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    commands: [sleep 20]
";

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
    import(system, DEADLY).await?;
    import(system, NEIGHBOURS).await?;
    let text = "\"taskId\":\"kills\"".to_owned();
    system.proxy.set_rule("script", Some(Rule::Deadly { text, after: AFTER }));
    let neighbours = start(system, "neighbours").await?.id;
    let deadly = start(system, "deadly").await?.id;
    let mut deaths = 0;
    let began = Instant::now();
    while system.api.open().await? > 0 {
        ensure!(began.elapsed() < LIMIT, "not ended after {deaths} deaths and {} s", LIMIT.as_secs());
        if let Ok(death) = timeout(LOOK, system.proxy.deaths.recv()).await {
            system.restart(&death.context("the proxy has ended")?).await?;
            deaths += 1;
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
