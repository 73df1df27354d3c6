//! A wide loop over a task of a function: the worst case for the document of one execution, which holds all its task
//! runs.

use super::System;
use anyhow::{Context as _, ensure};
use std::fmt;
use std::time::{Duration, Instant};

/// The time limit of a loop.
const LIMIT: Duration = Duration::from_secs(3_600);

/// What a wide loop cost.
#[derive(Clone, Copy, Debug)]
pub struct Wide {
    /// The number of iterations. Each has one task run in a function.
    pub iterations: u64,
    /// The time from the start to the end.
    pub took: Duration,
    /// How often the document of the execution was written.
    pub execution_writes: u64,
    /// Documents written by the executor and the function together.
    pub writes: u64,
    /// The memory of the executor before, in KiB.
    pub memory_before: u64,
    /// The largest memory of the executor, in KiB.
    pub memory_peak: u64,
}

impl Wide {
    /// How often the document of the execution was written for each task run in a function.
    pub fn execution_writes_per_task_run(&self) -> f64 {
        self.execution_writes as f64 / self.iterations.max(1) as f64
    }
}

/// A row of a Markdown table.
impl fmt::Display for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {:.1} | {:.3} | {:.2} | {} | {} |",
            self.iterations,
            self.took.as_secs_f64(),
            self.execution_writes_per_task_run(),
            self.writes as f64 / self.iterations.max(1) as f64,
            self.memory_before / 1024,
            self.memory_peak / 1024
        )
    }
}

/// The head of the table.
pub const WIDE_HEAD: &str = "\
| iterations | seconds | writes of the execution's document per task run | all writes per task run | executor before, MiB | \
executor at most, MiB |
|---|---|---|---|---|---|";

/// Runs a loop of `iterations` requests to `url`, all of them at once.
///
/// # Errors
/// An error if the loop does not succeed.
pub async fn wide_loop(system: &System, url: &str, iterations: u64) -> anyhow::Result<Wide> {
    let id = format!("wide-{iterations}");
    let values: Vec<u64> = (0..iterations).collect();
    let flow = format!(
        "id: {id}\nnamespace: zoomcamp\ntasks:\n  - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n    \
         concurrencyLimit: 0\n    values: {values:?}\n    tasks:\n      - id: ask\n        \
         type: io.kestra.plugin.core.http.Request\n        uri: {url}\n"
    );
    system.api.import(flow).await?;
    let executor = system.functions.get("executor").context("there is no executor")?;
    let (memory_before, _) = executor.memory()?;
    let before = system.usage().await?;
    let began = Instant::now();
    system.api.start(("zoomcamp", &id), &[], false).await?;
    while system.api.open().await? > 0 {
        ensure!(began.elapsed() < LIMIT, "a loop of {iterations} has not ended after {} s", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let took = began.elapsed();
    let after = system.usage().await?;
    let (_, memory_peak) = executor.memory()?;
    let ends = system.api.ends().await?;
    let end = ends.iter().find(|end| end.flow == id).context("the loop has no execution")?;
    let runs = u64::try_from(end.task_runs.len())?;
    ensure!(end.state == "SUCCESS" && runs > iterations, "{id} ended {} with {runs} task runs", end.state);
    let more = |kind: &str| {
        let of =
            |counts: &std::collections::BTreeMap<String, u64>| counts.get(kind).copied().unwrap_or_default();
        of(&after).saturating_sub(of(&before))
    };
    Ok(Wide {
        iterations,
        took,
        execution_writes: more("firestore.executionWrites"),
        writes: more("firestore.writes"),
        memory_before,
        memory_peak,
    })
}
