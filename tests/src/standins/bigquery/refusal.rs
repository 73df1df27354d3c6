//! Errors with BigQuery's messages, reasons and statuses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use segue_ports::warehouse::WarehouseError;
use serde_json::{Value, json};

/// An error of a request or a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) message: String,
    /// Further details in BigQuery's list: the row and the file.
    pub(super) details: Vec<String>,
}

impl Refusal {
    pub(super) fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), message: message.into(), details: Vec::new() }
    }

    pub(super) fn not_found(message: String) -> Self {
        Self::new("notFound", message)
    }

    /// `{"reason": …, "message": …}`, as in the JSON of jobs.
    pub(super) fn json(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "location": "query"})
    }

    /// The job's list of errors.
    pub(super) fn list(&self) -> Value {
        let details = self.details.iter().map(|message| json!({"reason": "invalid", "message": message}));
        std::iter::once(self.json()).chain(details).collect()
    }

    /// The HTTP status for the reason.
    fn status(&self) -> StatusCode {
        match self.reason.as_str() {
            "notFound" => StatusCode::NOT_FOUND,
            "duplicate" => StatusCode::CONFLICT,
            "accessDenied" | "quotaExceeded" | "rateLimitExceeded" => StatusCode::FORBIDDEN,
            "backendError" => StatusCode::SERVICE_UNAVAILABLE,
            "internalError" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
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
                    message: "Error while reading data, error message: CSV processing encountered too many errors, \
                              giving up. Rows: 1; errors: 1; max bad: 0; error percent: 0"
                        .to_owned(),
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

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let body =
            json!({"error": {"code": status.as_u16(), "message": self.message, "errors": self.list()}});
        (status, Json(body)).into_response()
    }
}
