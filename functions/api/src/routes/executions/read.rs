//! Requests that only read. Each handler calls one query.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::numbers;
use crate::queries::{executions as queries, flows};
use crate::request::{JsonBody, Query, TextBody};
use crate::view::csv;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use segue_api_types as types;
use segue_model::id::TaskRunId;

pub(super) async fn search(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Page<types::Execution>>> {
    queries::search::search(&api, &query).await.map(Json)
}

pub(super) async fn tasks(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Page<types::ExecutionTasks>>> {
    queries::tasks::grid(&api, &query).await.map(Json)
}

pub(super) async fn next_attempts(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Answer<Json<Vec<types::NextAttempt>>> {
    queries::tasks::next_attempts(&api, &id).await.map(Json)
}

pub(super) async fn one(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Execution>> {
    queries::one(&api, &id).await.map(Json)
}

pub(super) async fn head(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Answer<Json<types::ExecutionHead>> {
    queries::task_runs::head(&api, &id).await.map(Json)
}

pub(super) async fn task_runs(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::TaskRunRows>> {
    queries::task_runs::rows(&api, &id, &query).await.map(Json)
}

pub(super) async fn task_run(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
) -> Answer<Json<types::TaskRun>> {
    queries::task_runs::one_run(&api, &id, &task_run).await.map(Json)
}

pub(super) async fn latest(State(api): State<Api>, query: Query) -> Answer<Json<types::Execution>> {
    let (namespace, flow_id) = (query.required("namespace")?, query.required("flowId")?);
    queries::latest(&api, namespace, flow_id).await.map(Json)
}

/// The largest number of flows in one request for their newest executions.
const MOST_FLOWS: usize = 500;

pub(super) async fn latest_of(
    State(api): State<Api>,
    JsonBody(flows): JsonBody<Vec<types::FlowId>>,
) -> Answer<Json<Vec<types::LatestExecution>>> {
    if flows.len() > MOST_FLOWS {
        return Err(ApiError::argument(format!(
            "the request names {} flows, and may name {MOST_FLOWS}",
            flows.len()
        )));
    }
    queries::latest_of(&api, &flows).await.map(Json)
}

pub(super) async fn flow(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Answer<Json<types::FlowToExecute>> {
    queries::flow(&api, &id).await.map(Json)
}

pub(super) async fn lineage(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
) -> Answer<Json<types::Lineage>> {
    queries::lineage::of_task_run(&api, &id, &task_run).await.map(Json)
}

pub(super) async fn graph(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Graph>> {
    queries::graph(&api, &id).await.map(Json)
}

pub(super) async fn flow_to_execute(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::FlowToExecute>> {
    queries::flow_to_execute(&api, &namespace, &id, query.number("revision")?).await.map(Json)
}

pub(super) async fn flows_of_namespace(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<Vec<types::FlowToExecute>>> {
    queries::flows(&api, &namespace).await.map(Json)
}

pub(super) async fn namespaces(State(api): State<Api>) -> Answer<Json<Vec<String>>> {
    flows::namespaces(&api, "").await.map(Json)
}

/// A table of the executions of a search.
pub(super) async fn table(State(api): State<Api>, query: Query) -> Answer<Response> {
    csv::answer("executions.csv", &numbers::COLUMNS, numbers::rows(&api, &query).await?)
}

pub(super) async fn distinct(State(api): State<Api>, query: Query) -> Answer<Json<Vec<String>>> {
    numbers::distinct(&api, &query).await.map(Json)
}

pub(super) async fn average(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
) -> Answer<Json<types::AverageDuration>> {
    numbers::average(&api, &namespace, &flow_id).await.map(Json)
}

pub(super) async fn evaluate(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
    TextBody(expression): TextBody,
) -> Answer<Json<types::Evaluation>> {
    queries::evaluate(&api, &id, Some(&TaskRunId::from(task_run)), &expression).await.map(Json)
}

pub(super) async fn evaluate_in_flow(
    State(api): State<Api>,
    Path(id): Path<String>,
    TextBody(expression): TextBody,
) -> Answer<Json<types::Evaluation>> {
    queries::evaluate(&api, &id, None, &expression).await.map(Json)
}
