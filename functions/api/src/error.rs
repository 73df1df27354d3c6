//! Errors of requests, in Kestra's format and with Kestra's status codes (docs/kestra.md 6.1).
//!
//! A handler returns an [`ApiError`]. The layer [`shape`] adds the address, which only the layer knows. The layer also
//! converts the framework's own errors, so that clients see only one format of errors.

pub(crate) use segue_api_types::Problem;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use segue_api_types as types;
use segue_executor::{ActionError, CreateError};
use segue_ports::PortError;
use segue_scheduler::SchedulerError;

/// The largest text of a framework error that clients see, in bytes.
const LONGEST_REASON: usize = 64 * 1024;

/// A request that failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    problems: Vec<Problem>,
    /// The items that made a bulk request fail.
    invalids: Option<Vec<types::Invalid>>,
}

/// The result of a handler.
pub(crate) type Answer<T> = Result<T, ApiError>;

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), problems: Vec::new(), invalids: None }
    }

    /// 400: a value is missing, or the action is not possible now.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403: the caller may not do this.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: `what` ("Flow 'a.b'") does not exist.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Not Found: {what} was not found"))
    }

    /// 404, with a message that already says what does not exist.
    pub(crate) fn missing(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message.to_string())
    }

    /// 409, with a message that already says what contradicts the request.
    pub(crate) fn conflict(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, message.to_string())
    }

    /// 409: the state does not allow this.
    pub(crate) fn illegal_state(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, format!("Illegal state: {message}"))
    }

    /// 413: the request is too large.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 415: the body has an unsupported type.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// 421: the request names another host than the server's.
    pub(crate) fn misdirected(message: impl Into<String>) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, message)
    }

    /// 422: an argument is invalid.
    pub(crate) fn argument(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("Illegal argument: {message}"))
    }

    /// 422: a flow or another thing is invalid, with all problems.
    pub(crate) fn invalid(message: impl Into<String>, problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message) }
    }

    /// 400: some items of a bulk request do not allow the action. Nothing was done.
    pub(crate) fn bulk(action: &str, invalids: Vec<(String, String)>) -> Self {
        let items = invalids.iter().map(|(value, message)| types::Invalid {
            message: message.clone(),
            invalid_value: value.clone(),
        });
        let items = items.collect();
        let problems = invalids.into_iter().map(|(value, message)| Problem::at(value, message)).collect();
        Self { invalids: Some(items), problems, ..Self::bad_request(format!("invalid bulk {action}")) }
    }

    /// 429: too many tries.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    /// The status code of the answer.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// All problems as one text, one on each line.
    pub(crate) fn all(&self) -> String {
        if self.problems.is_empty() {
            return self.message.clone();
        }
        self.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn body(&self, href: &str) -> types::Error {
        let problems =
            if self.problems.is_empty() { vec![Problem::new(&self.message)] } else { self.problems.clone() };
        types::Error {
            message: self.message.clone(),
            links: types::Links { own: types::Link { href: href.to_owned(), templated: false } },
            embedded: types::Embedded { errors: problems },
            invalids: self.invalids.clone(),
        }
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, format!("Not Found: {error}")),
            PortError::AlreadyExists { .. } | PortError::Invalid { .. } => Self::argument(error),
            PortError::Conflict { .. } => Self::illegal_state(error),
            PortError::Unavailable { .. } | PortError::Exhausted { .. } => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("Internal server error: {error}"))
            }
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Disabled(_) => Self::illegal_state("Cannot execute a disabled flow"),
            CreateError::Inputs(problems) => {
                let problems: Vec<Problem> =
                    problems.into_iter().map(|problem| Problem::at(problem.input, problem.message)).collect();
                let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
                Self::invalid(format!("Invalid entity: {first}"), problems)
            }
            CreateError::Port(error) => error.into(),
            other => Self::argument(other),
        }
    }
}

impl From<SchedulerError> for ApiError {
    fn from(error: SchedulerError) -> Self {
        match error {
            SchedulerError::NotFound(what) => Self::new(StatusCode::NOT_FOUND, format!("Not Found: {what}")),
            SchedulerError::IllegalState(why) => Self::illegal_state(why),
            SchedulerError::Invalid(why) => Self::argument(why),
            SchedulerError::Create(error) => error.into(),
            SchedulerError::Port(error) => error.into(),
        }
    }
}

impl From<ActionError> for ApiError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotFound(what) => Self::new(StatusCode::NOT_FOUND, format!("Not Found: {what}")),
            ActionError::IllegalState(why) => Self::illegal_state(why),
            ActionError::Invalid(why) => Self::argument(why),
            ActionError::Inputs(problems) => CreateError::Inputs(problems).into(),
            ActionError::Port(error) => error.into(),
        }
    }
}

/// An error on its way to [`shape`].
#[derive(Clone)]
struct Unshaped(ApiError);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Unshaped(self));
        response
    }
}

/// Converts every error to Kestra's format.
pub(crate) async fn shape(request: Request, next: Next) -> Response {
    let href = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(Unshaped(error)) = response.extensions_mut().remove() {
        return json_response(error.status, &error.body(&href), response);
    }
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_refusal || is_json(&response) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_REASON).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let reason = match text.trim() {
        "" => status.canonical_reason().unwrap_or("Refused").to_owned(),
        text => text.to_owned(),
    };
    let error = ApiError::new(status, reason);
    json_response(status, &error.body(&href), Response::from_parts(parts, Body::empty()))
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The answer with this body, and with the headers that were already set.
fn json_response(status: StatusCode, body: &types::Error, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(serde_json::to_vec(body).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_have_kestras_shape() {
        let error = ApiError::invalid("Invalid entity: tasks: empty", vec![Problem::at("tasks", "empty")]);
        assert_eq!(
            json!(error.body("/api/v1/flows")),
            json!({
                "message": "Invalid entity: tasks: empty",
                "_links": {"self": {"href": "/api/v1/flows", "templated": false}},
                "_embedded": {"errors": [{"message": "empty", "path": "tasks"}]},
            })
        );
        let error = ApiError::bulk("delete", vec![("x".to_owned(), "execution not found".to_owned())]);
        let body = json!(error.body("/"));
        assert_eq!(body["message"], "invalid bulk delete");
        assert_eq!(body["invalids"], json!([{"message": "execution not found", "invalidValue": "x"}]));
    }

    #[test]
    fn errors_of_ports_have_a_code_by_meaning() {
        let code = |error: PortError| ApiError::from(error).status().as_u16();
        assert_eq!(code(PortError::not_found("x")), 404);
        assert_eq!(code(PortError::AlreadyExists { what: "x".into() }), 422);
        assert_eq!(code(PortError::Conflict { what: "x".into() }), 409);
        assert_eq!(code(PortError::invalid("x")), 422);
        assert_eq!(code(PortError::unavailable("x", "y")), 503);
    }
}
