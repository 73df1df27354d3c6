//! Executions that are there, and what they run.

pub(crate) mod preview;
pub(crate) mod search;

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::flows::graph::graph_of;
use crate::request::{Query, TextBody};
use crate::view;
use crate::view::flow::flow as flow_view;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_ports::state::{ExecutionFilter, StoredExecution, StoredFlow};

/// An execution that must be there.
pub(crate) async fn stored(api: &Api, id: &str) -> Answer<StoredExecution> {
    api.state()
        .execution(&ExecutionId::from(id))
        .await?
        .ok_or_else(|| ApiError::not_found(format!("Execution '{id}'")))
}

/// An execution with its task runs, as it is answered.
pub(crate) fn whole(api: &Api, stored: &StoredExecution) -> types::Execution {
    view::execution(api, &stored.execution, stored.task_runs.iter().map(|(_, run)| run))
}

pub(crate) async fn one(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Execution>> {
    Ok(Json(whole(&api, &stored(&api, &id).await?)))
}

pub(crate) async fn latest(State(api): State<Api>, query: Query) -> Answer<Json<types::Execution>> {
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
    Ok(Json(types::Execution::listed(first)))
}

/// The flow in the revision an execution runs.
async fn flow_of(api: &Api, id: &str) -> Answer<StoredFlow> {
    let execution = stored(api, id).await?.execution;
    api.flow(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await
}

pub(crate) async fn flow(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Answer<Json<types::FlowToExecute>> {
    Ok(Json(flow_view(&flow_of(&api, &id).await?).into()))
}

pub(crate) async fn graph(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Graph>> {
    let flow = flow_of(&api, &id).await?;
    let plan = api.executor.plan(&flow.namespace, &flow.id, Some(flow.revision)).await?;
    Ok(Json(graph_of(&plan.flow)))
}

pub(crate) async fn flow_to_execute(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::FlowToExecute>> {
    let stored = api.flow(&namespace, &id, query.number("revision")?).await?;
    Ok(Json(flow_view(&stored).into()))
}

pub(crate) async fn flows(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<Vec<types::FlowId>>> {
    let flows = api.state().flows(Some(&namespace)).await?;
    Ok(Json(flows.into_iter().map(|flow| types::FlowId { id: flow.id, namespace: flow.namespace }).collect()))
}

pub(crate) async fn namespaces(State(api): State<Api>) -> Answer<Json<Vec<String>>> {
    let mut namespaces: Vec<String> =
        api.state().flows(None).await?.into_iter().map(|flow| flow.namespace).collect();
    namespaces.dedup();
    Ok(Json(namespaces))
}

pub(crate) async fn evaluate(
    State(api): State<Api>,
    Path((id, task_run)): Path<(String, String)>,
    TextBody(expression): TextBody,
) -> Answer<Json<types::Evaluation>> {
    render(&api, &id, Some(&TaskRunId::from(task_run)), &expression).await
}

pub(crate) async fn evaluate_in_flow(
    State(api): State<Api>,
    Path(id): Path<String>,
    TextBody(expression): TextBody,
) -> Answer<Json<types::Evaluation>> {
    render(&api, &id, None, &expression).await
}

async fn render(
    api: &Api,
    id: &str,
    task_run: Option<&TaskRunId>,
    expression: &str,
) -> Answer<Json<types::Evaluation>> {
    Ok(Json(match api.executor.evaluate(&ExecutionId::from(id), task_run, expression).await? {
        Ok(result) => types::Evaluation { result: Some(result), error: None, stack_trace: None },
        Err(error) => {
            types::Evaluation { result: None, error: Some(error.clone()), stack_trace: Some(error) }
        }
    }))
}
