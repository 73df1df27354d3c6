//! Runs a flow.

use super::inputs::submitted;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Form, Query};
use crate::view;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_executor::{CreateError, NewExecution};
use segue_model::execution::{Breakpoint, Execution, ExecutionKind, storage_prefix};
use segue_model::input::Input;
use segue_model::label::{Label, set_labels};
use segue_model::{Json as Value, Map};
use segue_ports::random_execution_id;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// The longest wait for a wake-up. Afterwards the handler reads the execution.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn create(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
    form: Form,
) -> Answer<Json<types::Execution>> {
    let labels = labels(&query)?;
    let (wait, schedule_date) = (query.flag("wait", false)?, query.date("scheduleDate")?);
    let slot = query.slot("triggerDate")?;
    let (kind, breakpoints) = (kind(&query)?, breakpoints(&query));
    let plan = api.executor.plan(&namespace, &flow_id, query.number("revision")?).await?;
    let flow = &plan.flow;
    if flow.disabled {
        return Err(CreateError::Disabled(format!("{namespace}.{flow_id}")).into());
    }
    let manual = api.scheduler.manual_run(flow, query.text("triggerId"), slot).await?;
    let id = random_execution_id();
    let submitted = submitted(&api, form, &flow.inputs, &storage_prefix(&namespace, &flow_id, &id)).await?;
    // The values of the request go before those of the trigger.
    let (mut inputs, mut all_labels, trigger) = match manual {
        Some(manual) => (manual.inputs, manual.labels, Some(manual.trigger)),
        None => (Map::new(), Vec::new(), None),
    };
    inputs.extend(submitted.values.clone());
    set_labels(&mut all_labels, labels);
    let mut changes = wait.then(|| api.watch.subscribe());
    let created = api
        .executor
        .create(NewExecution {
            id: Some(id),
            namespace,
            flow_id,
            revision: Some(flow.revision),
            inputs,
            labels: all_labels,
            trigger,
            schedule_date,
            kind,
            breakpoints: breakpoints.unwrap_or_default(),
        })
        .await;
    let execution = match created {
        Ok(execution) => execution,
        Err(error) => {
            submitted.discard(&api).await;
            return Err(error.into());
        }
    };
    match &mut changes {
        None => Ok(Json(view::execution(&api, &execution, []))),
        Some(changes) => ended(&api, &execution, changes).await.map(Json),
    }
}

fn kind(query: &Query) -> Answer<Option<ExecutionKind>> {
    let Some(text) = query.text("kind") else { return Ok(None) };
    let found = ExecutionKind::parse(text);
    found.map(Some).ok_or_else(|| {
        ApiError::argument(format!("kind is '{text}': NORMAL, TEST or PLAYGROUND is expected"))
    })
}

/// The breakpoints of a query, written as `task` or `task.value`. None if the query has none.
pub(super) fn breakpoints(query: &Query) -> Option<Vec<Breakpoint>> {
    query.text("breakpoints")?;
    let texts = query.all("breakpoints").flat_map(|text| text.split(','));
    Some(texts.filter(|text| !text.trim().is_empty()).map(Breakpoint::parse).collect())
}

/// The labels of a query. Callers cannot set the labels of Segue itself.
pub(super) fn labels(query: &Query) -> Answer<Vec<Label>> {
    let labels = query.labels("labels")?;
    match labels.iter().find(|label| label.is_system()) {
        Some(label) => Err(CreateError::SystemLabel(label.key.clone()).into()),
        None => Ok(labels),
    }
}

/// Waits for the end of an execution, and returns the execution.
pub(super) async fn ended(
    api: &Api,
    execution: &Execution,
    changes: &mut tokio::sync::broadcast::Receiver<segue_executor::Change>,
) -> Answer<types::Execution> {
    loop {
        let stored = api
            .state()
            .execution(&execution.id)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Execution '{}'", execution.id)))?;
        if stored.execution.state.current().is_terminal() {
            return Ok(view::execution(api, &stored.execution, stored.task_runs.iter().map(|(_, run)| run)));
        }
        let is_about_it = async {
            loop {
                match changes.recv().await {
                    Ok(change) if change.execution.id != execution.id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    // No more wake-ups come, so only reading is left.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // The end of the wait is no error. The loop reads again.
        let _ = tokio::time::timeout(PATIENCE, is_about_it).await;
    }
}

pub(super) async fn validate(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
    form: Form,
) -> Answer<Json<types::InputsValidation>> {
    let labels = labels(&query)?;
    let plan = api.executor.plan(&namespace, &flow_id, query.number("revision")?).await?;
    let flow = &plan.flow;
    let prefix = storage_prefix(&namespace, &flow_id, &random_execution_id());
    let submitted = submitted(&api, form, &flow.inputs, &prefix).await?;
    let request = NewExecution {
        namespace: namespace.clone(),
        flow_id: flow_id.clone(),
        revision: Some(flow.revision),
        inputs: submitted.values.clone(),
        labels,
        ..NewExecution::default()
    };
    let outcome = api.executor.check_inputs(&request).await;
    submitted.discard(&api).await;
    let outcome = match outcome {
        Ok(inputs) => Ok(inputs),
        Err(CreateError::Inputs(problems)) => {
            Err(problems.into_iter().map(|problem| (problem.input, problem.message)).collect())
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(validation(&flow_id, &namespace, &flow.inputs, &submitted.values, outcome)))
}

/// The result of each input: its value, or its problem.
pub(super) fn validation(
    id: &str,
    namespace: &str,
    declared: &[Input],
    given: &Map,
    outcome: Result<Map, Vec<(String, String)>>,
) -> types::InputsValidation {
    let (values, problems) = match outcome {
        Ok(values) => (values, Vec::new()),
        Err(problems) => (Map::new(), problems),
    };
    let root = Value::Object(values);
    let is_unresolved = root.as_object().is_none_or(Map::is_empty);
    let inputs = declared.iter().map(|input| {
        let errors: Vec<types::InputError> = problems
            .iter()
            .filter(|(id, _)| *id == input.id)
            .map(|(_, message)| types::InputError { message: message.clone() })
            .collect();
        let pointer = format!("/{}", input.id.replace('.', "/"));
        let value = root.pointer(&pointer).cloned().or_else(|| given.get(&input.id).cloned());
        types::InputReport {
            input: types::InputField {
                id: input.id.clone(),
                kind: input.kind.name().to_owned(),
                required: input.required,
            },
            enabled: value.is_some() || !errors.is_empty() || is_unresolved,
            is_default: !given.contains_key(&input.id),
            errors,
            value,
        }
    });
    types::InputsValidation {
        id: id.to_owned(),
        namespace: namespace.to_owned(),
        inputs: inputs.collect(),
        checks: Vec::new(),
    }
}
