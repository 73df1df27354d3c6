//! `segue validate`: prints every problem of flow files before anything runs.

use crate::diagnostics;
use crate::environment::environment;
use anyhow::Context as _;
use segue_engine::check::{check, check_subflows};
use segue_model::parse::{Parsed, parse_flows};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Codes of expressions with an unknown name. Such an expression fails when the flow reaches it. The flow is not
/// refused, because it may never reach the expression, but the exit code is not 0.
const DANGLING: [&str; 4] = ["SEG0403", "SEG0404", "SEG0405", "SEG0406"];

/// Prints every problem with file, line, column, code and hint.
///
/// The exit code is 2 if a flow is refused, 1 if an expression names an input, task or variable that does not exist,
/// and 0 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue validate hello.yaml
  segue validate flows/*/*.yaml")]
pub(crate) struct Args {
    /// Flow files. A file may have several flows, separated by `---`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let own = segue_standalone::own_connectors(&environment(), &crate::kept_data_dir(data_dir))?;
    let catalog = segue_standalone::catalog_with(own)?;
    let mut all: Vec<(&Path, Vec<Parsed>)> = Vec::new();
    for file in &args.files {
        let source =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        all.push((file, parse_flows(&source, &catalog)));
    }
    let known: HashSet<(String, String)> = all
        .iter()
        .flat_map(|(_, flows)| flows)
        .filter_map(|parsed| parsed.checkable())
        .map(|flow| (flow.namespace.clone(), flow.id.clone()))
        .collect();
    let exists = |namespace: &str, id: &str| known.contains(&(namespace.to_owned(), id.to_owned()));
    let mut code = crate::OK;
    for (file, flows) in &mut all {
        let mut worst = crate::OK;
        for parsed in flows.iter_mut() {
            let mut found = check(parsed, &catalog);
            found.extend(check_subflows(parsed, &exists));
            parsed.add(found);
            diagnostics::print(file, &parsed.diagnostics);
            let dangles = parsed.diagnostics.iter().any(|found| DANGLING.contains(&found.code.as_str()));
            worst = worst.max(match (parsed.has_errors(), dangles) {
                (true, _) => crate::REFUSED,
                (false, true) => crate::FAILED,
                (false, false) => crate::OK,
            });
        }
        if worst == crate::OK {
            println!("{}: {} flow(s), valid", file.display(), flows.len());
        }
        code = code.max(worst);
    }
    Ok(code)
}
