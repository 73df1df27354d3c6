//! Errors with the messages, reasons and statuses of Google's APIs.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use segue_ports::PortError;
use segue_ports::warehouse::WarehouseError;
use serde_json::{Value, json};

/// An error of a request or a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Google's word for the kind of error: `notFound`, …
    pub reason: String,
    /// What happened, where, and what to do.
    pub message: String,
    /// Further details in the list of a job's errors: the row and the file.
    pub details: Vec<String>,
}

impl Refusal {
    /// An error of a kind.
    pub fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// A thing that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("notFound", message)
    }

    /// A wrong request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid", message)
    }

    /// An option of Google's API that this platform does not have. It is refused, because an ignored option would give
    /// another result than Google's.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::invalid(format!(
            "the local platform does not support {what}; leave it out, or use Google Cloud"
        ))
    }

    pub(crate) fn disk(error: std::io::Error) -> Self {
        Self::new("internalError", format!("the disk failed: {error}"))
    }

    /// `{"reason": …, "message": …}`, as in the JSON of jobs.
    pub(crate) fn json(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "location": "query"})
    }

    /// The job's list of errors.
    pub(crate) fn list(&self) -> Value {
        let details = self.details.iter().map(|message| json!({"reason": "invalid", "message": message}));
        std::iter::once(self.json()).chain(details).collect()
    }

    /// The HTTP status for the reason.
    pub(crate) fn status(&self) -> StatusCode {
        match self.reason.as_str() {
            "authError" => StatusCode::UNAUTHORIZED,
            "notFound" => StatusCode::NOT_FOUND,
            "duplicate" | "conflict" => StatusCode::CONFLICT,
            "conditionNotMet" => StatusCode::PRECONDITION_FAILED,
            "notModified" => StatusCode::NOT_MODIFIED,
            "requestedRangeNotSatisfiable" => StatusCode::RANGE_NOT_SATISFIABLE,
            "accessDenied" | "forbidden" | "quotaExceeded" | "rateLimitExceeded" => StatusCode::FORBIDDEN,
            "misdirected" => StatusCode::MISDIRECTED_REQUEST,
            "backendError" => StatusCode::SERVICE_UNAVAILABLE,
            "internalError" => StatusCode::INTERNAL_SERVER_ERROR,
            "notImplemented" => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The name of the status in Google's newer APIs.
    fn status_name(&self) -> &'static str {
        match self.status().as_u16() {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ALREADY_EXISTS",
            412 => "FAILED_PRECONDITION",
            501 => "UNIMPLEMENTED",
            503 => "UNAVAILABLE",
            500 => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        }
    }
}

impl From<WarehouseError> for Refusal {
    fn from(error: WarehouseError) -> Self {
        match error {
            WarehouseError::NotFound { what, name, .. } => {
                Self::not_found(format!("Not found: {what} {name}"))
            }
            WarehouseError::AlreadyExists { what, name } => {
                Self::new("duplicate", format!("Already Exists: {what} {name}"))
            }
            WarehouseError::InvalidQuery { message, line, column, hint } => {
                let guess = hint.filter(|hint| hint.starts_with("did you mean"));
                let guess = guess.map(|hint| hint.replacen("did you mean", "; Did you mean", 1));
                let place = line.zip(column).map(|(line, column)| format!(" at [{line}:{column}]"));
                let (guess, place) = (guess.unwrap_or_default(), place.unwrap_or_default());
                Self::new("invalidQuery", format!("{message}{guess}{place}"))
            }
            WarehouseError::BadData { file, row, message, .. } => {
                let row = row.map(|row| format!("; line_number: {row} byte_offset_to_start_of_line: 0"));
                let file = file.map(|file| format!(" File: {file}"));
                let (row, file) = (row.unwrap_or_default(), file.unwrap_or_default());
                Self {
                    reason: "invalid".to_owned(),
                    message: format!(
                        "Error while reading data, error message: CSV processing encountered too many errors, giving \
                         up. Rows: 1; errors: 1; max bad: 0; error percent: 0: {message}"
                    ),
                    details: vec![format!("Error while reading data, error message: {message}{row}{file}")],
                }
            }
            WarehouseError::Conflict { message, .. } => Self::new("resourceInUse", message),
            WarehouseError::Busy { message, .. } => Self::new("rateLimitExceeded", message),
            WarehouseError::StillRunning { job_id } => {
                Self::new("internalError", format!("{job_id} is at work"))
            }
            WarehouseError::Unavailable { message } => Self::new("internalError", message),
        }
    }
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        let reason = match &error {
            PortError::NotFound { .. } => "notFound",
            PortError::AlreadyExists { .. } | PortError::Conflict { .. } => "conflict",
            PortError::Invalid { .. } => "invalid",
            PortError::Exhausted { .. } | PortError::Unavailable { .. } => "backendError",
        };
        Self::new(reason, error.to_string())
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new("parseError", format!("the body is no JSON: {rejection}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        if status == StatusCode::NOT_MODIFIED {
            return status.into_response();
        }
        let error = json!({
            "code": status.as_u16(),
            "message": self.message,
            "errors": self.list(),
            "status": self.status_name(),
        });
        (status, Json(json!({ "error": error }))).into_response()
    }
}
