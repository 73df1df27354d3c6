//! Executions that are there, and what they run.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Query, TextBody};
use crate::routes::flows::graph_of;
use crate::view;
use crate::view::flow::flow as flow_view;
use axum::Json;
use axum::extract::{Path, State};
use segue_model::Json as Value;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_ports::state::{ExecutionFilter, StoredExecution, StoredFlow};
use serde_json::json;

/// An execution that must be there.
pub(crate) async fn stored(api: &Api, id: &str) -> Answer<StoredExecution> {
    api.state()
        .execution(&ExecutionId::from(id))
        .await?
        .ok_or_else(|| ApiError::not_found(format!("Execution '{id}'")))
}

/// An execution with its task runs, as it is answered.
pub(super) fn whole(api: &Api, stored: &StoredExecution) -> Value {
    view::execution(api, &stored.execution, stored.task_runs.iter().map(|(_, run)| run))
}

pub(super) async fn one(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(whole(&api, &stored(&api, &id).await?)))
}

pub(super) async fn latest(State(api): State<Api>, query: Query) -> Answer<Json<Value>> {
    let (namespace, flow_id) = (query.required("namespace")?, query.required("flowId")?);
    let filter = ExecutionFilter {
        namespace: Some(namespace.to_owned()),
        exact_namespace: true,
        flow_id: Some(flow_id.to_owned()),
        limit: 1,
        ..ExecutionFilter::default()
    };
    let found = api.state().executions(&filter).await?;
    let first = found
        .first()
        .ok_or_else(|| ApiError::not_found(format!("An execution of the flow '{namespace}.{flow_id}'")))?;
    Ok(Json(view::listed(first)))
}

/// The flow in the revision an execution runs.
async fn flow_of(api: &Api, id: &str) -> Answer<StoredFlow> {
    let execution = stored(api, id).await?.execution;
    api.flow(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await
}

pub(super) async fn flow(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(to_execute(&flow_of(&api, &id).await?)))
}

pub(super) async fn graph(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let flow = flow_of(&api, &id).await?;
    let plan = api.executor.plan(&flow.namespace, &flow.id, Some(flow.revision)).await?;
    Ok(Json(graph_of(&plan.flow)))
}

/// What of a flow somebody sees who may only run it.
fn to_execute(stored: &StoredFlow) -> Value {
    let mut view = flow_view(stored);
    if let Value::Object(map) = &mut view {
        let shown =
            ["id", "namespace", "revision", "inputs", "labels", "tasks", "errors", "finally", "disabled"];
        map.retain(|key, _| shown.contains(&key.as_str()));
    }
    view
}

pub(super) async fn flow_to_execute(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<Value>> {
    Ok(Json(to_execute(&api.flow(&namespace, &id, query.number("revision")?).await?)))
}

pub(super) async fn flows(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<Vec<Value>>> {
    let flows = api.state().flows(Some(&namespace)).await?;
    Ok(Json(flows.iter().map(|flow| json!({"id": flow.id, "namespace": flow.namespace})).collect()))
}

pub(super) async fn namespaces(State(api): State<Api>) -> Answer<Json<Vec<String>>> {
    let mut namespaces: Vec<String> =
        api.state().flows(None).await?.into_iter().map(|flow| flow.namespace).collect();
    namespaces.dedup();
    Ok(Json(namespaces))
}

pub(super) async fn evaluate(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
    TextBody(expression): TextBody,
) -> Answer<Json<Value>> {
    render(&api, &id, Some(&TaskRunId::from(task_run)), &expression).await
}

pub(super) async fn evaluate_in_flow(
    State(api): State<Api>,
    Path(id): Path<String>,
    TextBody(expression): TextBody,
) -> Answer<Json<Value>> {
    render(&api, &id, None, &expression).await
}

async fn render(api: &Api, id: &str, task_run: Option<&TaskRunId>, expression: &str) -> Answer<Json<Value>> {
    Ok(Json(match api.executor.evaluate(&ExecutionId::from(id), task_run, expression).await? {
        Ok(result) => json!({"result": result}),
        Err(error) => json!({"error": error, "stackTrace": error}),
    }))
}
