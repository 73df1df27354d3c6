//! What can be known of a flow's expressions before it runs (docs/kestra.md 1.1, 3.2, 3.3).
//!
//! What it is: one rule a file, over the flow's templates read once (`readings`), its tasks with their places
//! (`tree`) and their positions in the source (`places`). A template that cannot be read is an error; what
//! would only go wrong where it is rendered is a warning, since Kestra takes such a flow, and the branch may
//! never run. What a template guards (`??`, `is defined`, `default`) is no problem, nor what `variables` say,
//! which are rendered only on demand.
//!
//! What it must not know: values. Nothing is rendered here, and the only flow seen is the one checked.
//!
//! How to add one more: a file with one function over `Checked`, a line in `RULES`, a code with its page.

mod inputs;
mod loops;
mod order;
mod patterns;
mod places;
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

use places::Places;
use readings::Reading;
use segue_model::catalog::Catalog;
use segue_model::diagnostic::Diagnostic;
use segue_model::flow::Flow;
use segue_model::parse::Parsed;
use tree::Tree;

/// What the rules see.
struct Checked<'a> {
    flow: &'a Flow,
    catalog: &'a Catalog,
    tree: Tree<'a>,
    places: Places<'a>,
    readings: Vec<Reading<'a>>,
}

type Rule = fn(&Checked<'_>) -> Vec<Diagnostic>;

const RULES: [Rule; 9] = [
    syntax::syntax,
    inputs::unknown_input,
    patterns::invalid_pattern,
    tasks::unknown_task,
    order::outputs_not_there,
    variables::unknown_variable,
    triggers::no_trigger,
    loops::outside_loop,
    roots::unknown_root,
];

/// Problems of a flow's expressions, in the order of the source. A document that is no flow has none.
///
/// The flow may be a draft: [`Parsed::checkable`]. What is found is not added to it; see [`Parsed::add`].
pub fn check(parsed: &Parsed, catalog: &Catalog) -> Vec<Diagnostic> {
    let Some(flow) = parsed.checkable() else { return Vec::new() };
    let tree = Tree::new(flow);
    let readings = readings::read(flow, &tree);
    let checked = Checked { flow, catalog, tree, places: Places::new(parsed), readings };
    let mut found: Vec<Diagnostic> = RULES.iter().flat_map(|rule| rule(&checked)).collect();
    found.sort_by(|a, b| (a.position, &a.code, &a.message).cmp(&(b.position, &b.code, &b.message)));
    // One plugin default stands in many tasks, and one name may be read twice at one place.
    found.dedup();
    found
}
