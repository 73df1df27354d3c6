//! A golden flow, and its expected end.

use crate::platform::End;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_tests::repository;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `tests/flows`.
pub(crate) struct Case {
    /// Its name.
    pub(crate) name: String,
    /// The path of the folder.
    pub(crate) folder: PathBuf,
    /// The flow.
    pub(crate) flow: String,
    /// The flows that this flow calls.
    pub(crate) load: Vec<String>,
    /// The inputs.
    pub(crate) inputs: Map,
    /// The expected end.
    pub(crate) expect: Expect,
}

/// The expected end of a flow. An entry that is missing in the file is not checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Expect {
    /// The execution's state.
    state: String,
    /// Every task run as `task STATE` or `task[value] STATE`, in any order. Other task runs are an error.
    task_runs: Vec<String>,
    /// The states of the attempts, by task.
    #[serde(default)]
    attempts: BTreeMap<String, Vec<String>>,
    /// Values of outputs. The key is `task.name.name`.
    #[serde(default)]
    outputs: BTreeMap<String, Json>,
    /// Task runs that must start one after another.
    #[serde(default)]
    order: Vec<String>,
    /// Labels that must be set.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The flow's own outputs.
    flow_outputs: Option<Json>,
    /// The shortest allowed duration, in milliseconds.
    #[serde(default)]
    at_least_ms: i64,
}

impl Case {
    /// All golden flows, in the order of their names.
    pub(crate) fn all() -> Vec<Self> {
        let folder = repository().join("tests/flows");
        let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders.iter().map(|folder| Self::read(folder)).collect()
    }

    fn read(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let expect = text("expect.json").unwrap_or_else(|| panic!("{name} has no expect.json"));
        let mut load: Vec<_> = fs::read_dir(folder.join("load")).into_iter().flatten().collect();
        load.sort_by_key(|entry| entry.as_ref().unwrap().path());
        Self {
            flow: text("flow.yaml").unwrap_or_else(|| panic!("{name} has no flow.yaml")),
            load: load.into_iter().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect(),
            inputs: text("inputs.json").map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default(),
            expect: serde_json::from_str(&expect)
                .unwrap_or_else(|error| panic!("{name}: expect.json: {error}")),
            folder: folder.to_path_buf(),
            name,
        }
    }
}

impl Expect {
    /// The differences to the expected end.
    pub(crate) fn compare(&self, end: &End) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut differ = |what: &str, found: Json, expected: Json| {
            if found != expected {
                wrong.push(format!("{what} is {found}, and not {expected}"));
            }
        };
        let execution = &end.execution;
        differ("the state", json!(execution.state.current().as_str()), json!(self.state));

        let sorted = |mut runs: Vec<String>| {
            runs.sort();
            json!(runs)
        };
        let runs = end.runs.iter().map(|run| format!("{} {}", label(run), run.current())).collect();
        differ("the list of task runs", sorted(runs), sorted(self.task_runs.clone()));

        for (task, states) in &self.attempts {
            let found: Vec<_> = end
                .runs
                .iter()
                .filter(|run| run.task_id == *task)
                .flat_map(|run| run.attempts.iter().map(|attempt| attempt.state.current().as_str()))
                .collect();
            differ(&format!("the attempts of {task}"), json!(found), json!(states));
        }
        for (path, value) in &self.outputs {
            let (task, name) = path.split_once('.').unwrap();
            let run = end.runs.iter().rfind(|run| run.task_id == task);
            let pointer = format!("/{}", name.replace('.', "/"));
            let found = run.and_then(|run| Json::Object(run.outputs.clone()).pointer(&pointer).cloned());
            differ(&format!("output {path}"), found.unwrap_or(Json::Null), value.clone());
        }
        for (key, value) in &self.labels {
            let found =
                execution.labels.iter().find(|label| label.key == *key).map(|label| label.value.clone());
            differ(&format!("label {key}"), json!(found), json!(value));
        }
        if let Some(outputs) = &self.flow_outputs {
            differ("the flow's outputs", json!(execution.outputs), outputs.clone());
        }
        let mut begun: Vec<_> = end.runs.iter().filter(|run| self.order.contains(&label(run))).collect();
        begun.sort_by_key(|run| run.state.start_date());
        differ("the order", json!(begun.into_iter().map(label).collect::<Vec<_>>()), json!(self.order));

        let ended = execution.state.end_date().unwrap_or_default();
        let took = ended.duration_since(execution.state.start_date()).as_millis();
        if took < i128::from(self.at_least_ms) {
            wrong.push(format!("it took {took} ms, and not {} at least", self.at_least_ms));
        }
        wrong
    }
}

/// `task`, or `task[value]`.
pub(crate) fn label(run: &TaskRun) -> String {
    match &run.value {
        Some(value) => format!("{}[{value}]", run.task_id),
        None => run.task_id.clone(),
    }
}
