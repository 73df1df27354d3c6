//! The facts about an execution that a message shows.

use jiff::{SignedDuration, Timestamp};
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_ports::state::StoredExecution;
use segue_task::{TaskContext, TaskError};
use serde_json::json;

/// The facts about an execution: the one that `executionId` names, or else the task's own. `customMessage` and
/// `customFields` become parts of the message.
///
/// # Errors
/// [`TaskError::Failed`] if the execution does not exist.
pub(crate) async fn facts(properties: &Map, context: &TaskContext) -> Result<Json, TaskError> {
    let own = &context.message().execution_id;
    let id = properties.get("executionId").and_then(Json::as_str);
    let id = id.map_or_else(|| own.clone(), ExecutionId::from);
    let Some(stored) = context.ports().state.execution(&id).await? else {
        return Err(TaskError::failed(format!("the execution '{id}' does not exist; check 'executionId'")));
    };
    let mut facts = facts_of(&stored, context.url(), context.ports().clock.now());
    let lines = [facts.remove("text"), properties.get("customMessage").cloned()];
    let mut lines: Vec<String> = lines.iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
    let fields = properties.get("customFields").and_then(Json::as_object);
    for (name, value) in fields.into_iter().flatten() {
        lines.push(format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    lines.extend(facts.get("link").and_then(Json::as_str).map(str::to_owned));
    facts.insert("title".to_owned(), lines.first().cloned().into());
    facts.insert("message".to_owned(), lines.join("\n").into());
    Ok(Json::Object(facts))
}

fn facts_of(stored: &StoredExecution, url: Option<&str>, now: Timestamp) -> Map {
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
    let facts = json!({
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
    });
    match facts {
        Json::Object(facts) => facts,
        _ => Map::new(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        let text = |all| seconds(SignedDuration::from_secs(all));
        assert_eq!((text(59), text(61), text(3_725)), ("59s".into(), "1m 1s".into(), "1h 2m 5s".into()));
        assert_eq!(text(-5), "0s");
    }
}
