//! The templates of a flow, each parsed once: its position, the names it uses, and the names it guards.

use super::tree::Tree;
use segue_model::flow::Flow;
use segue_model::{TemplateAt, templates};
use segue_template::{Reference, References, RenderError, references};

/// The part of a flow that a template belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Variables,
    Inputs,
    Task,
    Outputs,
    Triggers,
    /// `sla` and `checks`.
    Promises,
}

/// One template.
pub(super) struct Reading<'a> {
    pub(super) at: TemplateAt<'a>,
    pub(super) part: Part,
    /// The path of the template's task; `None` if it is not in a task.
    pub(super) task: Option<String>,
    /// Whether the task never runs.
    pub(super) is_disabled: bool,
    pub(super) used: Result<References, RenderError>,
    /// The paths that this template, or a condition around it, checks for existence.
    guards: Vec<Vec<String>>,
}

/// Parses every template of a flow.
pub(super) fn read<'a>(flow: &'a Flow, tree: &Tree<'a>) -> Vec<Reading<'a>> {
    let mut readings: Vec<Reading<'a>> = templates(flow).into_iter().map(|at| reading(at, tree)).collect();
    let conditions: Vec<(String, Vec<Vec<String>>)> = readings
        .iter()
        .filter_map(|reading| {
            let task = reading.task.as_ref()?;
            let is_condition = matches!(reading.property(), "runIf" | "condition" | "value");
            (is_condition && !reading.guards.is_empty()).then(|| (task.clone(), reading.guards.clone()))
        })
        .collect();
    for reading in &mut readings {
        let Some(task) = reading.task.clone() else { continue };
        for (outer, _) in tree.around(&task) {
            let on_the_way = conditions.iter().filter(|(path, _)| path == outer);
            reading.guards.extend(on_the_way.flat_map(|(_, guards)| guards.iter().cloned()));
        }
    }
    readings
}

fn reading<'a>(at: TemplateAt<'a>, tree: &Tree<'a>) -> Reading<'a> {
    let part = match at.path.split('/').nth(1) {
        Some("variables") => Part::Variables,
        Some("inputs") => Part::Inputs,
        Some("outputs") => Part::Outputs,
        Some("triggers") => Part::Triggers,
        Some("sla" | "checks") => Part::Promises,
        _ => Part::Task,
    };
    let task = tree.owner(&at.path).map(str::to_owned);
    let is_disabled = task.as_ref().is_some_and(|task| tree.is_disabled(task));
    let used = references(at.text);
    let guarded = used.iter().flat_map(|used| &used.paths).filter(|path| path.guarded);
    let guards = guarded.map(|reference| reference.path.clone()).collect();
    Reading { at, part, task, is_disabled, used, guards }
}

impl Reading<'_> {
    /// The property of the task, or the key of the flow, that contains the template.
    pub(super) fn property(&self) -> &str {
        let outer = self.task.as_deref().unwrap_or_default();
        let rest = self.at.path.get(outer.len()..).unwrap_or_default();
        rest.trim_start_matches('/').split('/').next().unwrap_or_default()
    }

    /// Whether a missing name in this template is a problem. A disabled task is never rendered, and a variable only when
    /// an expression renders it.
    pub(super) fn counts(&self) -> bool {
        self.part != Part::Variables && !self.is_disabled
    }

    /// The unguarded references, by root and first key.
    pub(super) fn bare(&self) -> impl Iterator<Item = &Reference> {
        let paths = self.used.iter().flat_map(|used| &used.paths);
        paths.filter(|reference| !reference.guarded && !self.is_guarded(reference))
    }

    /// The unguarded references to a root variable.
    pub(super) fn bare_in(&self, root: &str) -> impl Iterator<Item = &Reference> {
        self.bare().filter(move |reference| reference.path.first().is_some_and(|first| first == root))
    }

    /// Whether a condition checks the reference for existence. Only the root and the first key are compared. If the first
    /// key exists, deeper keys are expected to exist too.
    fn is_guarded(&self, reference: &Reference) -> bool {
        let same =
            |guard: &Vec<String>| guard.iter().zip(&reference.path).take(2).all(|(one, other)| one == other);
        self.guards.iter().any(same)
    }
}
