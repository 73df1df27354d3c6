//! The clocks of processes differ by five seconds. Services that look at the time of another process must neither lose a
//! message nor wait for the sweep.

use super::execution::{Execution, import, start};
use crate::cloud::faults::{Clocks, Rule};
use crate::cloud::{Setup, System};
use std::time::Duration;

/// Why the scenario is skipped.
pub(super) const MISSING: &str = "libfaketime is not installed (on Debian: apt-get install faketime)";
/// How far some clocks are behind, in seconds.
const BEHIND: i32 = -5;
const LIMIT: Duration = Duration::from_secs(90);

/// Timers are set by one executor, and their messages arrive at another one with another clock.
const TIMERS: &str = "\
id: timers
namespace: faults
tasks:
  - id: pause
    type: io.kestra.plugin.core.flow.Pause
    pauseDuration: PT3S
  - id: retried
    type: io.kestra.plugin.core.execution.Fail
    condition: \"{{ taskrun.attemptsCount < 2 }}\"
    retry: {type: constant, interval: PT3S, maxAttempts: 3}
  - id: again
    type: io.kestra.plugin.core.flow.Pause
    pauseDuration: PT1S
";

/// A script that one process runs, while another process gets the same message.
const TAKEN: &str = "\
id: taken
namespace: faults
tasks:
  - id: script
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    commands: [sleep 3, echo the script]
";

pub(super) fn setup() -> Option<Setup> {
    let behind = Clocks::find()?.ahead(BEHIND);
    let processes = ["api", "executor-2", "script-2", "scheduler", "storage"];
    let setup = Setup {
        seconds: vec!["executor", "script"],
        processes: processes.map(|name| (name, behind.clone())).into(),
        ..Setup::default()
    };
    // Much longer than the difference of the clocks, as in the cloud, where a claim lasts 60 s.
    Some(setup.variable("SEGUE_CLAIM_SECONDS", "10"))
}

pub(super) async fn check(system: &mut System) -> anyhow::Result<String> {
    import(system, TIMERS).await?;
    import(system, TAKEN).await?;
    let text = "\"taskId\":\"script\"".to_owned();
    let later = Duration::from_millis(700);
    system.proxy.set_rule("script", Some(Rule::Everywhere { text, later }));
    let mut timers = Vec::new();
    for _ in 0..5 {
        timers.push(start(system, "timers").await?.id);
    }
    let taken = start(system, "taken").await?.id;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The process that runs the script dies. The other process has the message.
    system.restart("script").await?;
    for id in timers.iter().chain([&taken]) {
        Execution::of(system, id).succeeds(LIMIT).await?;
    }
    Ok("clocks five seconds apart: timers fired, and a script was taken over".to_owned())
}
