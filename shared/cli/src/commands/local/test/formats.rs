//! The formats of `segue test`.
//!
//! What it must not know: how tests run.
//!
//! How to add one more: add a value to [`Format`] and an arm to [`print`].

use console::style;
use segue_model::Json;
use segue_simulation::suite::{Failure, Verdict};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Lines for people, with the difference of each wrong value.
    Text,
    /// A JSON array with one object for each suite.
    Json,
    /// JUnit XML, which CI systems read.
    Junit,
}

/// The results of one suite.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SuiteResult {
    pub(super) file: PathBuf,
    pub(super) id: String,
    pub(super) flow: String,
    pub(super) cases: Vec<CaseResult>,
}

/// The result of one case.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaseResult {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) line: u32,
    pub(super) seconds: f64,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
}

impl CaseResult {
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. } | Verdict::Error { .. })
    }
}

/// Prints the results.
///
/// # Errors
/// An error if the results cannot be written as JSON.
pub(super) fn print(format: Format, results: &[SuiteResult], elapsed: Duration) -> anyhow::Result<()> {
    match format {
        Format::Text => crate::print::text(text(results, elapsed)),
        Format::Json => crate::print::line(serde_json::to_string_pretty(results)?),
        Format::Junit => crate::print::text(junit(results)),
    }
    Ok(())
}

/// The counts of a list of cases: passed, failed, errors, skipped.
fn counts<'a>(cases: impl Iterator<Item = &'a CaseResult>) -> [usize; 4] {
    let mut counts = [0; 4];
    for case in cases {
        let [passed, failed, errors, skipped] = &mut counts;
        match case.verdict {
            Verdict::Success => *passed += 1,
            Verdict::Failed { .. } => *failed += 1,
            Verdict::Error { .. } => *errors += 1,
            Verdict::Skipped => *skipped += 1,
        }
    }
    counts
}

fn text(results: &[SuiteResult], elapsed: Duration) -> String {
    let mut text = String::new();
    for suite in results {
        let _ = writeln!(text, "{} {}", style(&suite.flow).bold(), style(suite.file.display()).dim());
        for case in &suite.cases {
            let (sign, note) = match &case.verdict {
                Verdict::Success => (style("✓").green(), String::new()),
                Verdict::Failed { .. } => (style("✗").red(), String::new()),
                Verdict::Error { .. } => (style("✗").red(), "  could not be evaluated".to_owned()),
                Verdict::Skipped => (style("-").dim(), "  disabled".to_owned()),
            };
            let description = case
                .description
                .as_ref()
                .map(|text| format!("  {}", style(text.trim()).dim()))
                .unwrap_or_default();
            let _ = writeln!(text, "  {sign} {}{note}{description}", case.id);
            if let Verdict::Failed { failures: found } | Verdict::Error { errors: found } = &case.verdict {
                for failure in found {
                    text.push_str(&explained(&suite.file, failure));
                }
            }
        }
    }
    let [passed, failed, errors, skipped] = counts(results.iter().flat_map(|suite| &suite.cases));
    let mut sums = vec![format!("{passed} passed")];
    for (count, word) in [(failed, "failed"), (errors, "not evaluated"), (skipped, "disabled")] {
        if count > 0 {
            sums.push(format!("{count} {word}"));
        }
    }
    let _ = writeln!(text, "{} in {} ms", sums.join(", "), elapsed.as_millis());
    text
}

/// A failure with its position, and the difference if a value has several lines.
fn explained(file: &Path, failure: &Failure) -> String {
    let position = failure.position;
    let place = format!("{}:{}:{}", file.display(), position.line, position.column);
    let mut text = String::new();
    if let Some(description) = &failure.description {
        let _ = writeln!(text, "      {}", description.trim());
    }
    let (expected, actual) = (plain(failure.expected.as_ref()), plain(failure.actual.as_ref()));
    let is_long = expected.contains('\n') || actual.contains('\n');
    let message = if is_long {
        failure.message.lines().next().unwrap_or_default().to_owned()
    } else {
        failure.message.clone()
    };
    let _ = writeln!(text, "      {}: {message}", style(place).cyan());
    if is_long {
        for line in difference(&expected, &actual) {
            let line = match line.chars().next() {
                Some('-') => style(line).red(),
                Some('+') => style(line).green(),
                _ => style(line),
            };
            let _ = writeln!(text, "        {line}");
        }
    }
    text
}

fn plain(value: Option<&Json>) -> String {
    match value {
        None => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// The lines of two texts: `-` for lines that were expected, `+` for lines that are there instead.
fn difference(expected: &str, actual: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail =
        old.iter().skip(head).rev().zip(new.iter().skip(head).rev()).take_while(|(a, b)| a == b).count();
    let lines = |all: &[&str], sign: char| -> Vec<String> {
        let length = all.len() - head - tail;
        all.iter().skip(head).take(length).map(|line| format!("{sign} {line}")).collect()
    };
    let mut found: Vec<String> = old.iter().take(head).map(|line| format!("  {line}")).collect();
    found.extend(lines(&old, '-'));
    found.extend(lines(&new, '+'));
    found.extend(old.iter().skip(old.len() - tail).map(|line| format!("  {line}")));
    found
}

fn junit(results: &[SuiteResult]) -> String {
    let [passed, failed, errors, skipped] = counts(results.iter().flat_map(|suite| &suite.cases));
    let all = passed + failed + errors + skipped;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites tests=\"{all}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\">"
    );
    for suite in results {
        let [_, failed, errors, skipped] = counts(suite.cases.iter());
        let seconds: f64 = suite.cases.iter().map(|case| case.seconds).sum();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"{errors}\" skipped=\"{skipped}\" \
             time=\"{seconds:.6}\">",
            escaped(&suite.id),
            suite.cases.len(),
        );
        for case in &suite.cases {
            let _ = write!(
                xml,
                "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6}\"",
                escaped(&case.id),
                escaped(&suite.flow),
                escaped(&suite.file.display().to_string()),
                case.line,
                case.seconds
            );
            let (element, found) = match &case.verdict {
                Verdict::Success => {
                    xml.push_str("/>\n");
                    continue;
                }
                Verdict::Skipped => {
                    xml.push_str("><skipped/></testcase>\n");
                    continue;
                }
                Verdict::Failed { failures } => ("failure", failures),
                Verdict::Error { errors } => ("error", errors),
            };
            xml.push_str(">\n");
            for failure in found {
                let place = format!("{}:{}", suite.file.display(), failure.position.line);
                let _ = writeln!(
                    xml,
                    "      <{element} message=\"{}\" type=\"{}\">{}</{element}>",
                    escaped(&failure.message),
                    failure.operator.unwrap_or("error"),
                    escaped(&format!("{place}: {}", failure.message)),
                );
            }
            xml.push_str("    </testcase>\n");
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// A text in XML. Characters that XML does not have become a question mark.
fn escaped(text: &str) -> String {
    let mut xml = String::new();
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' => xml.push_str("&#10;"),
            '\t' | '\r' => xml.push(' '),
            letter if letter.is_control() => xml.push('?'),
            letter => xml.push(letter),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::diagnostic::Position;
    use serde_json::json;

    fn results() -> Vec<SuiteResult> {
        let failure = Failure {
            message: "expected <a> & \"b\"".into(),
            position: Position { line: 7, column: 9 },
            operator: Some("equalTo"),
            expected: Some(json!("a\nb\nc\n")),
            actual: Some(json!("a\nx\ny\nc\n")),
            description: None,
        };
        let case = |id: &str, verdict| CaseResult {
            id: id.into(),
            description: None,
            line: 3,
            seconds: 0.25,
            verdict,
        };
        vec![SuiteResult {
            file: "flows/a.test.yaml".into(),
            id: "s".into(),
            flow: "n.f".into(),
            cases: vec![
                case("good", Verdict::Success),
                case("bad", Verdict::Failed { failures: vec![failure] }),
                case("off", Verdict::Skipped),
            ],
        }]
    }

    #[test]
    fn people_see_the_position_and_the_difference() {
        let text = console::strip_ansi_codes(&text(&results(), Duration::from_millis(12))).into_owned();
        for part in [
            "n.f flows/a.test.yaml",
            "✓ good",
            "✗ bad",
            "flows/a.test.yaml:7:9: expected <a>",
            "          a\n        - b\n        + x\n        + y\n          c\n",
            "- off  disabled",
            "1 passed, 1 failed, 1 disabled in 12 ms",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn junit_counts_and_escapes() {
        let xml = junit(&results());
        for part in [
            "<testsuites tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">",
            "<testcase name=\"good\" classname=\"n.f\" file=\"flows/a.test.yaml\" line=\"3\" time=\"0.250000\"/>",
            "<failure message=\"expected &lt;a&gt; &amp; &quot;b&quot;\" type=\"equalTo\">flows/a.test.yaml:7: expected",
            "<skipped/>",
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
    }

    #[test]
    fn json_has_the_state_of_each_case() {
        let json = serde_json::to_value(results()).unwrap();
        assert_eq!(json[0]["cases"][0]["state"], "SUCCESS");
        assert_eq!(json[0]["cases"][1]["failures"][0]["position"]["line"], 7);
    }
}
