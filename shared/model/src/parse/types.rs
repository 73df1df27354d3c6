//! The names of types: known names, legacy names, and suggestions for unknown names.

use super::context::Context;
use super::fields::Fields;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::suggest::suggest;
use crate::trigger_types::{self, TriggerType, condition_types, trigger_types};
use crate::{Json, flowable_types};

/// The names of the task that ran the tasks of a template. Kestra has removed it.
const TEMPLATES: [&str; 2] = ["io.kestra.core.tasks.flows.Template", "io.kestra.plugin.core.flow.Template"];

/// The canonical name of a task type; `None` if the type is unknown.
pub(super) fn canonical_task(catalog: &Catalog, name: &str) -> Option<&'static str> {
    flowable_types::find(name)
        .map(flowable_types::FlowableName::canonical)
        .or_else(|| catalog.get(name).map(|known| known.name))
}

/// The canonical name of a task type, trigger type or condition; `None` if the type is unknown.
pub(super) fn canonical(catalog: &Catalog, name: &str) -> Option<&'static str> {
    canonical_task(catalog, name).or_else(|| {
        let polling = catalog.trigger(name).map(|known| known.name);
        polling.or_else(|| {
            trigger_types::trigger(name).or_else(|| trigger_types::condition(name)).map(|known| known.name)
        })
    })
}

/// Reads the `type` of a task and reports an unknown type. Returns the canonical name, or the text as written, and
/// whether the type is known.
pub(super) fn task_type(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> (String, bool) {
    let Some((name, position)) = written(ctx, fields) else { return (String::new(), false) };
    match canonical_task(ctx.catalog, &name) {
        Some(canonical) => {
            legacy(ctx, &name, canonical, position);
            (canonical.to_owned(), true)
        }
        None if TEMPLATES.contains(&name.as_str()) => {
            let problem =
                format!("Invalid type: {name}: Segue has no templates, which Kestra has removed too");
            ctx.tell(
                Diagnostic::error(codes::INVALID_TYPE, position, problem)
                    .with_hint("move its tasks to a flow, and call that flow with a Subflow task"),
            );
            (name, false)
        }
        None => {
            let known = ctx.catalog.names().chain(flowable_types::names());
            // The suggested name is the present one, also if an older name is nearer.
            let near = suggest(&name, known);
            let near = near.map(|near| canonical_task(ctx.catalog, near).unwrap_or(near).to_owned());
            unknown(ctx, &name, near, position);
            (name, false)
        }
    }
}

/// A known type of trigger or condition.
#[derive(Clone, Copy)]
pub(super) struct Known<'c> {
    /// The canonical name.
    pub(super) name: &'static str,
    /// JSON Schema of the properties.
    pub(super) schema: &'c Json,
}

impl From<&'static TriggerType> for Known<'_> {
    fn from(kind: &'static TriggerType) -> Self {
        Self { name: kind.name, schema: &kind.schema }
    }
}

/// Reads the `type` of a trigger: one of the scheduler's, or a polling trigger of a service.
pub(super) fn trigger_type<'c>(ctx: &mut Context<'c>, fields: &mut Fields<'_>) -> Option<Known<'c>> {
    let catalog = ctx.catalog;
    let find = |name: &str| {
        let polling = catalog.trigger(name).map(|kind| Known { name: kind.name, schema: &kind.schema });
        polling.or_else(|| trigger_types::trigger(name).map(Known::from))
    };
    let names =
        trigger_types().iter().map(|kind| kind.name).chain(catalog.triggers().iter().map(|kind| kind.name));
    known(ctx, fields, find, names)
}

/// Reads the `type` of a condition.
pub(super) fn condition_type<'c>(ctx: &mut Context<'c>, fields: &mut Fields<'_>) -> Option<Known<'c>> {
    let names = condition_types().iter().map(|kind| kind.name);
    known(ctx, fields, |name| trigger_types::condition(name).map(Known::from), names)
}

fn known<'c>(
    ctx: &mut Context<'c>,
    fields: &mut Fields<'_>,
    find: impl Fn(&str) -> Option<Known<'c>>,
    names: impl Iterator<Item = &'static str>,
) -> Option<Known<'c>> {
    let (name, position) = written(ctx, fields)?;
    let known = find(&name);
    match known {
        Some(known) => legacy(ctx, &name, known.name, position),
        None => {
            let near = suggest(&name, names).map(str::to_owned);
            unknown(ctx, &name, near, position);
        }
    }
    known
}

fn written(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Option<(String, Position)> {
    let what = format!("'type' of {}", fields.what());
    let node = fields.require(ctx, &["type"])?;
    Some((ctx.text(node, &what)?, node.position))
}

fn legacy(ctx: &mut Context<'_>, name: &str, canonical: &str, position: Position) {
    if name != canonical {
        ctx.tell(
            Diagnostic::note(
                codes::LEGACY_TYPE,
                position,
                format!("'{name}' is an older name of '{canonical}'"),
            )
            .with_hint(format!("use '{canonical}'")),
        );
    }
}

fn unknown(ctx: &mut Context<'_>, name: &str, near: Option<String>, position: Position) {
    let problem = Diagnostic::error(codes::INVALID_TYPE, position, format!("Invalid type: {name}"));
    ctx.tell(match near {
        Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
        None => problem.with_hint("`segue docs --list` and docs/task-types list all types"),
    });
}
