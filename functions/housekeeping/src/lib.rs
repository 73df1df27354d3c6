//! The `housekeeping` service: tasks on executions, their logs and triggers (docs/kestra.md 4.1).
//!
//! What it is: one module for each task type that reads or changes the state store. The engine itself runs
//! the tasks that change their own execution (labels, variables, its end).
//!
//! What it must not know: how the state store keeps its data, how an execution continues.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one
//! line in [`tasks`].

pub mod count;
pub mod dates;
pub mod fetch_logs;
pub mod purge_executions;
pub mod purge_kv;
pub mod purge_logs;
#[cfg(test)]
mod testing;
pub mod toggle_trigger;

use segue_model::Json;
use segue_model::state::State;
use segue_task::{TaskError, TaskList};

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("housekeeping")
        .deployed_as(include_str!("../function.yaml"))
        .add::<count::Count>()
        .add::<fetch_logs::Fetch>()
        .add::<purge_executions::PurgeExecutions>()
        .add::<purge_kv::PurgeKv>()
        .add::<purge_logs::PurgeLogs>()
        .add::<toggle_trigger::Toggle>()
}

/// States by name. An empty list means all states.
fn states(names: &[String]) -> Result<Vec<State>, TaskError> {
    names
        .iter()
        .map(|name| {
            serde_json::from_value(Json::String(name.trim().to_ascii_uppercase())).map_err(|_| {
                TaskError::failed(format!(
                    "'{name}' is not a state; write SUCCESS, WARNING, FAILED, KILLED …"
                ))
            })
        })
        .collect()
}
