//! Reads `run_results.json`: one task run for each model, test, seed and snapshot.

use jiff::Timestamp;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_model::{Json, Map};
use serde::Deserialize;
use serde_json::json;

/// The longest message of a node in the outputs of its task run, in characters. dbt's own log has the whole message.
const LONGEST_MESSAGE: usize = 2_000;

/// The file that dbt writes after its work.
#[derive(Debug, Deserialize)]
pub(super) struct RunResults {
    metadata: Metadata,
    #[serde(default)]
    results: Vec<NodeResult>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    generated_at: Timestamp,
}

/// What happened to one node.
#[derive(Debug, Deserialize)]
struct NodeResult {
    unique_id: String,
    status: String,
    #[serde(default)]
    timing: Vec<Timing>,
    #[serde(default)]
    execution_time: f64,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    failures: Option<u64>,
    #[serde(default)]
    adapter_response: Map,
    #[serde(default)]
    relation_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Timing {
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    completed_at: Option<Timestamp>,
}

/// The attempt that ran dbt.
pub(super) struct Ran<'a> {
    /// The execution.
    pub(super) execution: &'a ExecutionId,
    /// The task run of dbt.
    pub(super) task_run: &'a TaskRunId,
    /// The number of the attempt, from 0.
    pub(super) attempt: u32,
    /// The begin of the attempt.
    pub(super) began: Timestamp,
}

impl RunResults {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// The text is not what dbt writes.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether the results are those of this attempt. Another task can leave its results in a shared directory.
    pub(super) fn belong_to(&self, ran: &Ran<'_>) -> bool {
        self.metadata.generated_at >= ran.began
    }

    /// The task runs, in the order in which their nodes started. The id of a task run follows from the attempt and the
    /// node, so a message that is delivered twice makes no second task run.
    pub(super) fn task_runs(&self, ran: &Ran<'_>) -> Vec<TaskRun> {
        let mut runs: Vec<TaskRun> = self.results.iter().map(|result| self.task_run(result, ran)).collect();
        runs.sort_by_key(|run| run.state.start_date());
        runs
    }

    fn task_run(&self, result: &NodeResult, ran: &Ran<'_>) -> TaskRun {
        let times = |of: fn(&Timing) -> Option<Timestamp>| result.timing.iter().filter_map(of);
        let end = times(|timing| timing.completed_at).max().unwrap_or(self.metadata.generated_at);
        let start = times(|timing| timing.started_at).min().unwrap_or(end).min(end);
        let history = |first: State| {
            let mut history = StateHistory::new(first, start);
            if result.state() != State::Skipped {
                history.enter(State::Running, start);
            }
            history.enter(result.state(), end);
            history
        };
        let attempt = ran.attempt.to_string();
        let id =
            TaskRunId::derive(ran.execution, Some(ran.task_run), &result.unique_id, Some(&attempt), None);
        let mut run = TaskRun::created(id, &result.unique_id, start);
        run.parent_task_run_id = Some(ran.task_run.clone());
        run.attempts = vec![Attempt { state: history(State::Created), log_file: None }];
        run.state = history(State::Created);
        run.outputs = result.outputs();
        run.dynamic = true;
        run
    }

    /// A sentence about the nodes that failed. None if no node failed.
    pub(super) fn failures(&self) -> Option<String> {
        let failed: Vec<&NodeResult> =
            self.results.iter().filter(|result| result.state() == State::Failed).collect();
        let first = failed.first()?;
        let why = first.message.as_deref().map(str::trim).filter(|why| !why.is_empty());
        Some(format!(
            "{} of {} nodes of dbt failed; the first is {}{}",
            failed.len(),
            self.results.len(),
            first.unique_id,
            why.map(|why| format!(": {}", shortened(why))).unwrap_or_default()
        ))
    }

    /// Whether a node ended with a warning.
    pub(super) fn warn(&self) -> bool {
        self.results.iter().any(|result| result.state() == State::Warning)
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.results.len()
    }
}

impl NodeResult {
    fn state(&self) -> State {
        match self.status.as_str() {
            "success" | "pass" => State::Success,
            "warn" | "partial success" => State::Warning,
            "skipped" | "no-op" => State::Skipped,
            _ => State::Failed,
        }
    }

    fn outputs(&self) -> Map {
        let mut outputs = Map::new();
        let mut add = |name: &str, value: Json| outputs.insert(name.to_owned(), value);
        add("status", json!(self.status));
        add("executionTime", json!(self.execution_time));
        if let Some(message) = &self.message {
            add("message", json!(shortened(message)));
        }
        if let Some(failures) = self.failures {
            add("failures", json!(failures));
        }
        if let Some(relation) = &self.relation_name {
            add("relationName", json!(relation));
        }
        if !self.adapter_response.is_empty() {
            add("adapterResponse", Json::Object(self.adapter_response.clone()));
        }
        outputs
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
      "metadata": {"dbt_schema_version": "v6", "generated_at": "2026-11-01T10:00:09.5Z", "invocation_id": "x"},
      "results": [
        {"unique_id": "test.p.not_null", "status": "fail", "failures": 3, "execution_time": 0.5, "adapter_response": {},
         "message": "Got 3 results, configured to fail if != 0",
         "timing": [{"name": "compile", "started_at": "2026-11-01T10:00:05Z", "completed_at": "2026-11-01T10:00:06Z"},
                    {"name": "execute", "started_at": "2026-11-01T10:00:06Z", "completed_at": "2026-11-01T10:00:07Z"}]},
        {"unique_id": "model.p.trips", "status": "success", "execution_time": 1.25, "message": "SELECT 5",
         "adapter_response": {"rows_affected": 5}, "relation_name": "\"db\".\"s\".\"trips\"", "failures": null,
         "timing": [{"name": "execute", "started_at": "2026-11-01T10:00:01Z", "completed_at": "2026-11-01T10:00:02Z"}]},
        {"unique_id": "model.p.after", "status": "skipped", "timing": [], "execution_time": 0.0, "message": null},
        {"unique_id": "test.p.some", "status": "warn", "timing": []}
      ], "elapsed_time": 8.0, "args": {}}"#;

    fn task_runs(attempt: u32) -> Vec<TaskRun> {
        let (execution, task_run) = (ExecutionId::new("e"), TaskRunId::new("t"));
        let began = "2026-11-01T10:00:00Z".parse().unwrap();
        let ran = Ran { execution: &execution, task_run: &task_run, attempt, began };
        let results = RunResults::parse(TEXT).unwrap();
        assert!(results.belong_to(&ran));
        results.task_runs(&ran)
    }

    #[test]
    fn each_node_is_a_task_run_with_its_times() {
        let runs = task_runs(0);
        let shown: Vec<_> = runs.iter().map(|run| (run.task_id.as_str(), run.current())).collect();
        assert_eq!(
            shown,
            [
                ("model.p.trips", State::Success),
                ("test.p.not_null", State::Failed),
                ("model.p.after", State::Skipped),
                ("test.p.some", State::Warning)
            ]
        );
        let trips = &runs[0];
        assert!(trips.dynamic && trips.parent_task_run_id == Some(TaskRunId::new("t")));
        assert_eq!(trips.state.start_date().to_string(), "2026-11-01T10:00:01Z");
        assert_eq!(trips.state.end_date().unwrap().to_string(), "2026-11-01T10:00:02Z");
        assert_eq!(trips.outputs["adapterResponse"]["rows_affected"], 5);
        assert_eq!(trips.attempts.len(), 1);
        assert_eq!(runs[1].state.start_date().to_string(), "2026-11-01T10:00:05Z");
        assert_eq!(runs[1].outputs["failures"], 3);
    }

    #[test]
    fn the_ids_are_the_same_in_each_delivery_and_others_in_each_attempt() {
        let ids = |attempt| task_runs(attempt).into_iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!(ids(0), ids(0));
        assert!(ids(0).iter().all(|id| !ids(1).contains(id)));
    }

    #[test]
    fn a_failure_is_a_sentence() {
        let results = RunResults::parse(TEXT).unwrap();
        assert_eq!(
            results.failures().unwrap(),
            "1 of 4 nodes of dbt failed; the first is test.p.not_null: Got 3 results, configured to fail if != 0"
        );
        assert!(results.warn());
        assert_eq!(shortened(&"ü".repeat(3_000)).chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn results_of_another_task_are_recognised() {
        let (execution, task_run) = (ExecutionId::new("e"), TaskRunId::new("t"));
        let began = "2026-11-01T10:00:10Z".parse().unwrap();
        let later = Ran { execution: &execution, task_run: &task_run, attempt: 0, began };
        assert!(!RunResults::parse(TEXT).unwrap().belong_to(&later));
    }
}
