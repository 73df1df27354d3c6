//! Outputs of executions and task runs, at the addresses of Kestra 2.

use crate::endpoint::{Endpoint, get, json};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::outputs as queries;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::{Json as Value, Map};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/outputs/executions/{id}", of_execution)
            .is("outputsOfExecution", "Returns the outputs of the flow. Empty before the end.")
            .answers(json::<Map>())
            .refuses(&[404]),
        get("/outputs/tasks/{id}", of_tasks)
            .is("outputsOfTasks", "Lists the task runs of an execution that have outputs.")
            .refuses(&[404]),
        get("/outputs/tasks/{id}/{taskRunId}", of_task_run)
            .is("outputsOfTaskRun", "Returns the outputs of a task run.")
            .answers(json::<Map>())
            .refuses(&[404]),
    ]
}

async fn of_execution(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    queries::of_execution(&api, &id).await.map(|outputs| Json(Value::Object(outputs)))
}

async fn of_tasks(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Vec<types::TaskOutputs>>> {
    queries::of_tasks(&api, &id).await.map(Json)
}

async fn of_task_run(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    queries::of_task_run(&api, &id, &task_run).await.map(|outputs| Json(Value::Object(outputs)))
}
