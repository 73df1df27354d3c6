//! Checks the properties of a plugin against the JSON Schema of its type. The module `value` checks their values.
//!
//! A property may have other names, listed in `x-aliases` of its schema.

mod value;

use super::context::Context;
use super::node::Entry;
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::suggest::suggest;
use crate::{Json, Map};

/// The largest number of references that are followed. More references form a circle.
const MAX_HOPS: usize = 16;

/// All properties of a type, from every part of its schema.
struct Properties<'s> {
    known: Vec<(&'s str, &'s Json)>,
    required: Vec<&'s str>,
    open: bool,
}

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
    let known = Properties::of(schema);
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
    Properties::of(schema).find(name).is_some()
}

impl<'s> Properties<'s> {
    fn of(schema: &'s Json) -> Self {
        let mut properties = Self { known: Vec::new(), required: Vec::new(), open: false };
        properties.collect(schema, schema, true, MAX_HOPS);
        properties
    }

    /// Collects the properties of a schema and of its parts. A flattened struct is in `allOf`. A flattened enum is in
    /// `oneOf`; none of its branches can require a property.
    fn collect(&mut self, root: &'s Json, schema: &'s Json, requires: bool, hops: usize) {
        if hops == 0 {
            return;
        }
        if let Some(target) = reference(root, schema) {
            self.collect(root, target, requires, hops - 1);
        }
        if let Some(map) = schema.get("properties").and_then(Json::as_object) {
            self.known.extend(map.iter().map(|(name, property)| (name.as_str(), property)));
        }
        if requires && let Some(names) = schema.get("required").and_then(Json::as_array) {
            self.required.extend(names.iter().filter_map(Json::as_str));
        }
        let rest = schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"));
        self.open |= rest.is_some_and(|rest| *rest == Json::Bool(true) || rest.is_object());
        for (keyword, requires) in [("allOf", requires), ("anyOf", false), ("oneOf", false)] {
            for part in schema.get(keyword).and_then(Json::as_array).into_iter().flatten() {
                self.collect(root, part, requires, hops - 1);
            }
        }
    }

    fn find(&self, name: &str) -> Option<(&'s str, &'s Json)> {
        self.known
            .iter()
            .copied()
            .find(|(known, property)| *known == name || aliases(property).any(|alias| alias == name))
    }

    fn names(&self) -> impl Iterator<Item = &'s str> {
        self.known.iter().map(|(name, _)| *name)
    }
}

fn aliases(property: &Json) -> impl Iterator<Item = &str> {
    property.get("x-aliases").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

fn reference<'s>(root: &'s Json, schema: &Json) -> Option<&'s Json> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}
