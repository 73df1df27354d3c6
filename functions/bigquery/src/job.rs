//! A job: its id, its labels, and how it runs. The task waits until the job ends, until the service's time
//! limit, or until the task is cancelled, which also cancels the job.

use crate::connection::Connection;
use crate::refusal::refusal;
use segue_ports::warehouse::{JobSettings, QueryJob, QueryResult, Rows, Warehouse, WarehouseError};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;

/// The longest value of a label.
const LONGEST_LABEL: usize = 63;

/// The id of the job. It follows from the attempt, so that a message that is delivered twice makes one job.
pub fn job_id(context: &TaskContext) -> String {
    let key = context.attempt_key();
    let id = format!("segue_{}_{}_{}", key.execution_id, key.task_run_id, key.attempt);
    id.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .collect()
}

/// The task's own labels, and labels with the origin of the job.
pub fn labels(own: &BTreeMap<String, String>, context: &TaskContext) -> BTreeMap<String, String> {
    let message = context.message();
    let mut labels = own.clone();
    let origin = [
        ("kestra_namespace", message.namespace.as_str()),
        ("kestra_flow_id", message.flow_id.as_str()),
        ("kestra_execution_id", message.execution_id.as_str()),
        ("kestra_task_id", message.task_id.as_str()),
    ];
    let trigger = message.context.pointer("/trigger/id").and_then(serde_json::Value::as_str);
    for (name, value) in origin.into_iter().chain(trigger.map(|id| ("kestra_trigger_id", id))) {
        labels.insert(name.to_owned(), label(value));
    }
    labels
}

/// The settings of a job that is not a query.
pub(crate) fn settings(
    connection: &Connection,
    own_labels: &BTreeMap<String, String>,
    context: &TaskContext,
) -> JobSettings {
    JobSettings {
        job_id: job_id(context),
        project: connection.project(),
        location: connection.location(),
        labels: labels(own_labels, context),
        patience: context.patience(),
    }
}

/// A job of these statements, with the settings that all jobs of this service share. The caller sets the other fields,
/// except the id. Another delivery finds the job by this id.
pub(crate) fn job(
    sql: String,
    connection: &Connection,
    own_labels: &BTreeMap<String, String>,
    context: &TaskContext,
) -> QueryJob {
    QueryJob {
        job_id: job_id(context),
        sql,
        project: connection.project(),
        location: connection.location(),
        labels: labels(own_labels, context),
        patience: context.patience(),
        ..QueryJob::default()
    }
}

/// Runs the job, or finds it running or finished. If the task is cancelled, the job is cancelled too, even if
/// an earlier delivery of the message started it. The rows are in the result.
///
/// # Errors
/// [`TaskError::Unfinished`] if the job takes longer than the service waits. [`TaskError::Stopped`] if the
/// task was cancelled. Otherwise the warehouse's error.
pub(crate) async fn run(
    warehouse: &dyn Warehouse,
    job: QueryJob,
    context: &TaskContext,
) -> Result<QueryResult, TaskError> {
    let asked = job.clone();
    until_stopped(warehouse, asked, warehouse.query(job), context).await
}

/// As [`run`], and the rows are read from a stream.
///
/// # Errors
/// As [`run`].
pub(crate) async fn rows(
    warehouse: &dyn Warehouse,
    job: QueryJob,
    context: &TaskContext,
) -> Result<Rows, TaskError> {
    let asked = job.clone();
    until_stopped(warehouse, asked, warehouse.stream(job), context).await
}

/// Waits for a job, and cancels it if the task is cancelled.
///
/// # Errors
/// As [`run`].
pub(crate) async fn transfer<T>(
    warehouse: &dyn Warehouse,
    settings: &JobSettings,
    work: impl Future<Output = Result<T, WarehouseError>>,
    context: &TaskContext,
) -> Result<T, TaskError> {
    let job = QueryJob {
        job_id: settings.job_id.clone(),
        project: settings.project.clone(),
        location: settings.location.clone(),
        ..QueryJob::default()
    };
    until_stopped(warehouse, job, work, context).await
}

async fn until_stopped<T>(
    warehouse: &dyn Warehouse,
    job: QueryJob,
    work: impl Future<Output = Result<T, WarehouseError>>,
    context: &TaskContext,
) -> Result<T, TaskError> {
    let stopped = context.cancelled();
    tokio::select! {
        biased;
        () = stopped.cancelled() => Err(stop(warehouse, &[job], context).await),
        result = work => result.map_err(|error| refusal(error, context)),
    }
}

/// Cancels jobs with unneeded results, unless another worker waits for them now.
pub(crate) async fn stop(warehouse: &dyn Warehouse, jobs: &[QueryJob], context: &TaskContext) -> TaskError {
    let jobs = if context.goes_on_elsewhere() { &[] } else { jobs };
    for job in jobs {
        if let Err(error) = warehouse.cancel(job).await {
            context.warn(format!("the job {} may still run: {error}", job.job_id));
        }
    }
    TaskError::Stopped
}

fn label(value: &str) -> String {
    value
        .chars()
        .map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' })
        .flat_map(char::to_lowercase)
        .take(LONGEST_LABEL)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_bigquery_wants_them() {
        assert_eq!(label("Company.team"), "company_team");
        assert_eq!(label(&"x".repeat(80)).len(), LONGEST_LABEL);
    }
}
