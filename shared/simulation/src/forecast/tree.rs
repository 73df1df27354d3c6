//! The tasks of a forecast as a tree: the task runs of the simulation, and the tasks without a run.

use super::simulate::{Simulation, holds_unknown, properties_of};
use super::{Certainty, Planned};
use crate::properties::own_properties;
use segue_model::Json;
use segue_model::catalog::{Catalog, RunBy, Service};
use segue_model::flow::Flow;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::task_run::TaskRun;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// A list of tasks, and what it means for a task of the list to have no run.
type List<'a> = (&'a [Task], Certainty);

pub(super) struct Tree<'a> {
    flow: &'a Flow,
    catalog: &'a Catalog,
    simulation: &'a Simulation,
    children: HashMap<Option<&'a TaskRunId>, Vec<&'a TaskRun>>,
    /// The task runs after a task that may end the execution early.
    after_exit: HashSet<&'a TaskRunId>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(flow: &'a Flow, catalog: &'a Catalog, simulation: &'a Simulation) -> Self {
        let mut children: HashMap<Option<&TaskRunId>, Vec<&TaskRun>> = HashMap::new();
        for run in &simulation.runs {
            children.entry(run.parent_task_run_id.as_ref()).or_default().push(run);
        }
        let may_end = |task: &str| {
            let facts = simulation.knowledge.facts(task);
            (facts.is_maybe || facts.is_tainted)
                && flow.task(task).is_some_and(|task| task.type_name.ends_with(".execution.Exit"))
        };
        let after_exit = simulation.steps.iter().skip_while(|step| !may_end(&step.task_id)).skip(1);
        let after_exit = after_exit.map(|step| &step.task_run).collect();
        Self { flow, catalog, simulation, children, after_exit }
    }

    /// The tasks of the flow.
    pub(super) fn tasks(&self) -> Vec<Planned> {
        let lists = [
            (self.flow.tasks.as_slice(), Certainty::Skipped),
            (&self.flow.errors, Certainty::OnFailure),
            (&self.flow.finally, Certainty::Skipped),
            (&self.flow.after_execution, Certainty::Skipped),
        ];
        self.level(None, &lists)
    }

    /// The children of a task run, in the order of the flow; in a loop, in the order of the runs.
    fn level(&self, parent: Option<&TaskRunId>, lists: &[List<'_>]) -> Vec<Planned> {
        let runs = self.children.get(&parent).map(Vec::as_slice).unwrap_or_default();
        let is_loop = runs.iter().any(|run| run.iteration.is_some());
        let mut planned = Vec::new();
        if is_loop {
            planned.extend(runs.iter().map(|run| self.run(run)));
        }
        for (tasks, without) in lists {
            for task in tasks.iter().filter(|task| !task.disabled) {
                let mut own = runs.iter().filter(|run| run.task_id == task.id).peekable();
                if own.peek().is_none() {
                    planned.push(self.without_run(task, *without));
                } else if !is_loop {
                    planned.extend(own.map(|run| self.run_in(run, *without)));
                }
            }
        }
        // The parts of a ForEachItem are not tasks of the flow.
        if !is_loop {
            let is_known = |id: &str| lists.iter().any(|(tasks, _)| tasks.iter().any(|task| task.id == id));
            planned.extend(runs.iter().filter(|run| !is_known(&run.task_id)).map(|run| self.run(run)));
        }
        planned
    }

    /// A task run of a list. A run in `errors` means that a task before it fails for sure.
    fn run_in(&self, run: &TaskRun, list: Certainty) -> Planned {
        let planned = self.run(run);
        let is_certain = list == Certainty::OnFailure
            && planned.certainty == Certainty::Maybe
            && !self.simulation.knowledge.facts(&run.task_id).has_unknown_run_if;
        if is_certain { Planned { certainty: Certainty::Certain, ..planned } } else { planned }
    }

    fn run(&self, run: &TaskRun) -> Planned {
        let task = self.flow.task(&run.task_id);
        let facts = self.simulation.knowledge.facts(&run.task_id);
        let is_skipped = run.current() == State::Skipped;
        let part = run.task_id.rsplit_once('_').filter(|_| task.is_none()).map(|(of, _)| of);
        let is_maybe = facts.is_maybe
            || part.is_some_and(|of| self.simulation.knowledge.facts(of).is_maybe)
            || self.after_exit.contains(&run.id);
        let certainty = match (is_skipped, is_maybe) {
            (true, _) => Certainty::Skipped,
            (false, true) => Certainty::Maybe,
            (false, false) => Certainty::Certain,
        };
        let properties = properties_of(&self.simulation.steps, &run.id).cloned().unwrap_or_else(|| json!({}));
        let lists = task.map(child_lists).unwrap_or_default();
        Planned {
            task_id: run.task_id.clone(),
            type_name: task.map(|task| task.type_name.clone()).unwrap_or_default(),
            value: run.value.clone(),
            iteration: run.iteration,
            certainty,
            service: self.service(task, run, &properties),
            note: task.and_then(|task| self.note(task, run, &properties)),
            properties,
            tasks: if is_skipped { Vec::new() } else { self.level(Some(&run.id), &lists) },
            subflow: None,
        }
    }

    fn service(&self, task: Option<&Task>, run: &TaskRun, properties: &Json) -> Option<String> {
        let Some(task) = task else {
            // The parts of a ForEachItem: two of them run in the service of internal storage.
            let is_service = run.task_id.ends_with("_split") || run.task_id.ends_with("_merge");
            return is_service.then(|| "storage".to_owned());
        };
        match self.catalog.get(&task.type_name)?.run_by {
            RunBy::Service(Service::Named(name)) => Some(name.to_owned()),
            RunBy::Service(Service::ByRunner(services)) => {
                Some(services.choose(properties.as_object()?).to_owned())
            }
            RunBy::Flowable | RunBy::Inline => None,
        }
    }

    fn note(&self, task: &Task, run: &TaskRun, properties: &Json) -> Option<String> {
        if run.current() == State::Skipped {
            return Some("runIf is false".to_owned());
        }
        if run.current() == State::Failed {
            return Some("fails".to_owned());
        }
        let facts = self.simulation.knowledge.facts(&task.id);
        let TaskKind::Flowable(flowable) = &task.kind else { return None };
        match &flowable.kind {
            FlowableKind::If { .. } if facts.is_tainted => Some("both branches are possible".to_owned()),
            FlowableKind::If { .. } => {
                let holds = run.outputs.get("evaluationResult").and_then(Json::as_bool)?;
                Some(format!("the condition is {holds}"))
            }
            FlowableKind::Switch { .. } if facts.is_tainted => Some("every branch is possible".to_owned()),
            FlowableKind::ForEach(_) if facts.is_tainted => {
                Some("once for each value; the number is unknown".to_owned())
            }
            FlowableKind::ForEach(_) => {
                let runs = self.children.get(&Some(&run.id)).map(Vec::as_slice).unwrap_or_default();
                let iterations: HashSet<_> = runs.iter().filter_map(|run| run.iteration).collect();
                Some(format!("{} iterations", iterations.len()))
            }
            FlowableKind::ForEachItem(_) => {
                Some("a subflow for each batch; the number is unknown".to_owned())
            }
            FlowableKind::LoopUntil(until)
                if !self.simulation.knowledge.knows(Some(&task.id), &until.condition) =>
            {
                Some("at least once; the number of rounds is unknown".to_owned())
            }
            FlowableKind::Pause(pause) if pause.duration.is_none() => Some("waits for a person".to_owned()),
            FlowableKind::Pause(_) | FlowableKind::Sleep { .. } if holds_unknown(properties) => {
                Some("waits for an unknown time".to_owned())
            }
            _ => None,
        }
    }

    /// A task without a run.
    fn without_run(&self, task: &Task, certainty: Certainty) -> Planned {
        let has_stopped = self.simulation.state == State::Failed && certainty == Certainty::Skipped;
        let on_failure = certainty == Certainty::OnFailure;
        let children =
            child_lists(task).into_iter().flat_map(|(tasks, _)| tasks).filter(|task| !task.disabled);
        let properties = if on_failure { Json::Object(own_properties(task)) } else { json!({}) };
        Planned {
            task_id: task.id.clone(),
            type_name: task.type_name.clone(),
            value: None,
            iteration: None,
            certainty,
            service: None,
            properties,
            note: has_stopped.then(|| "not reached".to_owned()),
            tasks: children.map(|child| self.without_run(child, certainty)).collect(),
            subflow: None,
        }
    }
}

/// The lists of children of a task. The two last lists are `errors` and `finally`.
fn child_lists(task: &Task) -> Vec<List<'_>> {
    let lists = task.child_lists();
    let errors = lists.len().saturating_sub(2);
    let of = |(at, tasks)| (tasks, if at == errors { Certainty::OnFailure } else { Certainty::Skipped });
    lists.into_iter().enumerate().map(of).collect()
}
