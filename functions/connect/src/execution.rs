//! The facts about an execution that a message shows.

use jiff::{SignedDuration, Timestamp};
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_ports::state::StoredExecution;
use segue_task::{TaskContext, TaskError};
use serde_json::json;

/// The facts about an execution: that with this id, or else the task's own.
///
/// # Errors
/// [`TaskError::Failed`] if the execution does not exist.
pub(crate) async fn facts(id: Option<&str>, context: &TaskContext) -> Result<Json, TaskError> {
    let own = &context.message().execution_id;
    let id = id.map_or_else(|| own.clone(), ExecutionId::from);
    match context.ports().state.execution(&id).await? {
        Some(stored) => Ok(facts_of(&stored, context.url(), context.ports().clock.now())),
        None => Err(TaskError::failed(format!("the execution '{id}' does not exist; check 'executionId'"))),
    }
}

fn facts_of(stored: &StoredExecution, url: Option<&str>, now: Timestamp) -> Json {
    let execution = &stored.execution;
    let runs: Vec<&TaskRun> = stored.task_runs.iter().map(|(_, run)| run).collect();
    let first_failed = runs.iter().find(|run| run.state.current() == State::Failed);
    let state = match execution.state.current() {
        // A task among the `errors` of a flow runs before the execution ends.
        State::Running if first_failed.is_some() => State::Failed,
        state => state,
    };
    let begin = execution.state.start_date();
    let end = execution.state.end_date().unwrap_or(now);
    let duration = seconds(end.duration_since(begin));
    let (namespace, flow, id) = (&execution.namespace, &execution.flow_id, &execution.id);
    let link = url.map(|url| format!("{url}/ui/executions/{namespace}/{flow}/{id}"));
    let failed = first_failed.map(|run| run.task_id.as_str());
    let mut text = format!("[{namespace}] {flow} is {} after {duration}", state.as_str());
    if let Some(task) = failed {
        text.push_str(&format!("; the task '{task}' failed"));
    }
    json!({
        "id": id,
        "namespace": namespace,
        "flowId": flow,
        "state": state.as_str(),
        "isFailed": state == State::Failed,
        "isGood": state == State::Success,
        "startDate": begin,
        "duration": duration,
        "firstFailed": failed,
        "lastTask": runs.last().map(|run| run.task_id.as_str()),
        "link": link,
        "text": text,
    })
}

/// A duration for people: `1h 2m 3s`.
fn seconds(duration: SignedDuration) -> String {
    let all = duration.as_secs().max(0);
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds}s"),
        _ => format!("{hours}h {minutes}m {seconds}s"),
    }
}
