//! Finds problems in the expressions of a flow before the flow runs (docs/kestra.md 1.1, 3.2, 3.3).
//!
//! What it is: one file for each rule. The rules use the templates of the flow, which are parsed once (`readings`), the
//! tasks and their relations (`tree`), and the positions in the source (`locations`).
//!
//! A template that cannot be parsed is an error. A problem that occurs only during rendering is a warning, because
//! Kestra accepts such a flow, and the branch may never run. An expression that guards against a missing value (`??`,
//! `is defined`, `default`) is not a problem. `variables` are not checked either, because they are rendered only when
//! they are used.
//!
//! What it must not know: values, and other flows. Nothing is rendered here.
//!
//! How to add one more: a file with one function on `Checked`, a line in `RULES`, and a code with its page.

mod defaults;
mod inputs;
mod locations;
mod loops;
mod order;
mod patterns;
mod readings;
mod roots;
mod subflows;
mod syntax;
mod tasks;
#[cfg(test)]
mod testing;
mod tree;
mod triggers;
mod variables;

pub use subflows::check_subflows;

use locations::Locations;
use readings::Reading;
use segue_model::catalog::Catalog;
use segue_model::diagnostic::Diagnostic;
use segue_model::flow::Flow;
use segue_model::parse::{Parsed, parse_flow};
use tree::Tree;

/// The input of the rules.
struct Checked<'a> {
    flow: &'a Flow,
    catalog: &'a Catalog,
    tree: Tree<'a>,
    locations: Locations<'a>,
    readings: Vec<Reading<'a>>,
}

type Rule = fn(&Checked<'_>) -> Vec<Diagnostic>;

const RULES: [Rule; 10] = [
    syntax::syntax,
    inputs::unknown_input,
    patterns::invalid_pattern,
    defaults::invalid_default,
    tasks::unknown_task,
    order::outputs_not_there,
    variables::unknown_variable,
    triggers::no_trigger,
    loops::outside_loop,
    roots::unknown_root,
];

/// Reads a source with one flow, and adds all problems of the flow. Every way to save or run a flow uses this function,
/// so all ways accept and refuse the same flows.
pub fn read_flow(source: &str, catalog: &Catalog) -> Parsed {
    let mut parsed = parse_flow(source, catalog);
    parsed.add(check(&parsed, catalog));
    parsed
}

/// The problems in the expressions of a flow, in the order of the source. Empty for a document that is not a flow.
///
/// The flow may be a draft: [`Parsed::checkable`]. The problems are not added to `parsed`; see [`Parsed::add`].
pub fn check(parsed: &Parsed, catalog: &Catalog) -> Vec<Diagnostic> {
    let Some(flow) = parsed.checkable() else { return Vec::new() };
    let tree = Tree::new(flow);
    let readings = readings::read(flow, &tree);
    let checked = Checked { flow, catalog, tree, locations: Locations::new(parsed), readings };
    let mut found: Vec<Diagnostic> = RULES.iter().flat_map(|rule| rule(&checked)).collect();
    found.sort_by(|a, b| (a.position, &a.code, &a.message).cmp(&(b.position, &b.code, &b.message)));
    // One plugin default applies to many tasks, and a template may use one name twice. Both give equal problems.
    found.dedup();
    found
}
