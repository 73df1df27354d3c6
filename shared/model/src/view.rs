//! Executions as Kestra's API prints them (docs/kestra.md 2.2): nulls left out, dates as ISO text.
//!
//! Kept apart from the nouns themselves, so that what is stored and what is shown can change alone.

use crate::execution::Execution;
use crate::state::{State, StateHistory};
use crate::task_run::{Attempt, TaskRun};
use crate::{Json, Map};
use serde_json::json;

/// An execution with its task runs.
pub fn execution_json<'a>(execution: &Execution, task_runs: impl IntoIterator<Item = &'a TaskRun>) -> Json {
    let mut map = Map::new();
    map.insert("tenantId".into(), json!("main"));
    map.insert("id".into(), json!(execution.id));
    map.insert("namespace".into(), json!(execution.namespace));
    map.insert("flowId".into(), json!(execution.flow_id));
    map.insert("flowRevision".into(), json!(execution.flow_revision));
    let runs: Vec<Json> = task_runs.into_iter().map(|run| task_run_json(execution, run)).collect();
    map.insert("taskRunList".into(), Json::Array(runs));
    if !execution.inputs.is_empty() {
        map.insert("inputs".into(), Json::Object(execution.inputs.clone()));
    }
    if let Some(outputs) = execution.outputs.as_ref().filter(|outputs| !outputs.is_empty()) {
        map.insert("outputs".into(), Json::Object(outputs.clone()));
    }
    map.insert("labels".into(), json!(execution.labels));
    if !execution.variables.is_empty() {
        map.insert("variables".into(), Json::Object(execution.variables.clone()));
    }
    map.insert("state".into(), state_json(&execution.state));
    if let Some(parent) = &execution.parent_id {
        map.insert("parentId".into(), json!(parent));
    }
    map.insert("originalId".into(), json!(execution.original_id));
    if let Some(trigger) = &execution.trigger {
        map.insert(
            "trigger".into(),
            json!({"id": trigger.id, "type": trigger.type_name, "variables": trigger.variables}),
        );
    }
    map.insert("deleted".into(), json!(false));
    map.insert("metadata".into(), json!(execution.metadata));
    if let Some(date) = &execution.schedule_date {
        map.insert("scheduleDate".into(), json!(date));
    }
    Json::Object(map)
}

/// One task run.
pub fn task_run_json(execution: &Execution, run: &TaskRun) -> Json {
    let mut map = Map::new();
    map.insert("id".into(), json!(run.id));
    map.insert("executionId".into(), json!(execution.id));
    map.insert("namespace".into(), json!(execution.namespace));
    map.insert("flowId".into(), json!(execution.flow_id));
    map.insert("taskId".into(), json!(run.task_id));
    if let Some(parent) = &run.parent_task_run_id {
        map.insert("parentTaskRunId".into(), json!(parent));
    }
    if let Some(value) = &run.value {
        map.insert("value".into(), json!(value));
    }
    if let Some(iteration) = run.iteration {
        map.insert("iteration".into(), json!(iteration));
    }
    if !run.attempts.is_empty() {
        map.insert("attempts".into(), run.attempts.iter().map(attempt_json).collect());
    }
    map.insert("outputs".into(), Json::Object(run.outputs.clone()));
    map.insert("state".into(), state_json(&run.state));
    if run.dynamic {
        map.insert("dynamic".into(), json!(true));
    }
    Json::Object(map)
}

fn attempt_json(attempt: &Attempt) -> Json {
    let mut map = Map::new();
    map.insert("state".into(), state_json(&attempt.state));
    if let Some(file) = &attempt.log_file {
        map.insert("logFile".into(), json!(file));
    }
    Json::Object(map)
}

/// A state with its history; the duration is ISO text, as newer versions print it.
pub fn state_json(state: &StateHistory) -> Json {
    let mut map = Map::new();
    map.insert("current".into(), json!(state.current()));
    map.insert("histories".into(), json!(state.histories()));
    let last = state.histories().last().map_or(state.start_date(), |change| change.date);
    let end = state.end_date().unwrap_or(last);
    map.insert("duration".into(), json!(iso_duration(end.duration_since(state.start_date()))));
    map.insert("startDate".into(), json!(state.start_date()));
    if state.current().is_terminal() || state.current() == State::Paused {
        map.insert("endDate".into(), json!(end));
    }
    Json::Object(map)
}

/// A duration as Java prints it: `PT1H2M3.5S`, days as hours.
pub fn iso_duration(duration: jiff::SignedDuration) -> String {
    let total = duration.as_secs();
    let (hours, minutes, seconds) = (total / 3600, total % 3600 / 60, total % 60);
    let nanos = duration.subsec_nanos();
    let mut text = String::from("PT");
    if hours != 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes != 0 {
        text.push_str(&format!("{minutes}M"));
    }
    if seconds != 0 || nanos != 0 || text.len() == 2 {
        let fraction = format!("{:09}", nanos.abs());
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        text.push_str(&format!("{seconds}{dot}{fraction}S"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn durations_print_as_java_prints_them() {
        assert_eq!(iso_duration(SignedDuration::ZERO), "PT0S");
        assert_eq!(iso_duration(SignedDuration::from_millis(3_723_500)), "PT1H2M3.5S");
        assert_eq!(iso_duration(SignedDuration::from_secs(60)), "PT1M");
    }
}
