//! What is known before a flow runs. A template is known if it reads nothing that only the run gives: outputs of tasks
//! that do not run in a simulation, ids, the time, random values, secrets.
//!
//! What it is: a conservative analysis of the texts of templates. It may call a known template unknown, but not the
//! other way round. The order of tasks does not matter, so it repeats until nothing new is unknown.

use crate::properties::own_properties;
use segue_model::catalog::{Catalog, RunBy};
use segue_model::flow::Flow;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::{Json, Map};
use segue_template::{Reach, references};
use std::collections::{BTreeMap, BTreeSet};

/// Functions with a result that only the run knows.
const UNKNOWN_FUNCTIONS: [&str; 13] = [
    "now",
    "uuid",
    "id",
    "ksuid",
    "nanoId",
    "randomInt",
    "randomPort",
    "errorLogs",
    "http",
    "secret",
    "printContext",
    "fetchContext",
    "appLink",
];

/// The parts of roots that only the run knows.
const UNKNOWN_PARTS: [(&str, &[&str]); 4] = [
    ("execution", &["id", "startDate", "originalId", "outputs"]),
    ("taskrun", &["id", "startDate", "parentId", "attemptsCount"]),
    ("labels", &["system"]),
    ("parent", &["outputs"]),
];

/// What is known about a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether only the run knows if the task runs.
    pub(super) is_maybe: bool,
    /// Whether the values of a loop around the task are unknown.
    pub(super) in_unknown_loop: bool,
    /// Whether the own properties read something unknown.
    pub(super) is_tainted: bool,
    /// Whether `runIf` reads something unknown.
    pub(super) has_unknown_run_if: bool,
}

/// What is unknown about a flow and its execution.
#[derive(Clone, Debug, Default)]
pub(super) struct Knowledge {
    /// Inputs without a known value.
    pub(super) inputs: BTreeSet<String>,
    /// Whether `trigger.*` is known.
    pub(super) has_trigger: bool,
    /// Keys of the KV store without a known value.
    pub(super) kv: BTreeSet<String>,
    /// Whether no key is known, because a task writes a key with an unknown name.
    pub(super) is_kv_unknown: bool,
    /// Whether the flow is looked at without its checks, because a check refuses the execution.
    pub(super) ignores_checks: bool,
    labels: BTreeSet<String>,
    are_labels_unknown: bool,
    variables: BTreeSet<String>,
    are_variables_unknown: bool,
    outputs: BTreeSet<String>,
    variable_texts: Map,
    facts: BTreeMap<String, Facts>,
}

/// A place in the flow, during the analysis.
#[derive(Clone, Copy, Default)]
struct Place {
    is_maybe: bool,
    in_unknown_loop: bool,
    /// Whether the outputs of tasks here are unknown, although they run.
    is_repeated: bool,
}

impl Knowledge {
    /// What is known at the start.
    pub(super) fn new(unknown_inputs: BTreeSet<String>, has_trigger: bool) -> Self {
        Self { inputs: unknown_inputs, has_trigger, ..Self::default() }
    }

    /// Finds what is unknown about a flow. `self` has the inputs and keys without a known value.
    pub(super) fn analyse(mut self, flow: &Flow, catalog: &Catalog) -> Self {
        self.variable_texts = flow.variables.clone();
        loop {
            let before = self.size();
            for input in &flow.inputs {
                let depends = input.depends_on.as_ref().is_some_and(|on| {
                    on.inputs.iter().any(|id| self.inputs.contains(id))
                        || on.condition.as_ref().is_some_and(|text| !self.knows(None, text))
                });
                if depends {
                    self.inputs.insert(input.id.clone());
                }
            }
            let lists = [
                (&flow.tasks, false),
                (&flow.finally, false),
                (&flow.after_execution, false),
                (&flow.errors, true),
            ];
            for (tasks, is_maybe) in lists {
                let place = Place { is_maybe, ..Place::default() };
                tasks.iter().for_each(|task| self.task(task, place, catalog));
            }
            if self.size() == before {
                return self;
            }
        }
    }

    /// The size of all sets. It only grows, so an equal size means that nothing is new.
    fn size(&self) -> usize {
        let flags = [self.is_kv_unknown, self.are_labels_unknown, self.are_variables_unknown];
        let facts = self.facts.values().map(|facts| {
            [facts.is_maybe, facts.in_unknown_loop, facts.is_tainted, facts.has_unknown_run_if]
                .into_iter()
                .filter(|flag| *flag)
                .count()
        });
        self.inputs.len()
            + self.kv.len()
            + self.labels.len()
            + self.variables.len()
            + self.outputs.len()
            + flags.into_iter().filter(|flag| *flag).count()
            + facts.sum::<usize>()
    }

    /// What is known about a task.
    pub(super) fn facts(&self, task: &str) -> Facts {
        self.facts.get(task).copied().unwrap_or_default()
    }

    fn task(&mut self, task: &Task, place: Place, catalog: &Catalog) {
        let mut facts = self.facts(&task.id);
        facts.in_unknown_loop |= place.in_unknown_loop;
        self.facts.insert(task.id.clone(), facts);
        facts.has_unknown_run_if |=
            task.run_if.as_ref().is_some_and(|text| !self.knows(Some(&task.id), text));
        facts.is_maybe |= place.is_maybe || facts.has_unknown_run_if;
        facts.is_tainted |= !self.knows_all(Some(&task.id), &Json::Object(own_properties(task)));
        self.facts.insert(task.id.clone(), facts);
        let is_service = match &task.kind {
            TaskKind::Plugin { .. } => {
                catalog.get(&task.type_name).is_none_or(|kind| matches!(kind.run_by, RunBy::Service(_)))
            }
            TaskKind::Flowable(flowable) => matches!(
                flowable.kind,
                FlowableKind::Subflow(_)
                    | FlowableKind::ForEachItem(_)
                    | FlowableKind::Pause(_)
                    | FlowableKind::WorkingDirectory(_)
            ),
        };
        if is_service || facts.is_tainted || facts.is_maybe || place.is_repeated {
            self.outputs.insert(task.id.clone());
            self.changes_of(task);
        }
        let TaskKind::Flowable(flowable) = &task.kind else { return };
        let inside = Place { is_maybe: facts.is_maybe, ..place };
        let inner = match &flowable.kind {
            FlowableKind::If { .. } | FlowableKind::Switch { .. } => {
                Place { is_maybe: inside.is_maybe || facts.is_tainted, ..inside }
            }
            FlowableKind::ForEach(_) if facts.is_tainted => {
                Place { is_maybe: true, in_unknown_loop: true, ..inside }
            }
            FlowableKind::LoopUntil(until) => {
                let is_known = self.knows(Some(&task.id), &until.condition)
                    && until.interval.as_ref().is_none_or(|text| self.knows(Some(&task.id), text));
                Place { is_repeated: inside.is_repeated || !is_known, ..inside }
            }
            _ => inside,
        };
        let lists = task.child_lists();
        let (own, aside) = lists.split_at(lists.len().saturating_sub(2));
        for child in own.iter().copied().flatten() {
            self.task(child, inner, catalog);
        }
        // The two last lists are `errors`, which run only after a failure, and `finally`.
        for (list, is_errors) in aside.iter().zip([true, false]) {
            let place = Place { is_maybe: inside.is_maybe || is_errors, ..inside };
            list.iter().for_each(|child| self.task(child, place, catalog));
        }
    }

    /// Notes what a task changes, if it does not run in the simulation.
    fn changes_of(&mut self, task: &Task) {
        let TaskKind::Plugin { properties } = &task.kind else { return };
        let name = task.type_name.rsplit('.').take(2).collect::<Vec<_>>();
        match name.as_slice() {
            ["Set" | "Delete", "kv"] => match properties.get("key").and_then(Json::as_str) {
                Some(key) if !key.contains('{') => drop(self.kv.insert(key.to_owned())),
                _ => self.is_kv_unknown = true,
            },
            ["Set" | "Delete", "state"] => self.is_kv_unknown = true,
            ["Labels", "execution"] => match properties.get("labels") {
                Some(Json::Object(labels)) if labels.keys().all(|key| !key.contains('{')) => {
                    self.labels.extend(labels.keys().map(|key| first_part(key).to_owned()));
                }
                _ => self.are_labels_unknown = true,
            },
            ["SetVariables", "execution"] => match properties.get("variables") {
                Some(Json::Object(variables)) => self.variables.extend(variables.keys().cloned()),
                _ => self.are_variables_unknown = true,
            },
            ["UnsetVariables", "execution"] => self.are_variables_unknown = true,
            _ => {}
        }
    }

    /// Notes a key that a subflow writes.
    pub(super) fn add_written_key(&mut self, key: Option<&str>) {
        match key {
            Some(key) => drop(self.kv.insert(key.to_owned())),
            None => self.is_kv_unknown = true,
        }
    }

    /// Whether every template in a value is known.
    pub(super) fn knows_all(&self, task: Option<&str>, value: &Json) -> bool {
        match value {
            Json::String(text) => self.knows(task, text),
            Json::Array(items) => items.iter().all(|item| self.knows_all(task, item)),
            Json::Object(map) => {
                map.iter().all(|(key, item)| self.knows(task, key) && self.knows_all(task, item))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => true,
        }
    }

    /// Whether a template is known. A template that cannot be parsed is: its rendering fails, now and in the run.
    pub(super) fn knows(&self, task: Option<&str>, template: &str) -> bool {
        self.is_known(task, template, false, &mut BTreeSet::new())
    }

    /// `in_variable` is true for the text of a variable. `render` is recursive, so the variables in it are rendered too.
    fn is_known(
        &self,
        task: Option<&str>,
        template: &str,
        in_variable: bool,
        seen: &mut BTreeSet<String>,
    ) -> bool {
        if !template.contains('{') {
            return true;
        }
        let Ok(found) = references(template) else { return true };
        if found.functions.iter().any(|name| UNKNOWN_FUNCTIONS.contains(&name.as_str())) {
            return false;
        }
        if found.functions.contains("kv")
            && (self.is_kv_unknown
                || found.kv_keys.iter().any(|key| self.kv.contains(key))
                || (found.kv_keys.is_empty() && !self.kv.is_empty()))
        {
            return false;
        }
        let facts = task.map(|task| self.facts(task)).unwrap_or_default();
        let is_unknown = found.roots.iter().any(|(root, reach)| self.is_unknown(root, reach, facts));
        if is_unknown {
            return false;
        }
        if !found.dynamic && !in_variable {
            return true;
        }
        // The texts of variables are rendered too.
        let texts: Vec<(&String, &Json)> = match found.roots.get("vars") {
            None => Vec::new(),
            Some(Reach::All) => self.variable_texts.iter().collect(),
            Some(Reach::Names(names)) => {
                self.variable_texts.iter().filter(|(name, _)| names.contains(*name)).collect()
            }
        };
        texts
            .into_iter()
            .all(|(name, value)| !seen.insert(name.clone()) || self.is_text_known(task, value, seen))
    }

    fn is_text_known(&self, task: Option<&str>, value: &Json, seen: &mut BTreeSet<String>) -> bool {
        match value {
            Json::String(text) => self.is_known(task, text, true, seen),
            Json::Array(items) => items.iter().all(|item| self.is_text_known(task, item, seen)),
            Json::Object(map) => map.values().all(|item| self.is_text_known(task, item, seen)),
            Json::Null | Json::Bool(_) | Json::Number(_) => true,
        }
    }

    fn is_unknown(&self, root: &str, reach: &Reach, facts: Facts) -> bool {
        let any = |unknown: &BTreeSet<String>| match reach {
            Reach::All => !unknown.is_empty(),
            Reach::Names(names) => names.iter().any(|name| unknown.contains(name)),
        };
        if let Some((_, parts)) = UNKNOWN_PARTS.iter().find(|(name, _)| *name == root) {
            let is_part = match reach {
                Reach::All => true,
                Reach::Names(names) => names.iter().any(|name| parts.contains(&name.as_str())),
            };
            if is_part {
                return true;
            }
        }
        match root {
            "outputs" => any(&self.outputs),
            "inputs" => match reach {
                Reach::All => !self.inputs.is_empty(),
                // Inputs with dots in their names nest.
                Reach::Names(names) => names
                    .iter()
                    .any(|name| self.inputs.iter().any(|input| first_part(input) == name || input == name)),
            },
            "tasks" => !self.outputs.is_empty(),
            "trigger" | "schedule" => !self.has_trigger,
            "labels" => self.are_labels_unknown || any(&self.labels),
            "vars" => self.are_variables_unknown || any(&self.variables),
            "taskrun" | "item" | "parent" | "parents" => facts.in_unknown_loop,
            // Paths in the working directory of a task, which does not exist before the task runs.
            "workingDir" | "outputDir" | "inputFiles" | "outputFiles" | "dbFilePath" => true,
            _ => false,
        }
    }
}

fn first_part(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
