//! Answers as Google's HTTP APIs give them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What a handler answers: JSON, or an error as Google writes one.
pub type Answer = Result<Json<Value>, Refusal>;

/// An error as Google writes one.
#[derive(Debug)]
pub struct Refusal {
    number: StatusCode,
    status: &'static str,
    message: String,
}

impl Refusal {
    /// What was asked for is not there.
    pub fn not_found(what: &str) -> Self {
        Self { number: StatusCode::NOT_FOUND, status: "NOT_FOUND", message: format!("{what} was not found") }
    }

    /// What was to be made is there.
    pub fn already_exists(what: &str) -> Self {
        let message = format!("{what} already exists");
        Self { number: StatusCode::CONFLICT, status: "ALREADY_EXISTS", message }
    }

    /// The request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { number: StatusCode::BAD_REQUEST, status: "INVALID_ARGUMENT", message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"code": self.number.as_u16(), "message": self.message, "status": self.status});
        (self.number, Json(json!({"error": error}))).into_response()
    }
}
