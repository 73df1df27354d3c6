//! Reads a map with known keys. The reader takes each key by name; a key that nobody took is an unrecognized field.

use super::context::Context;
use super::node::{Entry, Node, entries_to_map};
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::suggest::suggest;
use crate::{Json, Map};
use jiff::SignedDuration;

/// A map. Its keys are read one by one.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
    position: Position,
    /// The name of the map in messages: `task 'load'`.
    what: String,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The keys of `node`. Reports an error if `node` is not a map.
    pub(crate) fn from_node(ctx: &mut Context<'_>, node: &'n Node, what: impl Into<String>) -> Option<Self> {
        let what = what.into();
        match node.entries() {
            Some(entries) => Some(Self { entries, position: node.position, what, asked: Vec::new() }),
            None => {
                ctx.wrong_kind(node, &what, "a map");
                None
            }
        }
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn rename(&mut self, what: impl Into<String>) {
        self.what = what.into();
    }

    /// The value of the first key in `names` that the map has. `None` if there is no such key, or its value is null.
    pub(crate) fn take(&mut self, names: &[&'static str]) -> Option<&'n Node> {
        self.asked.extend(names);
        names
            .iter()
            .find_map(|name| self.entries.iter().find(|entry| entry.key == *name && !entry.node.is_null()))
            .map(|entry| &entry.node)
    }

    /// The value of a key, which stays unread. `None` if there is no such key, or its value is null.
    pub(crate) fn peek(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == name && !entry.node.is_null()).map(|entry| &entry.node)
    }

    /// Like [`Self::take`], and reports a missing key.
    pub(crate) fn require(&mut self, ctx: &mut Context<'_>, names: &[&'static str]) -> Option<&'n Node> {
        let node = self.take(names);
        if let (None, Some(name)) = (node, names.first()) {
            let message = format!("{} lacks the required property '{name}'", self.what);
            // If the key is misspelt, `finish` also reports the wrong spelling.
            ctx.error(codes::MISSING_PROPERTY, self.position, message);
        }
        node
    }

    fn label(&self, name: &str) -> String {
        format!("'{name}' of {}", self.what)
    }

    pub(crate) fn text(&mut self, ctx: &mut Context<'_>, name: &'static str) -> Option<String> {
        let node = self.take(&[name])?;
        ctx.text(node, &self.label(name))
    }

    /// A required text. If the text is missing, this is reported and the result is empty.
    pub(crate) fn required_text(&mut self, ctx: &mut Context<'_>, name: &'static str) -> String {
        let label = self.label(name);
        self.require(ctx, &[name]).and_then(|node| ctx.text(node, &label)).unwrap_or_default()
    }

    pub(crate) fn flag(&mut self, ctx: &mut Context<'_>, name: &'static str, default: bool) -> bool {
        let label = self.label(name);
        self.take(&[name]).and_then(|node| ctx.flag(node, &label)).unwrap_or(default)
    }

    pub(crate) fn count(&mut self, ctx: &mut Context<'_>, name: &'static str, min: u32) -> Option<u32> {
        let node = self.take(&[name])?;
        ctx.count(node, &self.label(name), min)
    }

    pub(crate) fn duration(&mut self, ctx: &mut Context<'_>, name: &'static str) -> Option<SignedDuration> {
        let node = self.take(&[name])?;
        ctx.duration(node, &self.label(name))
    }

    pub(crate) fn required_duration(&mut self, ctx: &mut Context<'_>, name: &'static str) -> SignedDuration {
        let label = self.label(name);
        self.require(ctx, &[name]).and_then(|node| ctx.duration(node, &label)).unwrap_or_default()
    }

    pub(crate) fn duration_text(&mut self, ctx: &mut Context<'_>, names: &[&'static str]) -> Option<String> {
        let node = self.take(names)?;
        let label = self.label(names.first().copied().unwrap_or_default());
        ctx.duration_text(node, &label)
    }

    pub(crate) fn choice<T: Copy>(
        &mut self,
        ctx: &mut Context<'_>,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let node = self.take(&[name])?;
        ctx.choice(node, &self.label(name), choices)
    }

    pub(crate) fn json(&mut self, name: &'static str) -> Option<Json> {
        self.take(&[name]).map(Node::to_json)
    }

    pub(crate) fn map(&mut self, ctx: &mut Context<'_>, name: &'static str) -> Map {
        let Some(node) = self.take(&[name]) else { return Map::new() };
        match node.entries() {
            Some(entries) => entries_to_map(entries),
            None => {
                ctx.wrong_kind(node, &self.label(name), "a map");
                Map::new()
            }
        }
    }

    /// The elements of a list. Empty if the key is absent.
    pub(crate) fn list(&mut self, ctx: &mut Context<'_>, names: &[&'static str]) -> &'n [Node] {
        let Some(node) = self.take(names) else { return &[] };
        match node.items() {
            Some(items) => items,
            None => {
                ctx.wrong_kind(node, &self.label(names.first().copied().unwrap_or_default()), "a list");
                &[]
            }
        }
    }

    pub(crate) fn texts(&mut self, ctx: &mut Context<'_>, names: &[&'static str]) -> Vec<String> {
        let label = format!("an element of {}", self.label(names.first().copied().unwrap_or_default()));
        self.list(ctx, names).iter().filter_map(|node| ctx.text(node, &label)).collect()
    }

    /// Accepts keys that have no effect.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    /// Accepts keys that have no effect, and reports a note for each.
    pub(crate) fn ignore_with_note(&mut self, ctx: &mut Context<'_>, names: &[&'static str], why: &str) {
        for name in names {
            self.asked.push(name);
            if let Some(entry) = self.entries.iter().find(|entry| entry.key == *name) {
                let message = format!("'{name}' of {} is ignored: {why}", self.what);
                ctx.tell(Diagnostic::note(codes::FIELD_IGNORED, entry.position, message));
            }
        }
    }

    /// The entries with keys that nobody has read.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'n Entry> {
        self.entries.iter().filter(|entry| !self.asked.contains(&entry.key.as_str()))
    }

    /// Reports every key that nobody took.
    pub(crate) fn finish(self, ctx: &mut Context<'_>) {
        for entry in self.rest() {
            if entry.node.defaulted {
                ctx.tell_once(Diagnostic::note(
                    codes::DEFAULT_IGNORED,
                    entry.position,
                    format!(
                        "'{}' from plugin defaults is ignored: {} has no such property",
                        entry.key, self.what
                    ),
                ));
                continue;
            }
            let mut problem = Diagnostic::error(
                codes::UNRECOGNIZED_FIELD,
                entry.position,
                format!("Unrecognized field '{}' in {}", entry.key, self.what),
            );
            if let Some(near) = suggest(&entry.key, self.asked.iter().copied()) {
                problem = problem.with_hint(format!("did you mean '{near}'?"));
            }
            ctx.tell(problem);
        }
    }
}
