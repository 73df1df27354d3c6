//! Plugin defaults (docs/kestra.md 1.4). Before the flow is read, they are merged into every map with a `type`, at any
//! depth. Values from defaults are marked. If the type does not have such a property, the property is ignored with a
//! note instead of an error.

use super::build::MAX_GROWTH;
use super::context::Context;
use super::fields::Fields;
use super::node::{Entry, Node, Value};
use super::types;
use crate::Map;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Position, codes};
use serde::{Deserialize, Serialize};

/// A plugin default in the configuration of the server. A flow's own plugin defaults have precedence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginDefault {
    /// A type, or the first part of a type's name.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether the default replaces the values in the flow.
    #[serde(default)]
    pub forced: bool,
    /// The properties with their values.
    #[serde(default)]
    pub values: Map,
}

/// A plugin default that is ready to be merged.
struct Default {
    names: Vec<String>,
    forced: bool,
    values: Node,
    size: usize,
}

/// Merges the defaults of the flow and of the server into `root`.
pub(super) fn apply(ctx: &mut Context<'_>, root: &mut Node, server: &[PluginDefault]) {
    let mut defaults = own(ctx, root);
    defaults.extend(server.iter().filter(|default| !default.type_name.is_empty()).map(|default| {
        let values = Node::from_json(&crate::Json::Object(default.values.clone()), Position::default());
        Default::new(ctx.catalog, default.type_name.clone(), default.forced, values)
    }));
    if defaults.is_empty() {
        return;
    }
    let mut merger = Merger { catalog: ctx.catalog, defaults, growth: 0 };
    merger.visit(root, true);
    if merger.growth > MAX_GROWTH {
        ctx.tell(
            Diagnostic::error(
                codes::TOO_LARGE,
                root.position,
                format!("plugin defaults add more than {MAX_GROWTH} values to the flow"),
            )
            .with_hint("make the defaults smaller"),
        );
    }
}

/// The defaults that the flow has in `pluginDefaults`.
fn own(ctx: &mut Context<'_>, root: &Node) -> Vec<Default> {
    let mut defaults = Vec::new();
    for name in ["pluginDefaults", "taskDefaults"] {
        let Some(list) = root.get(name).filter(|list| !list.is_null()) else { continue };
        let Some(items) = list.items() else {
            ctx.wrong_kind(list, &format!("'{name}' of the flow"), "a list");
            continue;
        };
        for item in items {
            let Some(mut fields) = Fields::from_node(ctx, item, "a plugin default") else { continue };
            let type_name = fields.required_text(ctx, "type");
            let forced = fields.flag(ctx, "forced", false);
            let values = fields.take(&["values"]);
            fields.finish(ctx);
            let Some(values) = values.filter(|_| !type_name.is_empty()) else { continue };
            if values.entries().is_none() {
                ctx.wrong_kind(values, &format!("'values' of the plugin default '{type_name}'"), "a map");
                continue;
            }
            let mut values = values.clone();
            mark(&mut values);
            defaults.push(Default::new(ctx.catalog, type_name, forced, values));
        }
    }
    defaults
}

fn mark(node: &mut Node) {
    node.defaulted = true;
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Seq(items) => items.iter_mut().for_each(mark),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| mark(&mut entry.node)),
    }
}

impl Default {
    fn new(catalog: &Catalog, type_name: String, forced: bool, values: Node) -> Self {
        let canonical = types::canonical(catalog, &type_name).map(str::to_owned);
        let size = values.size();
        let mut names = vec![type_name];
        names.extend(canonical);
        names.dedup();
        Self { names, forced, values, size }
    }

    /// Whether a type's name begins with the name of this default, as written or as the canonical name. The prefix may
    /// end inside a word.
    fn matches(&self, types: &[&str]) -> bool {
        self.names.iter().any(|name| types.iter().any(|kind| kind.starts_with(name.as_str())))
    }
}

struct Merger<'c> {
    catalog: &'c Catalog,
    defaults: Vec<Default>,
    growth: usize,
}

impl Merger<'_> {
    /// Visits the children first. So values that come from a default get no defaults themselves.
    fn visit(&mut self, node: &mut Node, is_root: bool) {
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Seq(items) => items.iter_mut().for_each(|item| self.visit(item, false)),
            Value::Map(entries) => {
                for entry in entries.iter_mut() {
                    if !(is_root && matches!(entry.key.as_str(), "pluginDefaults" | "taskDefaults")) {
                        self.visit(&mut entry.node, false);
                    }
                }
                self.merge_into(node);
            }
        }
    }

    fn merge_into(&mut self, node: &mut Node) {
        let Some(name) = node.get("type").and_then(Node::text).map(str::to_owned) else { return };
        let canonical = types::canonical(self.catalog, &name);
        let types: Vec<&str> = std::iter::once(name.as_str()).chain(canonical).collect();
        for forced in [false, true] {
            for default in
                self.defaults.iter().filter(|default| default.forced == forced && default.matches(&types))
            {
                self.growth = self.growth.saturating_add(default.size);
                if self.growth > MAX_GROWTH {
                    return;
                }
                merge(node, default.values.clone(), forced);
            }
        }
    }
}

/// Merges `other` into `node`. Maps are merged at every depth. Lists are joined; the winner's elements come last. Any
/// other value is replaced if `other_wins`, unless the new value is null. A null in `node` is always replaced.
fn merge(node: &mut Node, other: Node, other_wins: bool) {
    match (&mut node.value, other.value) {
        (Value::Map(entries), Value::Map(others)) => {
            for Entry { key, position, node: value } in others.into_vec() {
                match entries.find_mut(&key) {
                    Some(known) => merge(&mut known.node, value, other_wins),
                    None => entries.push(Entry { key, position, node: value }),
                }
            }
        }
        (Value::Seq(items), Value::Seq(mut others)) => {
            if other_wins {
                items.append(&mut others);
            } else {
                others.append(items);
                *items = others;
            }
        }
        (mine, theirs) => {
            let mine_is_null = matches!(mine, Value::Scalar(super::scalar::Scalar::Null));
            let theirs_is_null = matches!(theirs, Value::Scalar(super::scalar::Scalar::Null));
            if mine_is_null || (other_wins && !theirs_is_null) {
                *node = Node { position: other.position, value: theirs, defaulted: true };
            }
        }
    }
}
