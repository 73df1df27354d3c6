//! `segue test`: runs the tests of flows in memory.
//!
//! What it is: `find` reads the files, `formats` prints the results. `segue_simulation::suite` runs the cases.

mod find;
mod formats;
#[cfg(test)]
mod tests;

use crate::environment::environment;
use anyhow::Context as _;
use find::{Found, TestFile};
use formats::{CaseResult, Format, SuiteResult};
use segue_model::catalog::Catalog;
use segue_model::suite::{Case, FileFixture, Suite};
use segue_simulation::suite::{Files, Subject, Verdict, run_case};
use segue_template::Renderer;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs the tests of flows, without running their tasks.
///
/// A test file lies beside its flow (taxi.yaml, taxi.test.yaml). Each test case has fixtures (inputs, files, results of
/// tasks) and assertions, in the shape of Kestra's unit tests; docs/testing.md explains all of them. The flow runs in
/// memory: tasks of the engine (Log, If, ForEach, KV, …) run for real, and every other task needs a fixture, so a test
/// has no effect. Waiting takes no time.
///
/// The exit code is 0 if every test case passes, 1 if one does not, and 2 if a file is refused or there is no test.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue test
  segue test flows/zoomcamp
  segue test flows/taxi.test.yaml --filter green
  segue test flows --output junit > tests.xml")]
pub(crate) struct Args {
    /// Test files, and folders with test files and flows. Default: this folder.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only the test cases with this text in NAMESPACE.FLOW/SUITE/CASE.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The format of the results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let own = segue_standalone::own_connectors(&environment(), &crate::kept_data_dir(data_dir))?;
    let catalog = segue_standalone::catalog_with(own)?;
    let begin = Instant::now();
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let found = match find::find(&paths, &catalog) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(crate::REFUSED);
        }
    };
    let mut is_refused = false;
    for file in &found.tests {
        crate::diagnostics::print(&file.path, &file.diagnostics);
        is_refused |= file.is_refused();
    }
    let results = run_all(&found, &catalog, args.filter.as_deref(), &mut is_refused);
    if results.is_empty() && !is_refused {
        let wanted = args.filter.as_ref().map(|filter| format!(" with '{filter}'")).unwrap_or_default();
        eprintln!(
            "error: there is no test case{wanted}; a test file is named FLOW.test.yaml and has 'testCases'"
        );
        return Ok(crate::REFUSED);
    }
    formats::print(args.output, &results, begin.elapsed())?;
    let has_failed = results.iter().flat_map(|suite| &suite.cases).any(CaseResult::has_failed);
    Ok(if is_refused {
        crate::REFUSED
    } else if has_failed {
        crate::FAILED
    } else {
        crate::OK
    })
}

/// Runs the test cases of all files. Suites without a matching case are left out.
fn run_all(
    found: &Found,
    catalog: &Catalog,
    filter: Option<&str>,
    is_refused: &mut bool,
) -> Vec<SuiteResult> {
    let renderer = Renderer::new();
    let mut results = Vec::new();
    for (file, suite) in found.suites() {
        let name = format!("{}.{}", suite.namespace, suite.flow_id);
        let cases: Vec<&Case> = suite
            .cases
            .iter()
            .filter(|case| {
                filter.is_none_or(|filter| format!("{name}/{}/{}", suite.id, case.id).contains(filter))
            })
            .collect();
        if cases.is_empty() {
            continue;
        }
        let Some(flow) = find::flow(&found.flows, &suite.namespace, &suite.flow_id) else {
            eprintln!("{}:{}", file.path.display(), find::missing_flow(found, suite));
            *is_refused = true;
            continue;
        };
        let subject = Subject { flow, others: &found.flows, catalog, renderer: &renderer };
        let cases = cases.into_iter().map(|case| one(&subject, file, case)).collect();
        results.push(SuiteResult { file: file.path.clone(), id: suite.id.clone(), flow: name, cases });
    }
    results
}

fn one(subject: &Subject<'_>, file: &TestFile, case: &Case) -> CaseResult {
    let begin = Instant::now();
    let verdict = match files(&file.path, case) {
        Ok(files) => run_case(subject, case, &files),
        Err(error) => Verdict::Error { errors: vec![find::unreadable(case, &error)] },
    };
    CaseResult {
        id: case.id.clone(),
        description: case.description.clone(),
        line: case.position.line,
        seconds: begin.elapsed().as_secs_f64(),
        verdict,
    }
}

/// The contents of the files of a case.
fn files(test: &Path, case: &Case) -> anyhow::Result<Files> {
    let folder = test.parent().unwrap_or(Path::new("."));
    let mut files = Files::new();
    for (name, file) in &case.fixtures.files {
        let content = match file {
            FileFixture::Text(text) => text.clone(),
            FileFixture::Path(path) => {
                let path = folder.join(path);
                std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {} for the file '{name}'", path.display()))?
            }
        };
        files.insert(name.clone(), content);
    }
    Ok(files)
}

impl Found {
    fn suites(&self) -> impl Iterator<Item = (&TestFile, &Suite)> {
        self.tests.iter().flat_map(|file| file.suites.iter().map(move |suite| (file, suite)))
    }
}
