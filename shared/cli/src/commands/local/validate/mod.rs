//! `segue validate`: prints every problem of flow files before anything runs.

mod formats;

use crate::environment::environment;
use crate::flow_files;
use anyhow::{Context as _, bail};
use formats::{Checked, Format};
use segue_engine::check::{check, check_subflows};
use segue_model::catalog::Catalog;
use segue_model::diagnostic::Severity;
use segue_model::parse::{Parsed, ParsedSuite, parse_flows, parse_suites};
use std::collections::HashSet;
use std::path::PathBuf;

/// Codes of problems that may stop an execution: expressions with an unknown name, and invalid defaults. The flow is
/// not refused, because an execution may never meet the problem, but the exit code is not 0.
const DANGLING: [&str; 5] = ["SEG0403", "SEG0404", "SEG0405", "SEG0406", "SEG0412"];

/// Prints every problem with file, line, column, code and hint.
///
/// The exit code is 2 if a flow is refused or a file cannot be read, 1 if an expression names an input, task or variable
/// that does not exist or a default is not valid, and 0 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue validate hello.yaml
  segue validate flows
  segue validate flows --output github
  segue validate flows --output sarif > segue.sarif")]
pub(crate) struct Args {
    /// Flow files, test files, and folders with them. A file may have several flows, separated by `---`.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// The format of the problems.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let own = segue_standalone::own_connectors(&environment(), &crate::kept_data_dir(data_dir))?;
    let catalog = segue_standalone::catalog_with(own)?;
    let mut all = match read(&args.files, &catalog) {
        Ok(all) => all,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(crate::REFUSED);
        }
    };
    let known: HashSet<(String, String)> = all
        .iter()
        .flat_map(|file| &file.flows)
        .filter_map(|parsed| parsed.checkable())
        .map(|flow| (flow.namespace.clone(), flow.id.clone()))
        .collect();
    let exists = |namespace: &str, id: &str| known.contains(&(namespace.to_owned(), id.to_owned()));
    let mut code = crate::OK;
    let mut results = Vec::new();
    for Read { file, flows, suites } in &mut all {
        let mut worst = crate::OK;
        let mut found = Vec::new();
        for suite in suites.iter_mut() {
            if suite.diagnostics.iter().any(|found| found.severity == Severity::Error) {
                worst = crate::REFUSED;
            }
            found.append(&mut suite.diagnostics);
        }
        for parsed in flows.iter_mut() {
            let mut problems = check(parsed, &catalog);
            problems.extend(check_subflows(parsed, &exists));
            parsed.add(problems);
            let dangles = parsed.diagnostics.iter().any(|found| DANGLING.contains(&found.code.as_str()));
            worst = worst.max(match (parsed.has_errors(), dangles) {
                (true, _) => crate::REFUSED,
                (false, true) => crate::FAILED,
                (false, false) => crate::OK,
            });
            found.append(&mut parsed.diagnostics);
        }
        code = code.max(worst);
        results.push(Checked {
            file: file.clone(),
            flows: flows.len(),
            test_cases: suites
                .iter()
                .filter_map(|each| each.suite.as_ref())
                .map(|suite| suite.cases.len())
                .sum(),
            valid: worst == crate::OK,
            diagnostics: found,
        });
    }
    formats::print(args.output, &results)?;
    Ok(code)
}

/// A file with its flows and tests.
struct Read {
    file: PathBuf,
    flows: Vec<Parsed>,
    suites: Vec<ParsedSuite>,
}

/// The flows and tests of the named files and folders.
fn read(paths: &[PathBuf], catalog: &Catalog) -> anyhow::Result<Vec<Read>> {
    let files = flow_files::named_with_tests(paths)?;
    if files.is_empty() {
        bail!("the folder has no flow files; their names end in .yaml or .yml");
    }
    let mut all = Vec::new();
    for file in files {
        let source =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        all.push(Read { file, flows: parse_flows(&source, catalog), suites: parse_suites(&source) });
    }
    Ok(all)
}
