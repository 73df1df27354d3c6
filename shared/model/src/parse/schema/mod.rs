//! Checks the properties of a plugin against the JSON Schema of its type. The module `value` checks their values.
//!
//! A property may have other names, listed in `x-aliases` of its schema.

mod value;

use super::context::Context;
use super::node::Entry;
use crate::catalog::{TypeProperties, aliases, reference};
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::suggest::suggest;
use crate::{Json, Map};

/// The plugin that has the checked value, for messages.
pub(super) struct Owner<'o> {
    /// The plugin in words: `task 'load'`.
    pub(super) what: &'o str,
    /// The type of the plugin.
    pub(super) type_name: &'o str,
}

/// Checks the properties of a plugin, and returns the known ones.
pub(super) fn properties<'n>(
    ctx: &mut Context<'_>,
    schema: &Json,
    entries: impl Iterator<Item = &'n Entry>,
    owner: &Owner<'_>,
    position: Position,
) -> Map {
    let known = TypeProperties::of(schema);
    let mut kept = Map::new();
    let mut present: Vec<&str> = Vec::new();
    for entry in entries {
        match known.find(&entry.key) {
            // Null means absent.
            Some(_) if entry.node.is_null() => {}
            Some((name, property)) => {
                present.push(name);
                let path = format!("'{}' of {}", entry.key, owner.what);
                value::check(schema, property, &entry.node, &path, &mut ctx.diagnostics, 0);
                kept.insert(entry.key.clone(), entry.node.to_json());
            }
            None if known.open => {
                kept.insert(entry.key.clone(), entry.node.to_json());
            }
            None if entry.node.defaulted => ctx.tell_once(Diagnostic::note(
                codes::DEFAULT_IGNORED,
                entry.position,
                format!(
                    "'{}' from plugin defaults is ignored: no such property in plugin '{}'",
                    entry.key, owner.type_name
                ),
            )),
            None => {
                let mut problem = Diagnostic::error(
                    codes::NO_PROPERTY,
                    entry.position,
                    format!("No property '{}' exists in plugin '{}'", entry.key, owner.type_name),
                );
                if let Some(near) =
                    suggest(&entry.key, known.names().chain(super::names::COMMON.iter().copied()))
                {
                    problem = problem.with_hint(format!("did you mean '{near}'?"));
                }
                ctx.tell(problem);
            }
        }
    }
    for name in known.required {
        if !present.contains(&name) {
            ctx.error(
                codes::MISSING_PROPERTY,
                position,
                format!("{} lacks the required property '{name}'", owner.what),
            );
        }
    }
    kept
}

/// Whether a type has a property with this name.
pub(super) fn has(schema: &Json, name: &str) -> bool {
    TypeProperties::of(schema).find(name).is_some()
}
