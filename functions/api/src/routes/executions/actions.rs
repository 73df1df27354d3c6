//! Actions on one execution.

use super::create::{breakpoints, validation};
use super::inputs::submitted;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::{stored, whole};
use crate::request::{Form, JsonBody, Query};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_executor::ActionError;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::state::State as ExecutionState;

/// The execution after an action.
async fn after(api: &Api, execution: &Execution) -> Answer<Json<types::Execution>> {
    Ok(Json(whole(api, &stored(api, execution.id.as_str()).await?)))
}

pub(super) async fn restart(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    let execution = api.executor.restart(&ExecutionId::from(id), query.number("revision")?).await?;
    after(&api, &execution).await
}

pub(super) async fn replay(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    let task_run = query.text("taskRunId").map(TaskRunId::from);
    let revision = query.number("revision")?;
    let breakpoints = breakpoints(&query).unwrap_or_default();
    let id = ExecutionId::from(id);
    let execution = api.executor.replay_to(&id, task_run.as_ref(), revision, None, breakpoints).await?;
    after(&api, &execution).await
}

pub(super) async fn replay_with_inputs(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
    form: Form,
) -> Answer<Json<types::Execution>> {
    let task_run = query.text("taskRunId").map(TaskRunId::from);
    let old = stored(&api, &id).await?.execution;
    let revision = query.number("revision")?;
    let plan =
        api.executor.plan(&old.namespace, &old.flow_id, Some(revision.unwrap_or(old.flow_revision))).await?;
    // The new execution has no id yet, so its files are stored with the files of the replayed execution.
    let submitted = submitted(&api, form, &plan.flow.inputs, &old.storage_prefix()).await?;
    let inputs = Some(submitted.values.clone());
    let breakpoints = breakpoints(&query).unwrap_or_default();
    match api.executor.replay_to(&old.id, task_run.as_ref(), revision, inputs, breakpoints).await {
        Ok(execution) => after(&api, &execution).await,
        Err(error) => {
            submitted.discard(&api).await;
            Err(error.into())
        }
    }
}

pub(super) async fn task_run_state(
    State(api): State<Api>,
    Path(id): Path<String>,
    JsonBody(types::TaskState { task_run_id, state }): JsonBody<types::TaskState>,
) -> Answer<Json<types::Execution>> {
    let task_run = TaskRunId::from(task_run_id);
    let execution = api.executor.change_task_run_state(&ExecutionId::from(id), &task_run, state).await?;
    after(&api, &execution).await
}

pub(super) async fn change_status(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    query.required("status")?;
    let Some(state) = query.state("status")? else {
        return Err(ApiError::bad_request("Required argument [status] is missing: add ?status=…"));
    };
    let execution = api.executor.change_status(&ExecutionId::from(id), state).await?;
    after(&api, &execution).await
}

pub(super) async fn leave_breakpoints(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    let execution = api.executor.leave_breakpoints(&ExecutionId::from(id), breakpoints(&query)).await?;
    after(&api, &execution).await
}

pub(super) async fn pause(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Execution>> {
    let execution = api.executor.pause(&ExecutionId::from(id)).await?;
    after(&api, &execution).await
}

pub(super) async fn unqueue(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    let state = query.state("state")?.unwrap_or(ExecutionState::Running);
    let execution = api.executor.unqueue(&ExecutionId::from(id), state).await?;
    after(&api, &execution).await
}

pub(super) async fn force_run(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Answer<Json<types::Execution>> {
    let execution = api.executor.force_run(&ExecutionId::from(id)).await?;
    after(&api, &execution).await
}

pub(super) async fn labels(
    State(api): State<Api>,
    Path(id): Path<String>,
    JsonBody(labels): JsonBody<Vec<Label>>,
) -> Answer<Json<types::Execution>> {
    let execution = match api.executor.set_labels(&ExecutionId::from(id), labels).await {
        // Only labels answer 400 here: a running execution has labels, but callers cannot set them.
        Err(ActionError::IllegalState(why)) => return Err(ApiError::bad_request(why)),
        other => other?,
    };
    after(&api, &execution).await
}

/// Kills an execution, and answers with the execution.
pub(super) async fn kill_and_show(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Execution>> {
    let cascade = query.flag("isOnKillCascade", true)?;
    let execution = api.executor.kill(&ExecutionId::from(id), cascade).await?;
    after(&api, &execution).await
}

pub(super) async fn kill(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<StatusCode> {
    let cascade = query.flag("isOnKillCascade", true)?;
    api.executor.kill(&ExecutionId::from(id), cascade).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn resume(State(api): State<Api>, Path(id): Path<String>, form: Form) -> Answer<StatusCode> {
    resumed(&api, id, form).await.map(|_| StatusCode::NO_CONTENT)
}

/// Resumes an execution, and answers with the execution.
pub(super) async fn resume_and_show(
    State(api): State<Api>,
    Path(id): Path<String>,
    form: Form,
) -> Answer<Json<types::Execution>> {
    let execution = resumed(&api, id, form).await?;
    after(&api, &execution).await
}

async fn resumed(api: &Api, id: String, form: Form) -> Answer<Execution> {
    let id = ExecutionId::from(id);
    let declared = api.executor.resume_inputs(&id).await?;
    let prefix = stored(api, id.as_str()).await?.execution.storage_prefix();
    let submitted = submitted(api, form, &declared, &prefix).await?;
    match api.executor.resume(&id, submitted.values.clone()).await {
        Ok(execution) => Ok(execution),
        Err(error) => {
            submitted.discard(api).await;
            Err(error.into())
        }
    }
}

pub(super) async fn validate_resume(
    State(api): State<Api>,
    Path(id): Path<String>,
    form: Form,
) -> Answer<Json<types::InputsValidation>> {
    let id = ExecutionId::from(id);
    let declared = api.executor.resume_inputs(&id).await?;
    let execution = stored(&api, id.as_str()).await?.execution;
    let submitted = submitted(&api, form, &declared, &execution.storage_prefix()).await?;
    let outcome = api.executor.resolve_resume(&id, submitted.values.clone()).await;
    submitted.discard(&api).await;
    let outcome = match outcome {
        Ok((_, inputs)) => Ok(inputs),
        Err(ActionError::Inputs(problems)) => {
            Err(problems.into_iter().map(|problem| (problem.input, problem.message)).collect())
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(validation(&execution.flow_id, &execution.namespace, &declared, &submitted.values, outcome)))
}
