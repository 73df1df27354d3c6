//! BigQuery's errors by meaning: from the reason, or if the reason is not enough, from the message.
//!
//! To distinguish one more: an arm in [`translate`], and in [`may_pass`] if trying again may help.

use crate::rest::RestError;
use gcp_bigquery_client::model::error_proto::ErrorProto;
use gcp_bigquery_client::model::job_status::JobStatus;
use segue_ports::PortError;
use segue_ports::warehouse::WarehouseError;

/// Reasons that are not caused by the job. The same job may succeed later.
const PASSING: [&str; 10] = [
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "quotaExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
    "timeout",
    "serviceUnavailable",
];
/// Messages with the same meaning, for unclear reasons. Kestra checks for the same messages (docs/kestra.md
/// 4.6).
const PASSING_WORDS: [&str; 3] =
    ["due to concurrent update", "Retrying the job may solve the problem", "Retrying may solve the problem"];

/// The hint for an account without permission.
const ROLES: &str = "grant the account that asks roles/bigquery.jobUser on the project and roles/bigquery.dataEditor on \
                     the dataset, and for external tables roles/storage.objectViewer on the bucket";

/// An error of a job or a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fault {
    reason: String,
    /// The part of the request it is about: `query`, or a file.
    location: Option<String>,
    message: String,
}

impl From<&ErrorProto> for Fault {
    fn from(said: &ErrorProto) -> Self {
        Self {
            reason: said.reason.clone().unwrap_or_default(),
            location: said.location.clone(),
            message: said.message.clone().unwrap_or_default(),
        }
    }
}

/// Whether a job failed for a reason that may pass, so that the same job may succeed later.
pub(super) fn is_passing(status: Option<&JobStatus>) -> bool {
    status.and_then(|status| status.error_result.as_ref()).is_some_and(|error| may_pass(&error.into()))
}

fn may_pass(fault: &Fault) -> bool {
    PASSING.contains(&fault.reason.as_str())
        || PASSING_WORDS.iter().any(|words| fault.message.contains(words))
}

/// Why a job failed.
pub(super) fn of_job(status: Option<&JobStatus>) -> Option<WarehouseError> {
    let status = status?;
    let fault = Fault::from(status.error_result.as_ref()?);
    // The result names the kind of the error. The list of errors names the row and the file.
    let mut errors = status.errors.iter().flatten().map(Fault::from);
    let detail = errors.find(|other| line_number(&other.message).is_some());
    Some(translate(&detail.filter(|_| line_number(&fault.message).is_none()).unwrap_or(fault)))
}

/// The error of a request.
pub(super) fn of_request(error: RestError) -> WarehouseError {
    let passing = error.is_passing();
    match error {
        RestError::Refused(refusal) => {
            let fault =
                Fault { reason: refusal.reason, location: refusal.location, message: refusal.message };
            match translate(&fault) {
                // A refusal without a reason has only its status.
                WarehouseError::InvalidQuery { message, .. } if passing => {
                    WarehouseError::Unavailable { message: format!("{message} (HTTP {})", refusal.status) }
                }
                WarehouseError::InvalidQuery { message, .. } if matches!(refusal.status, 401 | 403) => {
                    conflict(&message, Some(ROLES))
                }
                other => other,
            }
        }
        RestError::Credentials(error) => of_port(error),
        RestError::Invalid(message) => {
            WarehouseError::InvalidQuery { message, line: None, column: None, hint: None }
        }
        RestError::Connection(message) | RestError::Unreadable(message) => {
            WarehouseError::Unavailable { message }
        }
    }
}

/// An error of creating or using credentials.
pub(super) fn of_port(error: PortError) -> WarehouseError {
    match error {
        PortError::Unavailable { message, .. } | PortError::Exhausted { message, .. } => {
            WarehouseError::Unavailable { message }
        }
        other => {
            WarehouseError::InvalidQuery { message: other.to_string(), line: None, column: None, hint: None }
        }
    }
}

/// The meaning of a fault.
fn translate(fault: &Fault) -> WarehouseError {
    let message = fault.message.trim();
    let busy = matches!(
        fault.reason.as_str(),
        "rateLimitExceeded" | "jobRateLimitExceeded" | "quotaExceeded" | "tableUnavailable"
    );
    if busy || message.contains("due to concurrent update") {
        let hint = (fault.reason == "quotaExceeded")
            .then(|| "a quota of the project is used up: wait, or have it raised".to_owned());
        return WarehouseError::Busy { message: message.to_owned(), hint };
    }
    if may_pass(fault) {
        return WarehouseError::Unavailable { message: message.to_owned() };
    }
    match fault.reason.as_str() {
        "notFound" => not_found(message),
        "duplicate" | "alreadyExists" => already_exists(message),
        "accessDenied" | "forbidden" | "authError" | "required" | "unauthorized" => {
            conflict(message, Some(ROLES))
        }
        "resourceInUse"
        | "stopped"
        | "conditionNotMet"
        | "responseTooLarge"
        | "resourcesExceeded"
        | "billingNotEnabled"
        | "billingTierLimitExceeded"
        | "bytesBilledLimitExceeded"
        | "blocked" => conflict(message, None),
        _ if message.starts_with("Not found: ") => not_found(message),
        _ if message.starts_with("Already Exists: ") => already_exists(message),
        _ if message.starts_with("Error while reading") => bad_data(message, fault.location.as_deref()),
        _ => invalid_query(message),
    }
}

fn conflict(message: &str, hint: Option<&str>) -> WarehouseError {
    WarehouseError::Conflict { message: message.to_owned(), hint: hint.map(str::to_owned) }
}

/// `Not found: Table p:d.t was not found in location EU`.
fn not_found(message: &str) -> WarehouseError {
    let (what, name) = thing(message, "Not found: ");
    let hint = matches!(what.as_str(), "Dataset" | "Table")
        .then(|| "check its name, and that the job runs where the dataset lives (location)".to_owned());
    WarehouseError::NotFound { what, name, hint }
}

/// `Already Exists: Table p:d.t`.
fn already_exists(message: &str) -> WarehouseError {
    let (what, name) = thing(message, "Already Exists: ");
    WarehouseError::AlreadyExists { what, name }
}

/// The kind of a thing, and its name with the rest of the message.
fn thing(message: &str, start: &str) -> (String, String) {
    let rest = message.strip_prefix(start).unwrap_or(message);
    let (what, name) = rest.split_once(' ').unwrap_or(("", rest));
    (what.to_owned(), name.trim_end_matches('.').to_owned())
}

/// `Unrecognized name: fare; Did you mean fares? at [1:8]`.
fn invalid_query(message: &str) -> WarehouseError {
    let (text, location) = match message.rsplit_once(" at [") {
        Some((text, rest)) => {
            match rest.split_once(']').map(|(location, _)| location).and_then(line_and_column) {
                Some(location) => (text, Some(location)),
                None => (message, None),
            }
        }
        None => (message, None),
    };
    let (text, guess) = match text.split_once("; Did you mean ") {
        Some((text, guess)) => (text, Some(format!("did you mean {guess}"))),
        None => (text, None),
    };
    WarehouseError::InvalidQuery {
        message: text.to_owned(),
        line: location.map(|(line, _)| line),
        column: location.map(|(_, column)| column),
        hint: guess,
    }
}

fn line_and_column(location: &str) -> Option<(u32, u32)> {
    let (line, column) = location.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// `Error while reading table: d.t, error message: Could not parse 'x' as INT64; line_number: 3 … File: gs://b/k`.
fn bad_data(message: &str, location: Option<&str>) -> WarehouseError {
    let text = message.split_once("error message: ").map_or(message, |(_, text)| text);
    let said = text.split("; line_number: ").next().unwrap_or(text);
    let file = text
        .rsplit_once("File: ")
        .map(|(_, file)| file.trim())
        .or(location)
        .filter(|file| file.starts_with("gs://"));
    WarehouseError::BadData {
        file: file.map(str::to_owned),
        row: line_number(message),
        message: said.trim().to_owned(),
        hint: Some("correct the file, or declare the column with the type it holds".to_owned()),
    }
}

fn line_number(message: &str) -> Option<u64> {
    let rest = message.split("line_number: ").nth(1)?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(reason: &str, message: &str) -> Fault {
        Fault { reason: reason.to_owned(), location: None, message: message.to_owned() }
    }

    #[test]
    fn reasons_become_meanings() {
        for (reason, message, expected) in [
            (
                "invalidQuery",
                "Unrecognized name: fare; Did you mean fares? at [2:8]",
                "Invalid query: Unrecognized name: fare at [2:8] (did you mean fares?)",
            ),
            (
                "invalidQuery",
                "Syntax error: Expected end of input but got \"[\"",
                "Invalid query: Syntax error: Expected end of input but got \"[\"",
            ),
            ("duplicate", "Already Exists: Table p:d.t", "Already Exists: Table p:d.t"),
            (
                "stopped",
                "Job execution was cancelled: User requested cancellation",
                "Conflict: Job execution was cancelled: User requested cancellation",
            ),
            (
                "rateLimitExceeded",
                "Too many table update operations",
                "Warehouse busy: Too many table update operations",
            ),
            (
                "invalidQuery",
                "Could not serialize access to table p:d.t due to concurrent update",
                "Warehouse busy: Could not serialize access to table p:d.t due to concurrent update",
            ),
            (
                "backendError",
                "Error encountered during execution. Retrying may solve the problem.",
                "Warehouse unavailable: Error encountered during execution. Retrying may solve the problem.",
            ),
        ] {
            assert_eq!(translate(&fault(reason, message)).to_string(), expected);
        }
        let missing = translate(&fault("notFound", "Not found: Table p:d.t was not found in location EU"));
        let WarehouseError::NotFound { what, name, .. } = missing else { panic!("{missing}") };
        assert_eq!((what.as_str(), name.as_str()), ("Table", "p:d.t was not found in location EU"));
        assert!(matches!(translate(&fault("accessDenied", "no")), WarehouseError::Conflict { .. }));
    }

    #[test]
    fn a_bad_row_is_found_in_the_list_of_errors() {
        let said = |message: &str| ErrorProto {
            reason: Some("invalid".to_owned()),
            message: Some(message.to_owned()),
            ..ErrorProto::default()
        };
        let status = JobStatus {
            state: Some("DONE".to_owned()),
            error_result: Some(said(
                "Error while reading table: d.e, error message: CSV processing encountered too many errors, giving up. Rows: 1; errors: 1",
            )),
            errors: Some(vec![said(
                "Error while reading table: d.e, error message: Could not parse '2.5' as INT64 for field a (position 0); \
                 line_number: 3 byte_offset_to_start_of_line: 12 column_index: 0 File: gs://b/float.csv",
            )]),
        };
        let Some(WarehouseError::BadData { file, row, message, .. }) = of_job(Some(&status)) else {
            panic!()
        };
        assert_eq!((file.as_deref(), row), (Some("gs://b/float.csv"), Some(3)));
        assert_eq!(message, "Could not parse '2.5' as INT64 for field a (position 0)");
    }

    #[test]
    fn what_may_pass_is_known_by_reason_or_words() {
        assert!(may_pass(&fault("jobBackendError", "x")));
        assert!(may_pass(&fault("invalidQuery", "aborted due to concurrent update against table")));
        assert!(
            !may_pass(&fault("invalidQuery", "Syntax error")) && !may_pass(&fault("stopped", "cancelled"))
        );
    }
}
