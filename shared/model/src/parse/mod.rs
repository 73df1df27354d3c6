//! Reading flows from YAML: every problem at once, each with its place (docs/kestra.md 1).
//!
//! What it is: `documents` cuts a file, `build` makes a tree of `node`s with positions, `defaults` merges plugin
//! defaults into the tree, and one module for each part of a flow reads the tree through `fields`. A reader
//! tells what is wrong and goes on, so that one problem never hides the next. Rules between parts are in
//! [`crate::validate`].
//!
//! What it must not know: how anything runs, and what a template says.
//!
//! How to add one more key: ask for it with a method of `Fields` where its part is read.

mod build;
mod context;
mod defaults;
mod documents;
mod fields;
mod flow;
mod flowable;
mod ids;
mod input;
mod labels;
mod names;
pub(crate) mod node;
mod parts;
mod retry;
mod scalar;
mod schema;
mod task;
#[cfg(test)]
mod tests;
mod trigger;
mod types;

pub use crate::positions::Positions;
pub use defaults::PluginDefault;

use crate::Map;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Position, Severity, codes};
use crate::flow::Flow;
use crate::validate::validate;
use context::Context;
use documents::Document;

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The flow, when it can be run: notes and warnings do not hinder it.
    pub flow: Option<Flow>,
    /// A flow with errors as far as it could be read, for checks that go on looking. Never to be run.
    pub draft: Option<Flow>,
    /// Everything found, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the parts of the flow stand.
    pub positions: Positions,
    /// The text of this document.
    pub source: String,
}

impl Parsed {
    /// The flow for further checks, errors or not.
    pub fn checkable(&self) -> Option<&Flow> {
        self.flow.as_ref().or(self.draft.as_ref())
    }

    /// Adds what a further check found; an error makes the flow a draft.
    pub fn add(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(diagnostics);
        // Stable, so that of two problems in one place the one found first stays first.
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.position);
        if self.has_errors() {
            self.draft = self.flow.take().or_else(|| self.draft.take());
        }
    }

    /// Whether the flow is refused.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads a file that holds one flow.
pub fn parse_flow(source: &str, catalog: &Catalog) -> Parsed {
    parse_flow_with_defaults(source, catalog, &[])
}

/// Reads a file that holds one flow, with the server's plugin defaults behind the flow's own.
pub fn parse_flow_with_defaults(
    source: &str,
    catalog: &Catalog,
    server_defaults: &[PluginDefault],
) -> Parsed {
    let documents = documents::split(source);
    let Some(first) = documents.first() else { return nothing(source) };
    let mut parsed = parse(first, catalog, server_defaults);
    if let Some(second) = documents.get(1) {
        let position = Position { line: second.first_line.saturating_add(1), column: 1 };
        parsed.add([Diagnostic::error(
            codes::NOT_A_FLOW,
            position,
            "a second document starts here, but one flow is expected",
        )
        .with_hint("put each flow into a file of its own")]);
    }
    parsed
}

/// Reads a file that holds any number of flows, with `---` between them. Positions are those in the file.
pub fn parse_flows(source: &str, catalog: &Catalog) -> Vec<Parsed> {
    documents::split(source).iter().map(|document| parse(document, catalog, &[])).collect()
}

/// The first document of a file as JSON, just as it is written: older names stay, and nothing is put in by plugin
/// defaults. None where it cannot be read as a map. For showing a flow; to run one, [`parse_flow`] it.
pub fn flow_document(source: &str) -> Option<Map> {
    let documents = documents::split(source);
    let first = documents.first()?;
    // `parse_flow` reports the problems of the document.
    let root = build::build(first.text, first.first_line, &mut Vec::new())?;
    root.entries().map(node::entries_to_map)
}

fn nothing(source: &str) -> Parsed {
    let problem =
        Diagnostic::error(codes::NOT_A_FLOW, Position { line: 1, column: 1 }, "the file contains no flow")
            .with_hint("a flow has at least 'id', 'namespace' and 'tasks'");
    Parsed {
        flow: None,
        draft: None,
        diagnostics: vec![problem],
        positions: Positions::default(),
        source: source.to_owned(),
    }
}

fn parse(document: &Document<'_>, catalog: &Catalog, server_defaults: &[PluginDefault]) -> Parsed {
    let mut ctx = Context::new(catalog);
    let root = build::build(document.text, document.first_line, &mut ctx.diagnostics);
    let mut parsed = Parsed {
        flow: None,
        draft: None,
        diagnostics: Vec::new(),
        positions: Positions::default(),
        source: document.text.to_owned(),
    };
    if let Some(mut root) = root {
        if root.entries().is_some() {
            defaults::apply(&mut ctx, &mut root, server_defaults);
            parsed.flow = flow::flow(&mut ctx, &root);
        } else {
            let message = format!("a flow is a map with 'id', 'namespace' and 'tasks', not {}", root.kind());
            ctx.error(codes::NOT_A_FLOW, root.position, message);
        }
        parsed.positions = Positions::new(root, parsed.flow.as_ref());
    } else if ctx.diagnostics.is_empty() {
        return nothing(document.text);
    }
    let mut found = ctx.diagnostics;
    if let Some(flow) = &parsed.flow {
        found.extend(validate(flow, &parsed.positions));
    }
    parsed.add(found);
    parsed
}
