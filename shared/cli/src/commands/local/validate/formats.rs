//! The formats of `segue validate`.
//!
//! What it must not know: how flows are checked.
//!
//! How to add one more: add a value to [`Format`] and an arm to [`print`].

use crate::diagnostics;
use segue_model::Json;
use segue_model::diagnostic::{Diagnostic, Severity};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The format of the problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Lines for people: file:line:column: error[CODE]: message.
    Text,
    /// A JSON array with one object for each file.
    Json,
    /// Annotations in a workflow of GitHub.
    Github,
    /// SARIF 2.1.0, which code scanning of GitHub and others reads.
    Sarif,
}

/// The problems of one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checked {
    pub file: PathBuf,
    /// The number of flows in the file.
    pub flows: usize,
    /// The number of test cases in the file.
    pub test_cases: usize,
    /// Whether the file gives the exit code 0.
    pub valid: bool,
    pub diagnostics: Vec<Diagnostic>,
}

/// Prints the problems of all files.
///
/// # Errors
/// An error if a name of a file is not UTF-8, and the format is JSON.
pub(super) fn print(format: Format, results: &[Checked]) -> anyhow::Result<()> {
    match format {
        Format::Text => {
            for result in results {
                diagnostics::print_all(&result.file, &result.diagnostics);
                if result.valid {
                    crate::print::line(format_args!("{}: {}, valid", result.file.display(), content(result)));
                }
            }
        }
        Format::Json => crate::print::line(serde_json::to_string_pretty(results)?),
        Format::Github => {
            for (file, found) in problems(results) {
                crate::print::line(annotation(file, found));
            }
        }
        Format::Sarif => crate::print::line(serde_json::to_string_pretty(&sarif(results))?),
    }
    Ok(())
}

/// The content of a file in words. A file without tests is counted in flows, even if it has none.
fn content(result: &Checked) -> String {
    match (result.flows, result.test_cases) {
        (flows, 0) => format!("{flows} flow(s)"),
        (0, cases) => format!("{cases} test case(s)"),
        (flows, cases) => format!("{flows} flow(s), {cases} test case(s)"),
    }
}

fn problems(results: &[Checked]) -> impl Iterator<Item = (&Path, &Diagnostic)> {
    results.iter().flat_map(|result| result.diagnostics.iter().map(|found| (result.file.as_path(), found)))
}

/// The message with its hint.
fn message(found: &Diagnostic) -> String {
    match &found.hint {
        Some(hint) => format!("{} ({hint})", found.message),
        None => found.message.clone(),
    }
}

/// A command of GitHub's workflows.
fn annotation(file: &Path, found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let text = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |value: &str| text(value).replace(':', "%3A").replace(',', "%2C");
    format!(
        "::{level} file={},line={},col={},title={}::{}",
        property(&file.display().to_string()),
        found.position.line,
        found.position.column,
        property(&found.code),
        text(&message(found))
    )
}

fn sarif(results: &[Checked]) -> Json {
    let list: Vec<Json> = problems(results)
        .map(|(file, found)| {
            let level = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            json!({
                "ruleId": found.code,
                "level": level,
                "message": {"text": message(found)},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": file.to_string_lossy()},
                    "region": {"startLine": found.position.line, "startColumn": found.position.column},
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "segue", "version": env!("CARGO_PKG_VERSION")}},
            "results": list,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::parse::parse_flow;

    fn checked() -> Checked {
        let catalog = segue_standalone::catalog_with(&[]).unwrap();
        let source =
            "id: f\nnamespace: a\ntasks:\n  - {id: t, type: io.kestra.plugin.core.log.Lag, message: m}\n";
        let diagnostics = parse_flow(source, &catalog).diagnostics;
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        Checked { file: "flows/a,b.yaml".into(), flows: 1, test_cases: 0, valid: false, diagnostics }
    }

    #[test]
    fn an_annotation_is_one_line_at_its_position() {
        let mut checked = checked();
        let found = checked.diagnostics.first_mut().unwrap();
        found.message = "50 %\nof it".into();
        found.hint = Some("do: this".into());
        assert_eq!(
            annotation(&checked.file, found),
            "::error file=flows/a%2Cb.yaml,line=4,col=19,title=SEG0210::50 %25%0Aof it (do: this)"
        );
    }

    #[test]
    fn sarif_names_the_rule_the_file_and_the_position() {
        let report = sarif(&[checked()]);
        let result = &report["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "SEG0210");
        assert_eq!(result["level"], "error");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "flows/a,b.yaml");
        assert_eq!(place["region"]["startLine"], 4);
    }
}
