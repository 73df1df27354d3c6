//! Errors of Google's REST APIs.

use crate::auth::chain;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use segue_ports::PortError;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// How much of an answer that is not JSON is shown in an error. In characters.
const SHOWN: usize = 500;

/// Why a request has no result.
#[derive(Debug, Error)]
pub(crate) enum RestError {
    /// Google refused the request. Boxed, because it is large and rare.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// There was no answer, or it was interrupted.
    #[error("{0}")]
    Connection(String),
    /// There is no token for the request.
    #[error(transparent)]
    Credentials(PortError),
    /// The answer cannot be parsed.
    #[error("{0}")]
    Unreadable(String),
    /// The request cannot be built.
    #[error("{0}")]
    Invalid(String),
}

/// Google's refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Error)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// `notFound`, `rateLimitExceeded`, …. Empty if Google gave none.
    pub(crate) reason: String,
    /// Google's message.
    pub(crate) message: String,
    /// The part of the request that is wrong. None if Google did not say.
    pub(crate) location: Option<String>,
    /// How long Google asks to wait. None if Google did not say.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the request named the state it expected. Only then does status 412 mean that there is another state.
    pub(crate) conditional: bool,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {}", self.message, self.status)?;
        if !self.reason.is_empty() {
            write!(f, ", {}", self.reason)?;
        }
        write!(f, ")")
    }
}

#[derive(Deserialize)]
struct Body {
    error: Said,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Detail>,
    /// The name of the gRPC status, for APIs without reasons.
    #[serde(default)]
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: String,
    location: Option<String>,
}

impl Refusal {
    /// Reads an answer with the status of an error.
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let body = response.bytes().await.unwrap_or_default();
        Self { retry_after, ..Self::from_response(status, &body) }
    }

    /// Builds a refusal from the status and body of an answer.
    pub(crate) fn from_response(status: StatusCode, body: &[u8]) -> Self {
        let read = match serde_json::from_slice::<Body>(body) {
            Ok(Body { error: said }) => {
                let detail = said.errors.into_iter().next().unwrap_or_default();
                let reason = if detail.reason.is_empty() { said.status } else { detail.reason };
                Self { reason, message: said.message, location: detail.location, ..Self::default() }
            }
            Err(_) => {
                let text: String = String::from_utf8_lossy(body).trim().chars().take(SHOWN).collect();
                Self { message: text, ..Self::default() }
            }
        };
        let message = match read.message {
            empty if empty.is_empty() => status.canonical_reason().unwrap_or("no explanation").to_owned(),
            said => said,
        };
        Self { status: status.as_u16(), message, ..read }
    }

    /// Whether the same request may work later. Exceeded quotas also have status 403.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
            || (self.status == 403 && matches!(&*self.reason, "rateLimitExceeded" | "userRateLimitExceeded"))
    }
}

impl From<Refusal> for RestError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl RestError {
    /// There was no answer, for this reason.
    pub(crate) fn connection(error: &dyn std::error::Error) -> Self {
        Self::Connection(chain(error))
    }

    /// Google's refusal. None for other errors.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether Google answered with this status.
    pub(crate) fn is_status(&self, status: u16) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == status)
    }

    /// Whether the same request may work later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_passing(),
            Self::Connection(_) => true,
            Self::Credentials(error) => error.is_transient(),
            Self::Unreadable(_) | Self::Invalid(_) => false,
        }
    }

    /// The error of the port, by the usual meaning of the status in Google's APIs. `what` names the requested
    /// thing.
    pub(crate) fn about(self, port: &'static str, what: impl Into<String>) -> PortError {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Credentials(error) => return error,
            Self::Invalid(message) => return PortError::Invalid { message },
            Self::Connection(_) | Self::Unreadable(_) => return PortError::unavailable(port, self),
        };
        match refusal.status {
            _ if refusal.is_passing() => PortError::unavailable(port, refusal),
            404 => PortError::not_found(what),
            409 => PortError::AlreadyExists { what: what.into() },
            412 if refusal.conditional => PortError::Conflict { what: what.into() },
            412 => PortError::invalid(format!(
                "Google Cloud does not allow it, {}: {refusal}. A policy of the organisation may forbid it",
                what.into()
            )),
            401 | 403 => PortError::invalid(format!(
                "Google Cloud does not allow it, {}: {refusal}. Grant the account the role it needs",
                what.into()
            )),
            400..=499 => PortError::invalid(format!("{}: {refusal}", what.into())),
            _ => PortError::unavailable(port, refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, reason: &str) -> PortError {
        let refusal =
            Refusal { status, reason: reason.to_owned(), message: "m".to_owned(), ..Refusal::default() };
        RestError::from(refusal).about("object store", "the bucket 'b'")
    }

    #[test]
    fn a_status_becomes_a_meaning() {
        assert!(matches!(refused(404, "notFound"), PortError::NotFound { what } if what == "the bucket 'b'"));
        assert!(matches!(refused(409, "conflict"), PortError::AlreadyExists { .. }));
        let changed = Refusal { status: 412, conditional: true, ..Refusal::default() };
        assert!(matches!(RestError::from(changed).about("object store", "x"), PortError::Conflict { .. }));
        let forbidden = refused(412, "conditionNotMet");
        assert!(
            matches!(&forbidden, PortError::Invalid { message } if message.contains("policy")),
            "{forbidden}"
        );
        assert!(matches!(refused(400, "invalid"), PortError::Invalid { .. }));
        assert!(
            matches!(refused(403, "forbidden"), PortError::Invalid { message } if message.contains("role"))
        );
        for (status, reason) in [(403, "rateLimitExceeded"), (429, ""), (500, ""), (503, ""), (501, "")] {
            assert!(matches!(refused(status, reason), PortError::Unavailable { .. }), "{status}");
        }
    }
}
