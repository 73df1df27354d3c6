//! Errors between a command and its answer, and the exit codes.

use super::http::ClientError;
use segue_api_types::{self as api, Problem};
use thiserror::Error;

/// The request was rejected. Nothing was changed.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// The exit code of an error: 2 if the request was rejected, 1 for anything else.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<Refused>().is_some() {
        return crate::REFUSED;
    }
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Answer { status: 400 | 401 | 403 | 409 | 413 | 415 | 422, .. }) => crate::REFUSED,
        _ => crate::FAILED,
    }
}

/// The message of an error body of the API (docs/kestra.md 6.1), followed by its problems, one on each line.
/// None if the body is not an error.
pub(super) fn explain(body: &str) -> Option<String> {
    let error: api::Error = serde_json::from_str(body).ok()?;
    let message = error.message.trim_end();
    let invalids = error.invalids.unwrap_or_default().into_iter();
    let listed = match error.embedded.errors {
        errors if errors.is_empty() => {
            invalids.map(|invalid| Problem::at(invalid.invalid_value, invalid.message)).collect()
        }
        errors => errors,
    };
    let mut text = message.to_owned();
    for line in listed.iter().map(problem).filter(|line| line != message && !line.is_empty()) {
        text.push('\n');
        text.push_str(&line);
    }
    Some(text)
}

/// A problem as a line in the format of compilers, if its position in a source is known. Its hint is on the
/// next line.
fn problem(problem: &Problem) -> String {
    let part = |part: &Option<String>| part.clone().filter(|part| !part.is_empty());
    let mut text = String::new();
    match (problem.line, part(&problem.code)) {
        (Some(line), code) => {
            text.push_str(&format!("{line}:{}: error", problem.column.unwrap_or(1)));
            if let Some(code) = code {
                text.push_str(&format!("[{code}]"));
            }
            text.push_str(": ");
        }
        (None, Some(code)) => text.push_str(&format!("error[{code}]: ")),
        (None, None) => {
            if let Some(path) = part(&problem.path) {
                text.push_str(&format!("  {path}: "));
            }
        }
    }
    text.push_str(&problem.message);
    if let Some(hint) = part(&problem.hint) {
        text.push_str(&format!("\n    hint: {hint}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_is_a_line_and_a_line_for_each_part() {
        let body = r#"{"message": "Invalid entity", "_embedded": {"errors": [
            {"message": "Invalid entity"},
            {"message": "must not be empty", "path": "flow.tasks"},
            {"message": "no such type 'x'", "code": "SEG0102", "line": 3, "column": 5, "hint": "try 'y'"}]}}"#;
        assert_eq!(
            explain(body).unwrap(),
            "Invalid entity\n  flow.tasks: must not be empty\n3:5: error[SEG0102]: no such type 'x'\n    hint: try 'y'"
        );
        let bulk = r#"{"message": "invalid bulk kill", "invalids": [{"message": "not found", "invalidValue": "x1"}]}"#;
        assert_eq!(explain(bulk).unwrap(), "invalid bulk kill\n  x1: not found");
        let of_kestra = r#"{"message": "no", "_links": {"self": [{"href": "/"}]}, "_embedded": null}"#;
        assert_eq!(explain(of_kestra).unwrap(), "no");
        assert_eq!(explain("<html>"), None);
        assert_eq!(explain("{}"), None);
    }

    #[test]
    fn the_exit_code_tells_refused_from_not_found() {
        let answer = |status| {
            anyhow::Error::new(ClientError::Answer { status, what: String::new(), message: String::new() })
        };
        assert_eq!(exit_code(&answer(422)), 2);
        assert_eq!(exit_code(&answer(409)), 2);
        assert_eq!(exit_code(&answer(404)), 1);
        assert_eq!(exit_code(&answer(500)), 1);
        assert_eq!(exit_code(&Refused("no".into()).into()), 2);
        assert_eq!(exit_code(&anyhow::anyhow!("disk")), 1);
    }
}
