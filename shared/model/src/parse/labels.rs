//! Labels, as a map or as a list of `{key, value}` (docs/kestra.md 1.1, 1.5).

use super::context::Context;
use super::fields::Fields;
use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::label::{Label, set_labels};

/// The only system label that a flow may have.
const READ_ONLY: &str = "system.readOnly";

/// Reads `labels`. If a key occurs twice, the last value counts.
pub(super) fn labels(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<Label> {
    let what = format!("a label of {}", fields.what());
    let mut labels = Vec::new();
    let Some(node) = fields.take(&["labels"]) else { return labels };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries.iter() {
                put(ctx, &mut labels, (&entry.key, entry.position), &entry.node, &what);
            }
        }
        Value::Seq(items) => {
            for item in items {
                let Some(mut fields) = Fields::from_node(ctx, item, what.as_str()) else { continue };
                let key = fields.require(ctx, &["key"]);
                let value = fields.require(ctx, &["value"]);
                fields.finish(ctx);
                let (Some(key), Some(value)) = (key, value) else { continue };
                let Some(text) = ctx.text(key, &format!("the key of {what}")) else { continue };
                put(ctx, &mut labels, (&text, key.position), value, &what);
            }
        }
        Value::Scalar(_) => {
            ctx.wrong_kind(node, &format!("'labels' of {}", fields.what()), "a map or a list")
        }
    }
    let mut distinct = Vec::new();
    set_labels(&mut distinct, labels);
    distinct
}

fn put(ctx: &mut Context<'_>, labels: &mut Vec<Label>, key: (&str, Position), value: &Node, what: &str) {
    let (key, position) = key;
    if key.is_empty() {
        ctx.error(codes::INVALID_LABEL, position, format!("{what} has an empty key"));
    }
    refuse_system(ctx, key, position);
    match value.text() {
        Some(text) => labels.push(Label::new(key, text)),
        None => ctx.error(
            codes::INVALID_LABEL,
            value.position,
            format!(
                "{what}: the value of '{key}' must be a text, a number or a boolean, not {}",
                value.kind()
            ),
        ),
    }
}

/// Reports a key that is reserved for Segue.
pub(super) fn refuse_system(ctx: &mut Context<'_>, key: &str, position: Position) {
    if key.starts_with("system.") && key != READ_ONLY {
        ctx.tell(
            Diagnostic::error(
                codes::INVALID_LABEL,
                position,
                format!("System labels can only be set by Segue itself: '{key}'"),
            )
            .with_hint("choose a key that does not start with 'system.'"),
        );
    }
}
