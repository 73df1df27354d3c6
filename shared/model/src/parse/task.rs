//! Reads a task: the properties of every task, and then the properties of its type (docs/kestra.md 1.3).

use super::context::Context;
use super::fields::Fields;
use super::names::LOG_LEVELS;
use super::node::{Entry, Node};
use super::{flowable, ids, retry, schema, types};
use crate::flowable_types;
use crate::task::{Task, TaskKind};

/// Reads a list of tasks. Empty if the key is absent.
pub(super) fn tasks(ctx: &mut Context<'_>, fields: &mut Fields<'_>, name: &'static str) -> Vec<Task> {
    fields.list(ctx, &[name]).iter().filter_map(|node| task(ctx, node)).collect()
}

/// Reads a required list of tasks.
pub(super) fn required_tasks(
    ctx: &mut Context<'_>,
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Vec<Task> {
    if fields.require(ctx, &[name]).is_none() {
        return Vec::new();
    }
    tasks(ctx, fields, name)
}

/// Reads a task; `None` only if the node is not a map. So a task with errors keeps its place in the list.
pub(super) fn task(ctx: &mut Context<'_>, node: &Node) -> Option<Task> {
    let mut fields = Fields::from_node(ctx, node, "a task")?;
    let id = ids::id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("task '{id}'"));
    }
    let (type_name, is_known) = types::task_type(ctx, &mut fields);
    let label = format!("'runIf' of {}", fields.what());
    let mut task = Task {
        id,
        type_name,
        description: fields.text(ctx, "description"),
        retry: retry::retry(ctx, &mut fields),
        timeout: fields.duration_text(ctx, &["timeout"]),
        disabled: fields.flag(ctx, "disabled", false),
        run_if: fields.take(&["runIf", "when"]).and_then(|node| ctx.text(node, &label)),
        allow_failure: fields.flag(ctx, "allowFailure", false),
        allow_warning: fields.flag(ctx, "allowWarning", false),
        log_level: fields.choice(ctx, "logLevel", &LOG_LEVELS),
        log_to_file: fields.flag(ctx, "logToFile", false),
        kind: TaskKind::Plugin { properties: crate::Map::new() },
    };
    fields.ignore_with_note(ctx, &["workerGroup"], "Segue has no worker groups");
    fields.ignore_with_note(ctx, &["taskCache"], "Segue has no task cache, so the task always runs");
    for name in ["version", "assets", "pluginDefaultsRef"] {
        // Some plugins have their own properties with these names.
        if !ctx.catalog.get(&task.type_name).is_some_and(|kind| schema::has(&kind.schema, name)) {
            fields.ignore_with_note(ctx, &[name], "it does not change how the task runs");
        }
    }
    task.kind = match flowable_types::find(&task.type_name) {
        Some(name) => TaskKind::Flowable(flowable::flowable(ctx, fields, name)),
        None => TaskKind::Plugin { properties: plugin(ctx, &fields, node, &task.type_name, is_known) },
    };
    Some(task)
}

fn plugin(
    ctx: &mut Context<'_>,
    fields: &Fields<'_>,
    node: &Node,
    type_name: &str,
    is_known: bool,
) -> crate::Map {
    let catalog = ctx.catalog;
    match catalog.get(type_name).filter(|_| is_known) {
        Some(kind) => {
            let owner = schema::Owner { what: fields.what(), type_name: kind.name };
            schema::properties(ctx, &kind.schema, fields.rest(), &owner, node.position)
        }
        // The properties of an unknown type cannot be checked. The unknown type is already reported.
        None => fields.rest().map(|Entry { key, node, .. }| (key.clone(), node.to_json())).collect(),
    }
}
