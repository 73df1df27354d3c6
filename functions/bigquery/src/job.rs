//! A job: what it is called, what it is labelled with, and how it is run: to its end, or as long as the service waits,
//! or until the task is stopped, and the job with it.

use crate::connection::Connection;
use crate::refusal::refusal;
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;

/// The longest value of a label.
const LONGEST_LABEL: usize = 63;

/// The job's id: it follows from the attempt, so that a message delivered twice makes one job.
pub fn job_id(context: &TaskContext) -> String {
    let key = context.attempt_key();
    let id = format!("segue_{}_{}_{}", key.execution_id, key.task_run_id, key.attempt);
    id.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .collect()
}

/// The user's labels with those that say where the job comes from.
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

/// A job of these statements with what all jobs of this service have. The caller adds the rest, not the id: another
/// delivery looks for the job by it.
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

/// Runs the job, or finds it at work or done. When the task is to stop, so is the job; also one that an earlier
/// delivery of the message began.
///
/// # Errors
/// [`TaskError::Unfinished`] when it takes longer than the service waits, [`TaskError::Stopped`], or as the warehouse
/// refuses it.
pub(crate) async fn run(
    warehouse: &dyn Warehouse,
    job: QueryJob,
    context: &TaskContext,
) -> Result<QueryResult, TaskError> {
    let stopped = context.cancelled();
    let asked = job.clone();
    tokio::select! {
        biased;
        () = stopped.cancelled() => Err(stop(warehouse, &[asked], context).await),
        result = warehouse.query(job) => result.map_err(|error| refusal(error, context)),
    }
}

/// Has jobs end whose results nobody waits for any more; not where another worker waits for them now.
pub(crate) async fn stop(warehouse: &dyn Warehouse, jobs: &[QueryJob], context: &TaskContext) -> TaskError {
    let jobs = if context.goes_on_elsewhere() { &[] } else { jobs };
    for job in jobs {
        if let Err(error) = warehouse.cancel(job).await {
            context.warn(format!("the job {} may go on: {error}", job.job_id));
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
