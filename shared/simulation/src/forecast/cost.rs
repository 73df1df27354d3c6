//! What a run takes on Google Cloud, by the formula of docs/cost.md.

use super::{Certainty, Planned, touches};
use segue_model::flow::Flow;
use serde::Serialize;

/// Dollars for a million messages of at most 1,000 bytes.
const MESSAGE: f64 = 0.0728;
/// Dollars for a million writes of Firestore.
const WRITE: f64 = 0.90;
/// Dollars for a million reads of Firestore.
const READ: f64 = 0.30;
/// Dollars for a million delayed messages.
const DELAYED: f64 = 0.40;
/// Dollars for a million requests of 50 ms, with four at once in an instance.
const REQUEST: f64 = 0.40 + 0.05 / 4.0 * 25.25;
/// Dollars for a million containers of one minute.
const CONTAINER: f64 = 1_320.0;

/// The messages and documents of a run. Tasks that only may run count too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Task runs.
    pub task_runs: u64,
    /// Task runs that a service runs.
    pub service_task_runs: u64,
    /// Messages.
    pub messages: u64,
    /// Delayed messages, of waits.
    pub delayed_messages: u64,
    /// Writes of Firestore.
    pub writes: u64,
    /// Reads of Firestore.
    pub reads: u64,
    /// Containers.
    pub containers: u64,
    /// Dollars for a million such runs, without the work of the tasks themselves: their time above 50 ms, the bytes of
    /// queries, stored objects.
    pub dollars_per_million: f64,
}

/// The cost of a run with these tasks.
pub(super) fn of(flow: &Flow, tasks: &[Planned]) -> Cost {
    // The API creates the execution with one write and one message; the first step reads it.
    let mut cost = Cost { messages: 1, writes: 1, reads: 2, ..Cost::default() };
    add(flow, tasks, &mut cost);
    let dollars = MESSAGE * number(cost.messages)
        + REQUEST * number(cost.messages)
        + DELAYED * number(cost.delayed_messages)
        + WRITE * number(cost.writes)
        + READ * number(cost.reads)
        + CONTAINER * number(cost.containers);
    cost.dollars_per_million = (dollars * 100.0).round() / 100.0;
    cost
}

fn add(flow: &Flow, tasks: &[Planned], cost: &mut Cost) {
    for planned in tasks {
        if planned.certainty != Certainty::OnFailure {
            add(flow, &planned.tasks, cost);
        }
        if !matches!(planned.certainty, Certainty::Certain | Certainty::Maybe) {
            continue;
        }
        cost.task_runs += 1;
        cost.reads += touches::keys(flow, &planned.task_id).len() as u64;
        if let Some(service) = &planned.service {
            cost.service_task_runs += 1;
            cost.messages += 2;
            cost.writes += 3;
            cost.containers += u64::from(service == "container");
        }
        if [".kv.Set", ".kv.Delete"].iter().any(|end| planned.type_name.ends_with(end)) {
            cost.writes += 1;
            cost.reads += 2;
        }
        if [".flow.Sleep", ".flow.Pause"].iter().any(|end| planned.type_name.ends_with(end)) {
            cost.delayed_messages += 1;
            cost.writes += 1;
        }
        if let Some(subflow) = &planned.subflow {
            let inner = subflow.cost;
            cost.task_runs += inner.task_runs;
            cost.service_task_runs += inner.service_task_runs;
            cost.messages += inner.messages + 1;
            cost.delayed_messages += inner.delayed_messages;
            cost.writes += inner.writes + 1;
            cost.reads += inner.reads;
            cost.containers += inner.containers;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of dollars needs no more than 53 bits")]
fn number(count: u64) -> f64 {
    count as f64
}
