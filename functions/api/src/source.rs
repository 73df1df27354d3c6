//! Reads flows from their source, and reports all problems of the source.

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use segue_engine::check::{check, read_flow};
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::flow::Flow;
use segue_model::parse::{Parsed, parse_flows};

/// Codes of problems in the YAML itself. The error for these says "Illegal flow source".
const OF_YAML: [&str; 6] = [
    codes::YAML_SYNTAX,
    codes::DUPLICATE_KEY,
    codes::BAD_ALIAS,
    codes::TOO_LARGE,
    codes::KEY_NOT_TEXT,
    codes::NOT_A_FLOW,
];

/// Reads a source with one flow, and adds all problems of the flow.
pub(crate) fn read(api: &Api, source: &str) -> Parsed {
    read_flow(source, &api.catalog)
}

/// Reads a source with any number of flows, and adds all problems of each flow.
pub(crate) fn read_all(api: &Api, source: &str) -> Vec<Parsed> {
    let mut all = parse_flows(source, &api.catalog);
    for parsed in &mut all {
        parsed.add(check(parsed, &api.catalog));
    }
    all
}

/// The flow of a valid source. A source with errors gets 422.
pub(crate) fn accepted(parsed: &Parsed) -> Answer<&Flow> {
    parsed.flow.as_ref().filter(|_| !parsed.has_errors()).ok_or_else(|| refusal(&parsed.diagnostics))
}

/// The 422 error for the source of a flow, with all errors of the source.
pub(crate) fn refusal(diagnostics: &[Diagnostic]) -> ApiError {
    refusal_of("flow", diagnostics)
}

/// The 422 error for the source of a `kind` of thing, with all errors of the source.
pub(crate) fn refusal_of(kind: &str, diagnostics: &[Diagnostic]) -> ApiError {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let what = match errors.first() {
        Some(first) if OF_YAML.contains(&first.code.as_str()) => format!("Illegal {kind} source"),
        _ => "Invalid entity".to_owned(),
    };
    let first = errors.first().map(|first| place(first)).unwrap_or_default();
    ApiError::invalid(format!("{what}: {first}"), errors.into_iter().map(problem).collect())
}

/// A problem in one line: `line:column: message`.
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
