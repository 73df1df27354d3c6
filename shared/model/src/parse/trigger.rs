//! Reads a trigger with its conditions (docs/kestra.md 5.1, 5.6), and `when` of Kestra 2.x.

use super::context::Context;
use super::fields::Fields;
use super::names::LOG_LEVELS;
use super::node::{Entry, Node, Value};
use super::{ids, labels, schema, types};
use crate::state::State;
use crate::trigger::Trigger;
use crate::{Json, Map};
use serde_json::json;

const EXPRESSION: &str = "io.kestra.plugin.core.condition.Expression";

/// The states with their names in flows.
const STATES: [(&str, State); 16] = [
    ("CREATED", State::Created),
    ("QUEUED", State::Queued),
    ("RUNNING", State::Running),
    ("PAUSED", State::Paused),
    ("BREAKPOINT", State::Breakpoint),
    ("RESTARTED", State::Restarted),
    ("RETRYING", State::Retrying),
    ("RETRIED", State::Retried),
    ("SUCCESS", State::Success),
    ("WARNING", State::Warning),
    ("FAILED", State::Failed),
    ("KILLING", State::Killing),
    ("KILLED", State::Killed),
    ("CANCELLED", State::Cancelled),
    ("CANCELED", State::Cancelled),
    ("SKIPPED", State::Skipped),
];

/// Reads a trigger; `None` only if the node is not a map.
pub(super) fn trigger(ctx: &mut Context<'_>, node: &Node) -> Option<Trigger> {
    let mut fields = Fields::from_node(ctx, node, "a trigger")?;
    let id = ids::id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("trigger '{id}'"));
    }
    let kind = types::trigger_type(ctx, &mut fields);
    let what = format!("'logLevel' of {}", fields.what());
    let log_level =
        fields.take(&["logLevel", "minLogLevel"]).and_then(|node| ctx.choice(node, &what, &LOG_LEVELS));
    let stop = format!("'stopAfter' of {}", fields.what());
    let mut trigger = Trigger {
        id,
        type_name: kind
            .map_or_else(|| fields.text(ctx, "type").unwrap_or_default(), |kind| kind.name.to_owned()),
        description: fields.text(ctx, "description"),
        disabled: fields.flag(ctx, "disabled", false),
        conditions: conditions(ctx, &mut fields),
        labels: labels::labels(ctx, &mut fields),
        inputs: fields.map(ctx, "inputs"),
        stop_after: fields
            .list(ctx, &["stopAfter"])
            .iter()
            .filter_map(|node| ctx.choice(node, &stop, &STATES))
            .collect(),
        log_level,
        properties: Map::new(),
    };
    fields.ignore_with_note(ctx, &["workerGroup"], "Segue has no worker groups");
    fields.ignore_with_note(ctx, &["logToFile", "failOnTriggerError"], "triggers do not use it");
    trigger.properties = match kind {
        Some(kind) => {
            let owner = schema::Owner { what: fields.what(), type_name: kind.name };
            schema::properties(ctx, kind.schema, fields.rest(), &owner, node.position)
        }
        None => fields.rest().map(|Entry { key, node, .. }| (key.clone(), node.to_json())).collect(),
    };
    Some(trigger)
}

/// Reads the conditions: from `conditions`, from the older `scheduleConditions`, and from `when`, which is a list or
/// one expression.
fn conditions(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Vec<Json> {
    let mut found = Vec::new();
    for name in ["conditions", "scheduleConditions", "when"] {
        let Some(node) = fields.take(&[name]) else { continue };
        match &node.value {
            Value::Seq(items) => {
                found.extend(items.iter().filter_map(|item| condition(ctx, item, name == "when")))
            }
            Value::Map(_) | Value::Scalar(_) if name == "when" => found.extend(condition(ctx, node, true)),
            Value::Map(_) | Value::Scalar(_) => {
                ctx.wrong_kind(node, &format!("'{name}' of {}", fields.what()), "a list");
            }
        }
    }
    found
}

/// A condition with its canonical type. The conditions inside it also get their canonical types.
fn condition(ctx: &mut Context<'_>, node: &Node, takes_text: bool) -> Option<Json> {
    if takes_text && let Some(text) = node.text() {
        return Some(json!({"type": EXPRESSION, "expression": text}));
    }
    let mut fields = Fields::from_node(ctx, node, "a condition")?;
    let Some(kind) = types::condition_type(ctx, &mut fields) else {
        return Some(node.to_json());
    };
    let short = kind.name.rsplit('.').next().unwrap_or(kind.name);
    fields.rename(format!("the condition {short}"));
    let owner = schema::Owner { what: fields.what(), type_name: kind.name };
    let mut properties = schema::properties(ctx, kind.schema, fields.rest(), &owner, node.position);
    let inner = node.get("conditions").map(|inner| match &inner.value {
        Value::Seq(items) => items.iter().filter_map(|item| condition(ctx, item, false)).collect(),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), condition(ctx, &entry.node, false)?)))
                .collect(),
        ),
        Value::Scalar(_) => inner.to_json(),
    });
    properties.extend(inner.map(|inner| ("conditions".to_owned(), inner)));
    let mut all = Map::new();
    all.insert("type".to_owned(), Json::String(kind.name.to_owned()));
    all.extend(properties);
    Some(Json::Object(all))
}
