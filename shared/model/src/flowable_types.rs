//! The flowable task types (docs/kestra.md 4.0, 4.2). The engine runs them, so the parser knows them without a
//! catalogue. The program that builds the catalogue adds them, so one list has all types.
//!
//! How to add one more: add a `FlowableName`, a line in the table, and an arm in `parse/flowable.rs`.

use crate::catalog::{RunBy, TaskType};
use crate::type_table::{Property, schema};

/// A flowable task type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowableName {
    Sequential,
    Parallel,
    If,
    Switch,
    ForEach,
    EachSequential,
    EachParallel,
    Loop,
    ForEachItem,
    Dag,
    AllowFailure,
    Subflow,
    Pause,
    Sleep,
    LoopUntil,
    WorkingDirectory,
}

use FlowableName as F;

struct Row {
    name: FlowableName,
    canonical: &'static str,
    aliases: &'static [&'static str],
    properties: &'static [Property],
}

macro_rules! row {
    ($name:ident, [$($alias:literal),*], [$($property:expr),*]) => {
        Row {
            name: F::$name,
            canonical: concat!("io.kestra.plugin.core.flow.", stringify!($name)),
            aliases: &[$($alias),*],
            properties: &[$($property),*],
        }
    };
}

const TASKS: Property = ("tasks!", "array");

const TABLE: &[Row] = &[
    row!(Sequential, ["io.kestra.core.tasks.flows.Sequential"], [TASKS]),
    row!(Parallel, ["io.kestra.core.tasks.flows.Parallel"], [TASKS, ("concurrent", "integer")]),
    row!(
        If,
        ["io.kestra.core.tasks.flows.If"],
        [("condition!", "string"), ("then!", "array"), ("else", "array")]
    ),
    row!(
        Switch,
        ["io.kestra.core.tasks.flows.Switch"],
        [("value!", "string"), ("cases", "object"), ("defaults", "array")]
    ),
    row!(ForEach, [], [("values!", "any"), TASKS, ("concurrencyLimit", "integer")]),
    row!(EachSequential, ["io.kestra.core.tasks.flows.EachSequential"], [("value!", "any"), TASKS]),
    row!(
        EachParallel,
        ["io.kestra.core.tasks.flows.EachParallel"],
        [("value!", "any"), TASKS, ("concurrent", "integer")]
    ),
    row!(
        Loop,
        [],
        [
            ("values!", "any"),
            TASKS,
            ("concurrencyLimit", "integer"),
            ("transmitFailed", "boolean"),
            ("outputs", "array"),
            ("fetchType", "AUTO|FETCH|STORE")
        ]
    ),
    row!(
        ForEachItem,
        ["io.kestra.core.tasks.flows.ForEachItem"],
        [
            ("items!", "string"),
            ("batch", "object"),
            ("namespace!", "string"),
            ("flowId!", "string"),
            ("revision", "integer"),
            ("inputs", "object"),
            ("labels", "any"),
            ("wait", "boolean"),
            ("transmitFailed", "boolean"),
            ("inheritLabels", "boolean"),
            ("scheduleDate", "string"),
            ("restartBehavior", "RETRY_FAILED|NEW_EXECUTION")
        ]
    ),
    row!(Dag, ["io.kestra.core.tasks.flows.Dag"], [TASKS, ("concurrent", "integer")]),
    row!(AllowFailure, ["io.kestra.core.tasks.flows.AllowFailure"], [TASKS]),
    row!(
        Subflow,
        ["io.kestra.core.tasks.flows.Subflow", "io.kestra.core.tasks.flows.Flow"],
        [
            ("namespace!", "string"),
            ("flowId!", "string"),
            ("revision", "integer"),
            ("inputs", "object"),
            ("labels", "any"),
            ("wait", "boolean"),
            ("transmitFailed", "boolean"),
            ("inheritLabels", "boolean"),
            ("scheduleDate", "string"),
            ("outputs", "object"),
            ("restartBehavior", "RETRY_FAILED|NEW_EXECUTION")
        ]
    ),
    row!(
        Pause,
        ["io.kestra.core.tasks.flows.Pause"],
        [
            ("pauseDuration", "string"),
            ("delay", "string"),
            ("behavior", "RESUME|WARN|FAIL|CANCEL"),
            ("onResume", "array"),
            ("onPause", "object"),
            ("tasks", "array")
        ]
    ),
    row!(Sleep, [], [("duration!", "string")]),
    row!(
        LoopUntil,
        ["io.kestra.plugin.core.flow.WaitFor", "io.kestra.core.tasks.flows.WaitFor"],
        [TASKS, ("condition!", "string"), ("failOnMaxReached", "boolean"), ("checkFrequency", "object")]
    ),
    row!(
        WorkingDirectory,
        ["io.kestra.core.tasks.flows.WorkingDirectory", "io.kestra.core.tasks.flows.Worker"],
        [
            TASKS,
            ("inputFiles", "any"),
            ("outputFiles", "any"),
            ("namespaceFiles", "object"),
            ("cache", "object")
        ]
    ),
];

impl FlowableName {
    pub(crate) fn canonical(self) -> &'static str {
        TABLE.iter().find(|row| row.name == self).map_or("", |row| row.canonical)
    }
}

/// The flowable type with this name or alias; `None` for every other type.
pub(crate) fn find(name: &str) -> Option<FlowableName> {
    TABLE.iter().find(|row| row.canonical == name || row.aliases.contains(&name)).map(|row| row.name)
}

/// The canonical names of all flowable types.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.canonical)
}

/// The flowable task types, for the catalogue. Each has the properties `errors` and `finally`.
pub fn flowable_types() -> Vec<TaskType> {
    TABLE
        .iter()
        .map(|row| {
            let mut properties = row.properties.to_vec();
            properties.extend([("errors", "array"), ("finally", "array")]);
            TaskType {
                name: row.canonical,
                aliases: row.aliases.to_vec(),
                run_by: RunBy::Flowable,
                schema: schema(&properties),
                outputs: None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_by_their_older_names() {
        assert_eq!(find("io.kestra.core.tasks.flows.Worker"), Some(F::WorkingDirectory));
        assert_eq!(find("io.kestra.plugin.core.flow.WaitFor"), Some(F::LoopUntil));
        assert_eq!(find("io.kestra.plugin.core.flow.Nothing"), None);
        let types = flowable_types();
        assert_eq!(types.len(), 16);
        assert!(types.iter().all(|kind| find(kind.name).is_some_and(|name| name.canonical() == kind.name)));
    }

    #[test]
    fn schemas_name_what_is_required() {
        let types = flowable_types();
        let each = types.iter().find(|kind| kind.name.ends_with(".ForEach")).unwrap();
        assert_eq!(each.schema["required"], serde_json::json!(["values", "tasks"]));
        assert!(each.schema["properties"]["errors"].is_object());
    }
}
