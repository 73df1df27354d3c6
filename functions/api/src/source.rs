//! Reading flows from their source, with every problem in it.

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use segue_engine::check::check;
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::flow::Flow;
use segue_model::parse::{Parsed, parse_flow, parse_flows};

/// Problems of YAML itself: the source is illegal, not the flow.
const OF_YAML: [&str; 6] = [
    codes::YAML_SYNTAX,
    codes::DUPLICATE_KEY,
    codes::BAD_ALIAS,
    codes::TOO_LARGE,
    codes::KEY_NOT_TEXT,
    codes::NOT_A_FLOW,
];

/// A source read as one flow, with everything that is wrong with it.
pub(crate) fn read(api: &Api, source: &str) -> Parsed {
    let mut parsed = parse_flow(source, &api.catalog);
    parsed.add(check(&parsed, &api.catalog));
    parsed
}

/// A source read as any number of flows.
pub(crate) fn read_all(api: &Api, source: &str) -> Vec<Parsed> {
    let mut all = parse_flows(source, &api.catalog);
    for parsed in &mut all {
        parsed.add(check(parsed, &api.catalog));
    }
    all
}

/// The flow of a source that has no error.
pub(crate) fn accepted(parsed: &Parsed) -> Answer<&Flow> {
    parsed.flow.as_ref().filter(|_| !parsed.has_errors()).ok_or_else(|| refusal(&parsed.diagnostics))
}

/// The refusal of a source, with every error in it.
pub(crate) fn refusal(diagnostics: &[Diagnostic]) -> ApiError {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let what = match errors.first() {
        Some(first) if OF_YAML.contains(&first.code.as_str()) => "Illegal flow source",
        _ => "Invalid entity",
    };
    let first = errors.first().map(|first| place(first)).unwrap_or_default();
    ApiError::invalid(format!("{what}: {first}"), errors.into_iter().map(problem).collect())
}

/// A problem with its place, in one line.
pub(crate) fn place(diagnostic: &Diagnostic) -> String {
    format!("{}:{}: {}", diagnostic.position.line, diagnostic.position.column, diagnostic.message)
}

fn problem(diagnostic: &Diagnostic) -> Problem {
    Problem {
        message: diagnostic.message.clone(),
        path: None,
        code: Some(diagnostic.code.clone()),
        line: Some(diagnostic.position.line),
        column: Some(diagnostic.position.column),
        hint: diagnostic.hint.clone(),
    }
}
