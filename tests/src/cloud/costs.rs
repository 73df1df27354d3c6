//! The costs of a flow: the operations that the functions' own adapters count, and the price of these operations.

use super::System;
use anyhow::ensure;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Google's list prices for us-central1, in dollars for a million operations. docs/cost.md gives the sources.
const MESSAGE: f64 = 0.0728;
const WRITE: f64 = 0.90;
const READ: f64 = 0.30;
const DELETE: f64 = 0.10;
const REQUEST: f64 = 0.40;
const TASK: f64 = 0.40;
/// The price of a million instance seconds with 1 vCPU and 512 MiB, in dollars.
const INSTANCE_SECOND: f64 = 24.0 + 1.25;

/// The operations of one execution of a flow.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// The flow.
    pub flow: String,
    /// The number of its task runs, in the executor and in functions.
    pub task_runs: usize,
    /// Counts by kind, as in [`System::usage`].
    pub counts: BTreeMap<String, u64>,
}

impl Cost {
    /// The number of operations of a kind.
    pub fn of(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or_default()
    }

    /// Takes the lower number of two measurements of the same flow, for each kind of operation.
    #[must_use]
    pub fn least(mut self, other: Self) -> Self {
        for (kind, count) in &mut self.counts {
            *count = other.of(kind).min(*count);
        }
        self
    }

    /// The price of a million such executions in dollars. An instance is billed `milliseconds` for each request, and
    /// handles `at_once` requests at the same time.
    pub fn dollars(&self, milliseconds: f64, at_once: f64) -> f64 {
        let count = |kind: &str| self.of(kind) as f64;
        let requests = count("pubsub.messages") + count("tasks.created");
        count("pubsub.messages") * MESSAGE
            + count("firestore.writes") * WRITE
            + count("firestore.reads") * READ
            + count("firestore.deletes") * DELETE
            + count("tasks.created") * TASK
            + requests * (REQUEST + milliseconds / 1_000.0 / at_once * INSTANCE_SECOND)
    }
}

/// A row of a Markdown table.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {:.2} |",
            self.flow,
            self.task_runs,
            self.of("pubsub.messages"),
            self.of("firestore.writes"),
            self.of("firestore.reads"),
            self.of("firestore.deletes"),
            self.of("storage.classA") + self.of("storage.classB"),
            self.of("bigquery.jobs"),
            self.dollars(50.0, 4.0)
        )
    }
}

/// The head of the table.
pub const HEAD: &str = "\
| flow | task runs | messages | writes | reads | deletes | object requests | BigQuery jobs | $ per million executions |
|---|---|---|---|---|---|---|---|---|";

/// Runs a flow once, to its end, and counts the operations.
///
/// # Errors
/// An error if the flow cannot be run, or does not succeed.
pub async fn measure(system: &System, flow: &str, inputs: &[(String, String)]) -> anyhow::Result<Cost> {
    let before = settled(system).await?;
    let started = system.api.start(("zoomcamp", flow), inputs, true).await?;
    let after = settled(system).await?;
    let state = started.pointer("/state/current").and_then(|state| state.as_str()).unwrap_or_default();
    ensure!(state == "SUCCESS", "{flow} ended {state}: {started}");
    let counts = after
        .into_iter()
        .map(|(kind, count)| {
            let earlier = before.get(&kind).copied().unwrap_or_default();
            (kind, count.saturating_sub(earlier))
        })
        .collect();
    let task_runs = started.get("taskRunList").and_then(|runs| runs.as_array()).map_or(0, Vec::len);
    Ok(Cost { flow: flow.to_owned(), task_runs, counts })
}

/// The usage, once it no longer changes. Other services learn of an execution's end after the client sees the end.
pub(super) async fn settled(system: &System) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut last = system.usage().await?;
    loop {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let now = system.usage().await?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}
