//! Lists every template of a flow with its path. The paths are those of [`crate::Positions`].
//!
//! What it must not know: the meaning of a template.

use crate::flow::{Flow, SlaKind};
use crate::input::{Input, InputKind};
use crate::task::{Flowable, FlowableKind, Subflow, Task, TaskKind};
use crate::texts::{escape, has_template};
use crate::walk::walk_tasks;
use crate::{Json, Map};

/// A text of a flow that is rendered before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateAt<'a> {
    /// The path of the text, for [`crate::Positions::of`].
    pub path: String,
    /// The task of the text; `None` if the text is not in a task.
    pub task_id: Option<String>,
    /// The template.
    pub text: &'a str,
}

/// Every text of a flow with `{{` or `{%`, in the order of the flow's parts. The texts of a task come before the texts
/// of its children.
pub fn templates(flow: &Flow) -> Vec<TemplateAt<'_>> {
    let mut found = Collector { found: Vec::new(), task_id: None };
    found.map("/variables", &flow.variables);
    found.inputs("/inputs", &flow.inputs);
    walk_tasks(flow, &mut |path, task| {
        found.task_id = Some(task.id.clone());
        found.task(path, task);
    });
    found.task_id = None;
    for (index, output) in flow.outputs.iter().enumerate() {
        found.json(&format!("/outputs/{index}/value"), &output.value);
    }
    for (index, trigger) in flow.triggers.iter().enumerate() {
        let path = format!("/triggers/{index}");
        for (at, condition) in trigger.conditions.iter().enumerate() {
            found.json(&format!("{path}/conditions/{at}"), condition);
        }
        for label in &trigger.labels {
            found.text(format!("{path}/labels/{}", escape(&label.key)), &label.value);
        }
        found.map(&format!("{path}/inputs"), &trigger.inputs);
        found.map(&path, &trigger.properties);
    }
    for (index, sla) in flow.sla.iter().enumerate() {
        if let SlaKind::ExecutionAssertion { assert } = &sla.kind {
            found.text(format!("/sla/{index}/assert"), assert);
        }
    }
    for (index, check) in flow.checks.iter().enumerate() {
        found.text(format!("/checks/{index}/condition"), &check.condition);
        found.text(format!("/checks/{index}/message"), &check.message);
    }
    found.found
}

struct Collector<'a> {
    found: Vec<TemplateAt<'a>>,
    task_id: Option<String>,
}

impl<'a> Collector<'a> {
    fn text(&mut self, path: String, text: &'a str) {
        if has_template(text) {
            self.found.push(TemplateAt { path, task_id: self.task_id.clone(), text });
        }
    }

    fn maybe(&mut self, path: String, text: Option<&'a String>) {
        if let Some(text) = text {
            self.text(path, text);
        }
    }

    fn json(&mut self, path: &str, value: &'a Json) {
        match value {
            Json::String(text) => self.text(path.to_owned(), text),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.json(&format!("{path}/{index}"), item);
                }
            }
            Json::Object(map) => self.map(path, map),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn map(&mut self, path: &str, map: &'a Map) {
        for (key, value) in map {
            let path = format!("{path}/{}", escape(key));
            // Keys of maps are rendered too.
            self.text(path.clone(), key);
            self.json(&path, value);
        }
    }

    fn inputs(&mut self, path: &str, inputs: &'a [Input]) {
        for (index, input) in inputs.iter().enumerate() {
            let path = format!("{path}/{index}");
            if let Some(defaults) = &input.defaults {
                self.json(&format!("{path}/defaults"), defaults);
            }
            if let Some(depends_on) = &input.depends_on {
                self.maybe(format!("{path}/dependsOn/condition"), depends_on.condition.as_ref());
            }
            if let InputKind::Select { expression, .. } | InputKind::Multiselect { expression, .. } =
                &input.kind
            {
                self.maybe(format!("{path}/expression"), expression.as_ref());
            }
        }
    }

    /// Adds the texts of a task without the texts of its children.
    fn task(&mut self, path: &str, task: &'a Task) {
        self.maybe(format!("{path}/runIf"), task.run_if.as_ref());
        self.maybe(format!("{path}/timeout"), task.timeout.as_ref());
        match &task.kind {
            TaskKind::Plugin { properties } => self.map(path, properties),
            TaskKind::Flowable(flowable) => self.flowable(path, flowable),
        }
    }

    fn flowable(&mut self, path: &str, flowable: &'a Flowable) {
        match &flowable.kind {
            FlowableKind::If { condition, .. } => self.text(format!("{path}/condition"), condition),
            FlowableKind::Switch { value, .. } => self.text(format!("{path}/value"), value),
            FlowableKind::ForEach(each) => self.json(&format!("{path}/values"), &each.values),
            FlowableKind::ForEachItem(each) | FlowableKind::Batches(each) => {
                self.text(format!("{path}/items"), &each.items);
                self.map(&format!("{path}/batch"), &each.batch);
                self.subflow(path, &each.subflow);
            }
            FlowableKind::Subflow(subflow) => self.subflow(path, subflow),
            FlowableKind::Pause(pause) => {
                self.maybe(format!("{path}/pauseDuration"), pause.duration.as_ref());
                self.inputs(&format!("{path}/onResume"), &pause.on_resume);
            }
            FlowableKind::Sleep { duration } => self.text(format!("{path}/duration"), duration),
            FlowableKind::LoopUntil(until) => {
                self.text(format!("{path}/condition"), &until.condition);
                let path = format!("{path}/checkFrequency");
                if let Some(most) = &until.max_iterations {
                    self.json(&format!("{path}/maxIterations"), most);
                }
                self.maybe(format!("{path}/maxDuration"), until.max_duration.as_ref());
                self.maybe(format!("{path}/interval"), until.interval.as_ref());
            }
            FlowableKind::WorkingDirectory(directory) => self.map(path, &directory.properties),
            FlowableKind::Sequential { .. }
            | FlowableKind::Parallel { .. }
            | FlowableKind::Dag { .. }
            | FlowableKind::AllowFailure { .. } => {}
        }
    }

    /// Adds the texts of a subflow. `outputs` is left out, because it is rendered in the subflow's context.
    fn subflow(&mut self, path: &str, subflow: &'a Subflow) {
        self.text(format!("{path}/namespace"), &subflow.namespace);
        self.text(format!("{path}/flowId"), &subflow.flow_id);
        if let Some(revision) = &subflow.revision {
            self.json(&format!("{path}/revision"), revision);
        }
        self.map(&format!("{path}/inputs"), &subflow.inputs);
        self.json(&format!("{path}/labels"), &subflow.labels);
        self.maybe(format!("{path}/scheduleDate"), subflow.schedule_date.as_ref());
    }
}
