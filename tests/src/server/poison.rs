//! A task that ends the server each time it runs.

use super::{Client, ServerProcess};
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::time::Duration;

/// The time limit until the server stays up.
const LIMIT: Duration = Duration::from_secs(120);
/// The number of runs of such a task: the default of `SEGUE_MAX_DELIVERIES`.
const RUNS: usize = 3;

/// Runs a flow with a script that kills the server, and starts the server again each time. After three runs, the task
/// must have failed with a reason. Then the server must keep running, and another flow must have ended.
///
/// # Errors
/// An error that names the condition that does not hold.
pub async fn a_deadly_task_fails(segue: &Path) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let data = directory.path().join("data");
    let (pid, runs) = (directory.path().join("pid"), directory.path().join("runs"));
    let start = async || -> anyhow::Result<ServerProcess> {
        std::fs::remove_file(&pid).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let server = ServerProcess::start(segue, &data).await?;
        std::fs::write(&pid, server.id().context("the server has ended")?.to_string())?;
        Ok(server)
    };
    let mut server = start().await?;
    let client = Client::new(&server.url)?;
    let (pid_path, runs_path) = (pid.display(), runs.display());
    client
        .import(format!(
            "id: deadly\nnamespace: crash\ntasks:\n  - id: kill\n    type: io.kestra.plugin.scripts.shell.Commands\n    \
             taskRunner: {{type: io.kestra.plugin.core.runner.Process}}\n    commands:\n      - |\n        \
             echo run >> {runs_path}\n        until [ -s {pid_path} ]; do sleep 0.05; done\n        \
             kill -9 $(cat {pid_path})\n        sleep 5\n"
        ))
        .await?;
    client
        .import("id: other\nnamespace: crash\ntasks: [{id: say, type: io.kestra.plugin.core.log.Log, message: hi}]".into())
        .await?;
    client.start(("crash", "deadly"), &[], false).await?;
    let ended = tokio::time::timeout(LIMIT, async {
        loop {
            tokio::select! {
                ended = server.ended() => {
                    ended?;
                    server = start().await?;
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    // A request may fail here, because the script may kill the server at any time.
                    let client = Client::new(&server.url)?;
                    if client.open().await.is_ok_and(|open| open == 0) {
                        return client.ends().await;
                    }
                }
            }
        }
    })
    .await
    .context("the script still kills the server after the time limit")??;
    Client::new(&server.url)?.start(("crash", "other"), &[], true).await?;
    let times = std::fs::read_to_string(&runs)?.lines().count();
    ensure!(times == RUNS, "the deadly task ran {times} times");
    let end = ended
        .iter()
        .find(|end| end.flow.contains("deadly"))
        .context("the execution of the deadly flow does not exist")?;
    ensure!(end.state == "FAILED" && end.task_runs == ["kill FAILED"], "it ended as {end:?}");
    server.kill().await
}
