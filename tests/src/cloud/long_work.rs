//! Tasks that take longer than the time limit of a request: a container, a BigQuery job, and a process. A later request
//! can continue to wait for the container and the job, but not for the process.

use super::{Setup, System};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::path::Path;
use std::time::Instant;

/// The time limit of a request in this test, in seconds. On Google Cloud it is 600 s.
const LIMIT: u64 = 8;

/// The container and the job take longer than a request, and succeed. The process is stopped at the time limit. The
/// last task reads the files that the container wrote.
const FLOW: &str = r#"
id: long
namespace: zoomcamp
tasks:
  - id: at-once
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: container
        type: io.kestra.plugin.scripts.shell.Commands
        containerImage: debian:stable-slim
        outputFiles: ["*.txt"]
        commands:
          - sleep 12
          - echo "took a while" > result.txt
          - echo '::{"outputs":{"rows":3}}::'
      - id: job
        type: io.kestra.plugin.gcp.bigquery.Query
        projectId: demo
        labels: {standin-delay-ms: "12000"}
        sql: SELECT 42 AS answer
        fetchOne: true
      - id: process
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        allowFailure: true
        commands: ["sleep 60"]
  - id: read
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    inputFiles:
      result.txt: "{{ outputs.container.outputFiles['result.txt'] }}"
    commands:
      - echo "::{\"outputs\":{\"text\":\"$(cat result.txt)\",\"sum\":{{ outputs.container.vars.rows + outputs.job.row.answer }}}}::"
"#;

/// Runs tasks that take longer than the time limit of a request, and returns a summary.
///
/// # Errors
/// An error if a task does not end as expected.
pub async fn long_work(programs: &Path) -> anyhow::Result<String> {
    let setup = Setup::default().variable("SEGUE_TIMEOUT_SECONDS", &LIMIT.to_string());
    let prefix = format!("long-{}", std::process::id());
    let system = System::start(programs, &prefix, setup).await?;
    let began = Instant::now();
    let checked = check(&system).await;
    match checked {
        Ok(looks) => {
            system.stop().await?;
            Ok(format!(
                "where a request may take {LIMIT} s: a container and a BigQuery job of 12 s end well, a process is cut off; \
                 {looks} messages to look again, {:.1} s",
                began.elapsed().as_secs_f64()
            ))
        }
        Err(error) => Err(error.context(system.complaints(5))),
    }
}

/// Checks the result of each task. Returns how often the services checked on the container and the job.
async fn check(system: &System) -> anyhow::Result<u64> {
    system.api.import(FLOW.to_owned()).await?;
    let ended = system.api.start(("zoomcamp", "long"), &[], true).await?;
    let state = |task: &str| -> anyhow::Result<String> {
        let runs = ended.get("taskRunList").and_then(Value::as_array).context("no task runs")?;
        let run = runs.iter().find(|run| run.get("taskId").and_then(Value::as_str) == Some(task));
        let run = run.with_context(|| format!("no task run of {task}"))?;
        Ok(run.pointer("/state/current").and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    for (task, wanted) in
        [("container", "SUCCESS"), ("job", "SUCCESS"), ("process", "WARNING"), ("read", "SUCCESS")]
    {
        let found = state(task)?;
        ensure!(found == wanted, "the task {task} ends {found} and not {wanted}: {ended:#}");
    }
    let runs = ended.get("taskRunList").and_then(Value::as_array).into_iter().flatten();
    let read = runs.filter(|run| run.get("taskId").and_then(Value::as_str) == Some("read"));
    let vars =
        read.filter_map(|run| run.pointer("/outputs/vars")).next().context("no outputs of the last task")?;
    let wanted = serde_json::json!({"text": "took a while", "sum": 45});
    ensure!(*vars == wanted, "the last task says {vars}");
    Ok(system.usage().await?.get("tasks.created").copied().unwrap_or_default())
}
