//! Outputs of executions and task runs. Clients of Kestra 2 read outputs only here.

use super::stored;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use segue_api_types as types;
use segue_model::Map;

/// The outputs of the flow. Empty before the end, and if there are none.
pub(crate) async fn of_execution(api: &Api, id: &str) -> Answer<Map> {
    Ok(stored(api, id).await?.execution.outputs.unwrap_or_default())
}

/// The task runs that have outputs, oldest first.
pub(crate) async fn of_tasks(api: &Api, id: &str) -> Answer<Vec<types::TaskOutputs>> {
    let stored = stored(api, id).await?;
    let with_outputs = stored.task_runs.iter().map(|(_, run)| run).filter(|run| !run.outputs.is_empty());
    Ok(with_outputs
        .map(|run| types::TaskOutputs {
            task_id: run.task_id.clone(),
            task_run_id: run.id.to_string(),
            value: run.value.clone(),
            iteration: run.iteration,
            inline: true,
        })
        .collect())
}

/// The outputs of a task run. Empty if there are none.
pub(crate) async fn of_task_run(api: &Api, id: &str, task_run: &str) -> Answer<Map> {
    let stored = stored(api, id).await?;
    let run = stored.task_runs.into_iter().map(|(_, run)| run).find(|run| run.id.as_str() == task_run);
    run.map(|run| run.outputs)
        .ok_or_else(|| ApiError::not_found(format!("Task run '{task_run}' of execution '{id}'")))
}
