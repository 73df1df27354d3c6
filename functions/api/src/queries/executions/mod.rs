//! Stored executions, and the flows that they run.

pub(crate) mod conditions;
pub(crate) mod files;
pub(crate) mod lineage;
pub(crate) mod numbers;
pub(crate) mod outputs;
pub(crate) mod search;
pub(crate) mod task_runs;
pub(crate) mod tasks;

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::flows::graph::graph_of;
use crate::view;
use crate::view::flow::flow as flow_view;
use segue_api_types as types;
use segue_executor::Begun;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_ports::PortError;
use segue_ports::state::{ExecutionFilter, FlowName, StoredExecution, StoredFlow};

/// An execution, or an error if it does not exist.
pub(crate) async fn stored(api: &Api, id: &str) -> Answer<StoredExecution> {
    api.state()
        .execution(&ExecutionId::from(id))
        .await?
        .ok_or_else(|| ApiError::not_found(format!("Execution '{id}'")))
}

/// An execution with its task runs, in the shape of the API.
pub(crate) fn whole(api: &Api, stored: &StoredExecution) -> types::Execution {
    view::execution(api, &stored.execution, stored.task_runs.iter().map(|(_, run)| run))
}

/// An execution with its task runs. Task runs that a worker has begun are RUNNING.
pub(crate) async fn one(api: &Api, id: &str) -> Answer<types::Execution> {
    let mut stored = stored(api, id).await?;
    mark_begun(api, &mut stored).await?;
    Ok(whole(api, &stored))
}

/// Makes task runs RUNNING that a worker has begun. An execution that has ended has none.
pub(crate) async fn mark_begun(api: &Api, stored: &mut StoredExecution) -> Result<Begun, PortError> {
    if stored.execution.state.current().is_terminal() {
        return Ok(Begun::default());
    }
    let runs = stored.task_runs.iter_mut().map(|(_, run)| run);
    segue_executor::mark_begun(api.state(), &stored.execution.id, runs).await
}

/// The newest execution of a flow that has run, without its task runs.
pub(crate) async fn latest(api: &Api, namespace: &str, flow_id: &str) -> Answer<types::Execution> {
    let flow = FlowName { namespace: namespace.to_owned(), id: flow_id.to_owned() };
    let found = api.state().executions(&ExecutionFilter::newest_of(&flow, 1)).await?;
    found
        .first()
        .map(types::Execution::listed)
        .ok_or_else(|| ApiError::not_found(format!("An execution of the flow '{namespace}.{flow_id}'")))
}

/// The newest executions of flows, in the order of the flows. Flows that have not run are left out.
pub(crate) async fn latest_of(api: &Api, flows: &[types::FlowId]) -> Answer<Vec<types::LatestExecution>> {
    let names: Vec<FlowName> = flows
        .iter()
        .map(|types::FlowId { namespace, id }| FlowName { namespace: namespace.clone(), id: id.clone() })
        .collect();
    let found = api.state().newest_executions(&names, 1).await?;
    let latest = found.iter().flatten().map(|execution| types::LatestExecution {
        start_date: execution.state.start_date(),
        status: execution.state.current(),
        execution: types::Execution::listed(execution),
    });
    Ok(latest.collect())
}

/// The flow in the revision that an execution runs, as it is stored.
async fn flow_of(api: &Api, id: &str) -> Answer<StoredFlow> {
    let execution = stored(api, id).await?.execution;
    api.flow(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await
}

/// The flow in the revision that an execution runs, with only the parts that a form needs.
pub(crate) async fn flow(api: &Api, id: &str) -> Answer<types::FlowToExecute> {
    Ok(flow_view(&flow_of(api, id).await?).into())
}

/// The graph of the flow in the revision that an execution runs.
pub(crate) async fn graph(api: &Api, id: &str) -> Answer<types::Graph> {
    let flow = flow_of(api, id).await?;
    let plan = api.executor.plan(&flow.namespace, &flow.id, Some(flow.revision)).await?;
    Ok(graph_of(&plan.flow))
}

/// The parts of a flow that a form needs.
pub(crate) async fn flow_to_execute(
    api: &Api,
    namespace: &str,
    id: &str,
    revision: Option<u32>,
) -> Answer<types::FlowToExecute> {
    Ok(flow_view(&api.flow(namespace, id, revision).await?).into())
}

/// The flows of a namespace that can be run.
pub(crate) async fn flows(api: &Api, namespace: &str) -> Answer<Vec<types::FlowToExecute>> {
    let flows = api.state().flows(Some(namespace)).await?;
    Ok(flows.iter().map(|flow| flow_view(flow).into()).collect())
}

/// Renders an expression with the variables of a task run, or with the variables of the flow.
pub(crate) async fn evaluate(
    api: &Api,
    id: &str,
    task_run: Option<&TaskRunId>,
    expression: &str,
) -> Answer<types::Evaluation> {
    Ok(match api.executor.evaluate(&ExecutionId::from(id), task_run, expression).await? {
        Ok(result) => types::Evaluation { result: Some(result), error: None, stack_trace: None },
        Err(error) => {
            types::Evaluation { result: None, error: Some(error.clone()), stack_trace: Some(error) }
        }
    })
}
