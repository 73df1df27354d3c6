//! Prepares a flow for its forecast, so that the engine never decides by something unknown: a branch with an unknown
//! condition becomes a list of both branches, and a task that reads something unknown does not run.

use super::knowledge::Knowledge;
use crate::properties::own_properties;
use crate::tree::children;
use segue_model::catalog::{Catalog, RunBy};
use segue_model::flow::{Flow, SlaKind};
use segue_model::task::{Flowable, FlowableKind, Task, TaskKind};
use serde_json::json;
use std::collections::HashSet;

/// The value that stands for every value of a loop with unknown values.
pub(super) const ANY_VALUE: &str = "‹value›";

/// A prepared flow, and the tasks that do not run.
pub(super) struct Prepared {
    pub(super) flow: Flow,
    pub(super) stand_ins: HashSet<String>,
}

/// Prepares a flow.
pub(super) fn prepare(flow: &Flow, knowledge: &Knowledge, catalog: &Catalog) -> Prepared {
    let mut prepared = Prepared { flow: flow.clone(), stand_ins: HashSet::new() };
    let Prepared { flow, stand_ins } = &mut prepared;
    flow.disabled = false;
    flow.inputs.retain(|input| {
        let is_default_known =
            input.defaults.as_ref().is_none_or(|defaults| knowledge.knows_all(None, defaults));
        !knowledge.inputs.contains(&input.id) && is_default_known
    });
    flow.checks.retain(|check| !knowledge.ignores_checks && knowledge.knows(None, &check.condition));
    flow.outputs.retain(|output| knowledge.knows_all(None, &output.value));
    flow.sla.retain(|sla| match &sla.kind {
        SlaKind::ExecutionAssertion { assert } => knowledge.knows(None, assert),
        SlaKind::MaxDuration { .. } => false,
    });
    let preparation = Preparation { knowledge, catalog };
    for list in [&mut flow.tasks, &mut flow.errors, &mut flow.finally, &mut flow.after_execution] {
        list.iter_mut().for_each(|task| preparation.task(task, stand_ins));
    }
    prepared
}

struct Preparation<'a> {
    knowledge: &'a Knowledge,
    catalog: &'a Catalog,
}

impl Preparation<'_> {
    fn task(&self, task: &mut Task, stand_ins: &mut HashSet<String>) {
        let facts = self.knowledge.facts(&task.id);
        if facts.has_unknown_run_if {
            task.run_if = None;
        }
        let knows = |text: &String| self.knowledge.knows(Some(&task.id), text);
        if task.timeout.as_ref().is_some_and(|timeout| !knows(timeout)) {
            task.timeout = None;
        }
        let is_inline = self.catalog.get(&task.type_name).is_some_and(|kind| kind.run_by == RunBy::Inline);
        match &mut task.kind {
            TaskKind::Plugin { .. } => {
                if facts.is_tainted && is_inline {
                    stand_ins.insert(task.id.clone());
                }
            }
            TaskKind::Flowable(flowable) => {
                let replaced =
                    self.replacement(&task.id, task.log_to_file, flowable, facts.is_tainted, stand_ins);
                if let Some(kind) = replaced {
                    flowable.kind = kind;
                }
            }
        }
        if matches!(&task.kind, TaskKind::Flowable(flowable) if matches!(flowable.kind, FlowableKind::Subflow(_)))
        {
            // The forecast of the subflow is made on its own.
            task.kind = TaskKind::Plugin { properties: own_properties(task) };
            stand_ins.insert(task.id.clone());
        }
        for child in children(task) {
            self.task(child, stand_ins);
        }
    }

    /// The kind that a flowable has in the forecast. `None`: its own.
    fn replacement(
        &self,
        id: &str,
        log_to_file: bool,
        flowable: &mut Flowable,
        is_tainted: bool,
        stand_ins: &mut HashSet<String>,
    ) -> Option<FlowableKind> {
        let knows = |text: &String| self.knowledge.knows(Some(id), text);
        match &mut flowable.kind {
            FlowableKind::If { then, otherwise, .. } if is_tainted => {
                let tasks = std::mem::take(then).into_iter().chain(std::mem::take(otherwise)).collect();
                Some(FlowableKind::Sequential { tasks })
            }
            FlowableKind::Switch { cases, defaults, .. } if is_tainted => {
                let cases = std::mem::take(cases).into_iter().flat_map(|(_, tasks)| tasks);
                let tasks = cases.chain(std::mem::take(defaults)).collect();
                Some(FlowableKind::Sequential { tasks })
            }
            FlowableKind::ForEach(each) if is_tainted => {
                each.values = json!([ANY_VALUE]);
                None
            }
            FlowableKind::LoopUntil(until) => {
                let is_known = knows(&until.condition)
                    && until.interval.as_ref().is_none_or(knows)
                    && until.max_duration.as_ref().is_none_or(knows)
                    && until
                        .max_iterations
                        .as_ref()
                        .is_none_or(|most| self.knowledge.knows_all(Some(id), most));
                (!is_known).then(|| FlowableKind::Sequential { tasks: std::mem::take(&mut until.tasks) })
            }
            FlowableKind::Sleep { duration } if is_tainted => {
                *duration = "PT0S".to_owned();
                None
            }
            FlowableKind::Pause(pause) if is_tainted => {
                pause.duration = None;
                None
            }
            FlowableKind::ForEachItem(_) => {
                let part = |end: &str| Task {
                    id: format!("{id}_{end}"),
                    type_name: format!("io.segue.foreachitem.{end}"),
                    description: None,
                    retry: None,
                    timeout: None,
                    disabled: false,
                    run_if: None,
                    allow_failure: false,
                    allow_warning: false,
                    log_level: None,
                    log_to_file,
                    kind: TaskKind::Plugin { properties: segue_model::Map::new() },
                };
                let parts = ["split", "items", "merge"].map(part);
                stand_ins.extend(parts.iter().map(|part| part.id.clone()));
                Some(FlowableKind::Sequential { tasks: parts.into() })
            }
            FlowableKind::Sequential { .. }
            | FlowableKind::Parallel { .. }
            | FlowableKind::If { .. }
            | FlowableKind::Switch { .. }
            | FlowableKind::ForEach(_)
            | FlowableKind::Batches(_)
            | FlowableKind::Dag { .. }
            | FlowableKind::AllowFailure { .. }
            | FlowableKind::Subflow(_)
            | FlowableKind::Sleep { .. }
            | FlowableKind::Pause(_)
            | FlowableKind::WorkingDirectory(_) => None,
        }
    }
}
