//! Finds test files and the flows around them.

use crate::flow_files;
use anyhow::Context as _;
use segue_engine::check::read_flow;
use segue_model::catalog::Catalog;
use segue_model::diagnostic::{Diagnostic, Severity};
use segue_model::flow::Flow;
use segue_model::parse::{ParsedSuite, parse_flows, parse_suites};
use segue_model::suite::{Case, Suite};
use segue_simulation::suite::Failure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The tests and flows of the named paths.
pub(super) struct Found {
    pub(super) tests: Vec<TestFile>,
    pub(super) flows: Vec<Flow>,
    /// Flows with errors: their names, files and problems.
    refused: Vec<(String, PathBuf, Vec<Diagnostic>)>,
}

/// A file with test suites.
pub(super) struct TestFile {
    pub(super) path: PathBuf,
    pub(super) suites: Vec<Suite>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl TestFile {
    pub(super) fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// Reads the named files and folders. The flows of a test file may also be in the folder of the file.
///
/// # Errors
/// An error if a path does not exist or a file cannot be read.
pub(super) fn find(paths: &[PathBuf], catalog: &Catalog) -> anyhow::Result<Found> {
    let named: Vec<PathBuf> = flow_files::named_with_tests(paths)?;
    let mut around = BTreeSet::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        around.insert(folder.unwrap_or(Path::new(".")).to_owned());
    }
    let neighbours =
        around.iter().map(|folder| flow_files::below(folder)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut found = Found { tests: Vec::new(), flows: Vec::new(), refused: Vec::new() };
    let mut seen = BTreeSet::new();
    for (path, is_named) in named
        .into_iter()
        .map(|path| (path, true))
        .chain(neighbours.into_iter().flatten().map(|path| (path, false)))
    {
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            continue;
        }
        let source =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if is_named {
            found.add_tests(&path, parse_suites(&source));
        }
        found.add_flows(&path, &source, catalog);
    }
    Ok(found)
}

impl Found {
    fn add_tests(&mut self, path: &Path, parsed: Vec<ParsedSuite>) {
        if parsed.is_empty() {
            return;
        }
        let mut file = TestFile { path: path.to_owned(), suites: Vec::new(), diagnostics: Vec::new() };
        for mut each in parsed {
            file.diagnostics.append(&mut each.diagnostics);
            file.suites.extend(each.suite);
        }
        self.tests.push(file);
    }

    /// Adds the flows of a file. Other YAML files may lie beside flows, so a file without a flow is no problem.
    fn add_flows(&mut self, path: &Path, source: &str, catalog: &Catalog) {
        for parsed in parse_flows(source, catalog) {
            let checked = match parsed.has_errors() {
                true => parsed,
                false => read_flow(&parsed.source, catalog),
            };
            if let Some(flow) = checked.flow {
                self.flows.push(flow);
            } else if let Some(draft) = &checked.draft {
                let name = format!("{}.{}", draft.namespace, draft.id);
                self.refused.push((name, path.to_owned(), checked.diagnostics));
            }
        }
    }
}

/// The flow with this name.
pub(super) fn flow<'a>(flows: &'a [Flow], namespace: &str, id: &str) -> Option<&'a Flow> {
    flows.iter().find(|flow| flow.namespace == namespace && flow.id == id)
}

/// The line about a suite without its flow: position, and why the flow is not known.
pub(super) fn missing_flow(found: &Found, suite: &Suite) -> String {
    let name = format!("{}.{}", suite.namespace, suite.flow_id);
    let (line, column) = (suite.position.line, suite.position.column);
    match found.refused.iter().find(|(refused, _, _)| *refused == name) {
        Some((_, file, problems)) => {
            let problems: Vec<String> =
                problems.iter().map(|problem| format!("\n  {}:{problem}", file.display())).collect();
            format!("{line}:{column}: error: flow {name} is refused:{}", problems.concat())
        }
        None => format!(
            "{line}:{column}: error: flow {name} is in none of the files\n    hint: put the test beside the flow, or name \
             the folder of the flow too"
        ),
    }
}

/// A case with a file that cannot be read.
pub(super) fn unreadable(case: &Case, error: &anyhow::Error) -> Failure {
    Failure {
        message: format!("{error:#}"),
        position: case.position,
        operator: None,
        expected: None,
        actual: None,
        description: None,
    }
}
