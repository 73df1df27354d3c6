//! Converts errors of Google's HTTP clients to errors of a port.

use crate::denied::denied;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use segue_ports::PortError;

/// The error of the port. `what` names the thing that was requested or created.
pub(crate) fn about(port: &'static str, what: &str, error: &Error) -> PortError {
    let said = said(error);
    match code(error) {
        Some(Code::NotFound) => PortError::not_found(format!("{what} ({said})")),
        Some(Code::AlreadyExists) => PortError::AlreadyExists { what: what.to_owned() },
        Some(Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange) => {
            PortError::invalid(format!("{port}: {what} was refused: {said}"))
        }
        Some(Code::PermissionDenied | Code::Unauthenticated) => denied(port, what, &said),
        Some(Code::ResourceExhausted) => PortError::Exhausted { port, message: format!("{what}: {said}") },
        _ => PortError::unavailable(port, format!("{what}: {said}")),
    }
}

/// Whether the requested thing does not exist.
pub(crate) fn is_not_found(error: &Error) -> bool {
    code(error) == Some(Code::NotFound)
}

/// Whether the thing to create exists already.
pub(crate) fn is_already_there(error: &Error) -> bool {
    code(error) == Some(Code::AlreadyExists)
}

/// Whether the account lacks a role, or has no credentials.
pub(crate) fn is_denied(error: &Error) -> bool {
    matches!(code(error), Some(Code::PermissionDenied | Code::Unauthenticated))
}

/// The kind of error that the service named. If the body of the answer named none, the HTTP status decides.
fn code(error: &Error) -> Option<Code> {
    error.status().map(|status| status.code).or_else(|| match error.http_status_code()? {
        400 => Some(Code::InvalidArgument),
        401 => Some(Code::Unauthenticated),
        403 => Some(Code::PermissionDenied),
        404 => Some(Code::NotFound),
        409 => Some(Code::AlreadyExists),
        429 => Some(Code::ResourceExhausted),
        _ => None,
    })
}

/// The service's own words.
pub(crate) fn said(error: &Error) -> String {
    error.status().map_or_else(|| error.to_string(), |status| status.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use google_cloud_gax::error::rpc::Status;

    fn status(code: Code) -> Error {
        Error::service(Status::default().set_code(code).set_message("so it says"))
    }

    #[test]
    fn errors_keep_their_meaning() {
        let of = |code| about("containers", "the job a", &status(code));
        assert!(matches!(of(Code::NotFound), PortError::NotFound { .. }));
        assert!(matches!(of(Code::AlreadyExists), PortError::AlreadyExists { .. }));
        assert!(matches!(of(Code::FailedPrecondition), PortError::Invalid { .. }));
        assert!(matches!(of(Code::ResourceExhausted), PortError::Exhausted { .. }));
        for passing in [Code::Unavailable, Code::ResourceExhausted, Code::PermissionDenied, Code::Aborted] {
            let error = of(passing);
            assert!(error.is_transient() && error.to_string().contains("so it says"), "{error}");
        }
        assert!(is_not_found(&status(Code::NotFound)) && !is_already_there(&status(Code::NotFound)));
    }

    #[test]
    fn an_answer_without_a_code_has_the_meaning_of_its_status() {
        let error = Error::http(404, http_headers(), bytes::Bytes::from_static(b"nothing here"));
        assert!(is_not_found(&error));
    }

    fn http_headers() -> reqwest::header::HeaderMap {
        reqwest::header::HeaderMap::new()
    }
}
