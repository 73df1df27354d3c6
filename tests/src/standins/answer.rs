//! Answers in the format of Google's HTTP APIs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The answer of a handler: JSON, or an error in Google's format.
pub type Answer = Result<Json<Value>, Refusal>;

/// An error in Google's format.
#[derive(Debug)]
pub struct Refusal {
    number: StatusCode,
    status: &'static str,
    message: String,
}

impl Refusal {
    /// The requested thing does not exist.
    pub fn not_found(what: &str) -> Self {
        Self { number: StatusCode::NOT_FOUND, status: "NOT_FOUND", message: format!("{what} was not found") }
    }

    /// The thing to create exists already.
    pub fn already_exists(what: &str) -> Self {
        let message = format!("{what} already exists");
        Self { number: StatusCode::CONFLICT, status: "ALREADY_EXISTS", message }
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { number: StatusCode::FORBIDDEN, status: "PERMISSION_DENIED", message: message.into() }
    }

    /// A limit is reached.
    pub fn exhausted(message: impl Into<String>) -> Self {
        Self { number: StatusCode::TOO_MANY_REQUESTS, status: "RESOURCE_EXHAUSTED", message: message.into() }
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
