//! Reads the properties of the flowables (docs/kestra.md 4.2).
//!
//! How to add one more: see `flowable_types`.

use super::context::Context;
use super::fields::Fields;
use super::node::Value;
use super::{input, labels, parts, task};
use crate::flowable_types::FlowableName as F;
use crate::task::{
    DagTask, Flowable, FlowableKind, ForEach, ForEachItem, LoopOptions, LoopUntil, Pause, PauseBehavior,
    Subflow, Task, WorkingDirectory,
};
use crate::{Json, Map};

const BEHAVIORS: [(&str, PauseBehavior); 4] = [
    ("RESUME", PauseBehavior::Resume),
    ("WARN", PauseBehavior::Warn),
    ("FAIL", PauseBehavior::Fail),
    ("CANCEL", PauseBehavior::Cancel),
];

const FETCH_TYPES: [(&str, ()); 3] = [("AUTO", ()), ("FETCH", ()), ("STORE", ())];

const RESTARTS: [(&str, &str); 2] = [("RETRY_FAILED", "RETRY_FAILED"), ("NEW_EXECUTION", "NEW_EXECUTION")];

/// Reads the properties of one flowable type, without the common ones. Reports unknown keys.
pub(super) fn flowable(ctx: &mut Context<'_>, mut fields: Fields<'_>, name: F) -> Flowable {
    let kind = kind(ctx, &mut fields, name);
    let flowable = Flowable {
        kind,
        errors: task::tasks(ctx, &mut fields, "errors"),
        finally: task::tasks(ctx, &mut fields, "finally"),
    };
    fields.finish(ctx);
    flowable
}

fn kind(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: F) -> FlowableKind {
    match name {
        F::Sequential => FlowableKind::Sequential { tasks: task::required_tasks(ctx, fields, "tasks") },
        F::AllowFailure => FlowableKind::AllowFailure { tasks: task::required_tasks(ctx, fields, "tasks") },
        F::Parallel => FlowableKind::Parallel {
            tasks: task::required_tasks(ctx, fields, "tasks"),
            concurrent: fields.count(ctx, "concurrent", 0).unwrap_or(0),
        },
        F::If => FlowableKind::If {
            condition: fields.required_text(ctx, "condition"),
            then: task::required_tasks(ctx, fields, "then"),
            otherwise: task::tasks(ctx, fields, "else"),
        },
        F::Switch => FlowableKind::Switch {
            value: fields.required_text(ctx, "value"),
            cases: cases(ctx, fields),
            defaults: task::tasks(ctx, fields, "defaults"),
        },
        F::ForEach | F::Loop | F::EachSequential | F::EachParallel => {
            FlowableKind::ForEach(each(ctx, fields, name))
        }
        F::ForEachItem => {
            let items = fields.required_text(ctx, "items");
            let batch = fields.map(ctx, "batch");
            FlowableKind::ForEachItem(Box::new(ForEachItem { items, batch, subflow: subflow(ctx, fields) }))
        }
        F::Subflow => {
            let mut subflow = subflow(ctx, fields);
            subflow.outputs = fields.map(ctx, "outputs");
            FlowableKind::Subflow(Box::new(subflow))
        }
        F::Dag => FlowableKind::Dag {
            tasks: dag(ctx, fields),
            concurrent: fields.count(ctx, "concurrent", 0).unwrap_or(0),
        },
        F::Pause => FlowableKind::Pause(Box::new(pause(ctx, fields))),
        F::Sleep => {
            fields.require(ctx, &["duration"]);
            FlowableKind::Sleep { duration: fields.duration_text(ctx, &["duration"]).unwrap_or_default() }
        }
        F::LoopUntil => FlowableKind::LoopUntil(Box::new(until(ctx, fields))),
        F::WorkingDirectory => FlowableKind::WorkingDirectory(Box::new(directory(ctx, fields))),
    }
}

fn cases(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<(String, Vec<Task>)> {
    let Some(node) = fields.take(&["cases"]) else { return Vec::new() };
    let what = format!("'cases' of {}", fields.what());
    let Some(entries) = node.entries() else {
        ctx.wrong_kind(node, &what, "a map of lists of tasks");
        return Vec::new();
    };
    let mut cases = Vec::new();
    for entry in entries {
        let items = entry.node.items().unwrap_or_else(|| {
            if !entry.node.is_null() {
                ctx.wrong_kind(
                    &entry.node,
                    &format!("the case '{}' in {what}", entry.key),
                    "a list of tasks",
                );
            }
            &[]
        });
        cases.push((entry.key.clone(), items.iter().filter_map(|node| task::task(ctx, node)).collect()));
    }
    cases
}

fn each(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: F) -> ForEach {
    let names: &[&'static str] = match name {
        F::EachSequential | F::EachParallel => &["value", "values"],
        _ => &["values", "value"],
    };
    let values = fields.require(ctx, names).map_or(Json::Null, |node| {
        let is_map = name == F::Loop && matches!(node.value, Value::Map(_));
        if !is_map && !matches!(node.value, Value::Seq(_)) && node.text().is_none() {
            ctx.wrong_kind(
                node,
                &format!("the values of {}", fields.what()),
                "a list, or a text that renders to one",
            );
        }
        node.to_json()
    });
    let concurrency_limit = match name {
        F::EachSequential => 1,
        F::EachParallel => fields.count(ctx, "concurrent", 0).unwrap_or(0),
        _ => fields.count(ctx, "concurrencyLimit", 0).unwrap_or(1),
    };
    ForEach {
        values,
        tasks: task::required_tasks(ctx, fields, "tasks"),
        concurrency_limit,
        parallel_group: name == F::EachParallel,
        as_loop: (name == F::Loop).then(|| loop_options(ctx, fields)),
    }
}

fn loop_options(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> LoopOptions {
    // The value of `fetchType` is checked but has no effect. Segue always stores long values in internal storage.
    fields.choice(ctx, "fetchType", &FETCH_TYPES);
    LoopOptions {
        transmit_failed: fields.flag(ctx, "transmitFailed", true),
        outputs: parts::outputs(ctx, fields),
    }
}

/// Reads the properties that `Subflow` and `ForEachItem` share.
fn subflow(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Subflow {
    Subflow {
        namespace: fields.required_text(ctx, "namespace"),
        flow_id: fields.required_text(ctx, "flowId"),
        revision: fields.json("revision"),
        inputs: fields.map(ctx, "inputs"),
        labels: subflow_labels(ctx, fields),
        wait: fields.flag(ctx, "wait", true),
        transmit_failed: fields.flag(ctx, "transmitFailed", true),
        inherit_labels: fields.flag(ctx, "inheritLabels", false),
        schedule_date: fields.text(ctx, "scheduleDate"),
        outputs: Map::new(),
        restart_behavior: fields.choice(ctx, "restartBehavior", &RESTARTS).map(str::to_owned),
    }
}

fn subflow_labels(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Json {
    let Some(node) = fields.take(&["labels"]) else { return Json::Null };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries.iter() {
                labels::refuse_system(ctx, &entry.key, entry.position);
            }
        }
        Value::Seq(items) => {
            for key in items.iter().filter_map(|item| item.get("key")) {
                labels::refuse_system(ctx, key.text().unwrap_or_default(), key.position);
            }
        }
        Value::Scalar(_) if node.is_template() => {}
        Value::Scalar(_) => {
            ctx.wrong_kind(node, &format!("'labels' of {}", fields.what()), "a map or a list")
        }
    }
    node.to_json()
}

fn dag(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<DagTask> {
    if fields.require(ctx, &["tasks"]).is_none() {
        return Vec::new();
    }
    let what = format!("an element of 'tasks' of {}", fields.what());
    let mut tasks = Vec::new();
    for node in fields.list(ctx, &["tasks"]) {
        let Some(mut element) = Fields::from_node(ctx, node, what.as_str()) else { continue };
        let child = element.require(ctx, &["task"]).and_then(|node| task::task(ctx, node));
        let depends_on = element.texts(ctx, &["dependsOn"]);
        element.finish(ctx);
        tasks.extend(child.map(|task| DagTask { task, depends_on }));
    }
    tasks
}

fn pause(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Pause {
    Pause {
        duration: fields.duration_text(ctx, &["pauseDuration", "delay"]),
        behavior: fields.choice(ctx, "behavior", &BEHAVIORS).unwrap_or_default(),
        on_resume: input::inputs(ctx, fields, "onResume"),
        on_pause: fields.take(&["onPause"]).and_then(|node| task::task(ctx, node)),
        tasks: task::tasks(ctx, fields, "tasks"),
    }
}

fn until(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> LoopUntil {
    let mut until = LoopUntil {
        tasks: task::required_tasks(ctx, fields, "tasks"),
        condition: fields.required_text(ctx, "condition"),
        fail_on_max_reached: fields.flag(ctx, "failOnMaxReached", false),
        max_iterations: None,
        max_duration: None,
        interval: None,
    };
    let Some(node) = fields.take(&["checkFrequency"]) else { return until };
    let Some(mut check) = Fields::from_node(ctx, node, format!("'checkFrequency' of {}", fields.what()))
    else {
        return until;
    };
    until.max_iterations = check.take(&["maxIterations"]).and_then(|node| {
        if !node.is_template() {
            ctx.count(node, &format!("'maxIterations' in {}", check.what()), 1)?;
        }
        Some(node.to_json())
    });
    until.max_duration = check.duration_text(ctx, &["maxDuration"]);
    until.interval = check.duration_text(ctx, &["interval"]);
    check.finish(ctx);
    until
}

fn directory(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> WorkingDirectory {
    let tasks = task::required_tasks(ctx, fields, "tasks");
    let mut properties = Map::new();
    for name in ["inputFiles", "outputFiles", "namespaceFiles", "cache"] {
        properties.extend(fields.json(name).map(|value| (name.to_owned(), value)));
    }
    WorkingDirectory { tasks, properties }
}
