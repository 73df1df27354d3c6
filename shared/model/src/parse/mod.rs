//! Reads flows from YAML and reports every problem with its position (docs/kestra.md 1).
//!
//! What it is: `documents` splits a file. `build` makes a tree of `node`s with positions. `defaults` merges plugin
//! defaults into the tree. Then one module for each part of a flow reads the tree through `fields`. After a problem, a
//! reader continues, so one problem never hides the next. [`crate::validate`] has the rules between parts.
//!
//! What it must not know: how tasks run, and the meaning of templates.
//!
//! How to add one more key: read it with a method of `Fields` in the module of its part.

mod build;
mod context;
mod dashboard;
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
mod suite;
mod task;
#[cfg(test)]
mod tests;
mod trigger;
mod types;

pub use crate::positions::Positions;
pub use dashboard::{Checked, parse_chart, parse_dashboard};
pub use defaults::PluginDefault;
pub use input::TYPES as INPUT_TYPES;
pub use suite::{ParsedSuite, has_only_suites, parse_suites};

use crate::Map;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Position, Severity, codes};
use crate::flow::Flow;
use crate::validate::validate;
use context::Context;
use documents::Document;

/// The result of reading a document.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The flow; `None` if there is an error. A flow with notes and warnings can run.
    pub flow: Option<Flow>,
    /// A flow with errors, as far as it could be read; `None` if there is no error. Further checks can use it. It must
    /// never run.
    pub draft: Option<Flow>,
    /// All problems, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// The positions of the flow's parts.
    pub positions: Positions,
    /// The text of this document.
    pub source: String,
}

impl Parsed {
    /// The flow for further checks, with or without errors.
    pub fn checkable(&self) -> Option<&Flow> {
        self.flow.as_ref().or(self.draft.as_ref())
    }

    /// Adds the problems that a further check found. An error turns the flow into a draft.
    pub fn add(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(diagnostics);
        // The sort is stable. Problems at the same position stay in the order in which they were found.
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.position);
        if self.has_errors() {
            self.draft = self.flow.take().or_else(|| self.draft.take());
        }
    }

    /// Whether there is an error, so that the flow is rejected.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads a file with one flow.
pub fn parse_flow(source: &str, catalog: &Catalog) -> Parsed {
    parse_flow_with_defaults(source, catalog, &[])
}

/// Reads a file with one flow, and applies the server's plugin defaults after the flow's own.
pub fn parse_flow_with_defaults(
    source: &str,
    catalog: &Catalog,
    server_defaults: &[PluginDefault],
) -> Parsed {
    let documents = documents::split(source);
    let Some(first) = documents.first() else { return nothing(source) };
    if suite::is_suite(first) {
        return not_a_flow(
            source,
            "the file is a test of a flow, not a flow",
            "run it with `segue test FILE`",
        );
    }
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

/// Reads a file with any number of flows, separated by `---`. Positions are relative to the file. Tests of flows are
/// left out.
pub fn parse_flows(source: &str, catalog: &Catalog) -> Vec<Parsed> {
    let documents = documents::split(source);
    let flows = documents.iter().filter(|document| !suite::is_suite(document));
    flows.map(|document| parse(document, catalog, &[])).collect()
}

/// The first document of a file as JSON, as written: with legacy names and without plugin defaults. `None` if the
/// document is not a map. Use this to show a flow. To run a flow, use [`parse_flow`].
pub fn flow_document(source: &str) -> Option<Map> {
    let documents = documents::split(source);
    let first = documents.first()?;
    // Problems are dropped here, because `parse_flow` reports them.
    let root = build::build(first.text, first.first_line, &mut Vec::new())?;
    root.entries().map(node::entries_to_map)
}

fn nothing(source: &str) -> Parsed {
    not_a_flow(source, "the file contains no flow", "a flow has at least 'id', 'namespace' and 'tasks'")
}

fn not_a_flow(source: &str, message: &str, hint: &str) -> Parsed {
    let problem =
        Diagnostic::error(codes::NOT_A_FLOW, Position { line: 1, column: 1 }, message).with_hint(hint);
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
