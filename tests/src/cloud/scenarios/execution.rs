//! Starts executions and follows them to their end. Faults may be at work, so a request may fail meanwhile.

use crate::cloud::System;
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The namespace of all flows of the scenarios.
const NAMESPACE: &str = "faults";
/// The time between two looks at an execution.
const LOOK: Duration = Duration::from_millis(500);
/// The time limit of a request that fails because of a fault.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of lines of a log that are shown.
const LINES: usize = 12;

/// An execution.
pub(super) struct Execution<'a> {
    system: &'a System,
    /// The id.
    pub(super) id: String,
}

/// How an execution ended.
pub(super) struct End {
    /// Its state.
    pub(super) state: String,
    /// The execution as the API shows it.
    pub(super) shown: Value,
}

/// Saves a flow. Tries again while requests fail.
pub(super) async fn import(system: &System, flow: &str) -> anyhow::Result<()> {
    insist(async || system.api.import(flow.to_owned()).await).await
}

/// Starts an execution of a flow. Tries again while requests fail, so more than one execution may be started.
pub(super) async fn start<'a>(system: &'a System, flow: &str) -> anyhow::Result<Execution<'a>> {
    let started = insist(async || system.api.start((NAMESPACE, flow), &[], false).await).await?;
    let id = started.get("id").and_then(Value::as_str).context("the execution has no id")?;
    Ok(Execution::of(system, id))
}

/// Tries a request again until it succeeds, or the time is over.
async fn insist<T>(ask: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        match ask().await {
            Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
            answer => return answer,
        }
    }
}

impl<'a> Execution<'a> {
    /// An execution that was started.
    pub(super) fn of(system: &'a System, id: &str) -> Self {
        Self { system, id: id.to_owned() }
    }

    /// Waits for the end of the execution.
    pub(super) async fn end(&self, limit: Duration) -> anyhow::Result<End> {
        let began = Instant::now();
        let mut last = Value::Null;
        while began.elapsed() < limit {
            // A request may fail because of a fault.
            if let Ok(shown) = self.system.api.execution(&self.id).await {
                let state = shown.pointer("/state/current").and_then(Value::as_str).unwrap_or_default();
                if ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"].contains(&state) {
                    return Ok(End { state: state.to_owned(), shown });
                }
                last = shown;
            }
            tokio::time::sleep(LOOK).await;
        }
        let states = End { state: String::new(), shown: last }.states();
        bail!("the execution {} has not ended after {} s: {states:?}", self.id, limit.as_secs())
    }

    /// Waits until the execution has ended with success.
    pub(super) async fn succeeds(&self, limit: Duration) -> anyhow::Result<End> {
        let end = self.end(limit).await?;
        if end.state != "SUCCESS" {
            let log = self.log().await?;
            let last: Vec<_> = log.iter().rev().take(LINES).rev().collect();
            bail!("the execution {} ended {}: {:?}, and its log {last:#?}", self.id, end.state, end.states());
        }
        Ok(end)
    }

    /// The messages of the log.
    pub(super) async fn log(&self) -> anyhow::Result<Vec<String>> {
        insist(async || self.system.api.log(&self.id).await).await
    }

    /// Checks that each of the lines is in the log exactly once.
    pub(super) async fn said_once(&self, lines: impl Iterator<Item = String>) -> anyhow::Result<()> {
        let log = self.log().await?;
        for line in lines {
            let times = log.iter().filter(|said| **said == line).count();
            ensure!(times == 1, "the log of {} has the line '{line}' {times} times: {log:#?}", self.id);
        }
        Ok(())
    }
}

impl End {
    /// The number of task runs by task and state.
    pub(super) fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for run in self.shown.get("taskRunList").and_then(Value::as_array).into_iter().flatten() {
            let text = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            *states.entry(format!("{} {}", text("/taskId"), text("/state/current"))).or_default() += 1;
        }
        states
    }
}
