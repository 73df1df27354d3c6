//! Basic authentication.

use crate::parts::Api;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use subtle::ConstantTimeEq as _;

/// Paths, behind `/api/v1`, that need no name: the page that asks for it needs them itself.
const OPEN: [&str; 1] = ["/configs"];

/// Who may come in.
#[derive(Clone)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// A name without a password, or the other way round.
#[derive(Debug, thiserror::Error)]
#[error("SEGUE_USERNAME and SEGUE_PASSWORD are set together or not at all")]
pub struct HalfSet;

impl fmt::Debug for BasicAuth {
    /// The name, never the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth").field("username", &self.username).finish_non_exhaustive()
    }
}

impl BasicAuth {
    /// Reads `SEGUE_USERNAME` and `SEGUE_PASSWORD`; none where neither is set.
    ///
    /// # Errors
    /// When only one of them is set: half a protection is none.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, HalfSet> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (read("SEGUE_USERNAME"), read("SEGUE_PASSWORD")) {
            (Some(username), Some(password)) => Ok(Some(Self { username, password })),
            (None, None) => Ok(None),
            _ => Err(HalfSet),
        }
    }

    /// Whether a request names itself as it should. Takes the same time however much of it is right.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, coded)| STANDARD.decode(coded.trim()).ok());
        let Some(given) = given else { return false };
        let expected = format!("{}:{}", self.username, self.password);
        given.ct_eq(expected.as_bytes()).into()
    }
}

/// Lets nobody else in.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(auth) = &api.access.basic else { return next.run(request).await };
    let path = request.uri().path();
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let path = path.strip_prefix("/main").unwrap_or(path);
    if OPEN.contains(&path) || auth.admits(request.headers()) {
        return next.run(request).await;
    }
    let challenge = HeaderValue::from_static("Basic realm=\"Segue\", charset=\"UTF-8\"");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], "Authentication is needed")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_both_or_neither() {
        let read = |pairs: &[(&str, &str)]| {
            BasicAuth::from_env(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(read(&[]).unwrap().is_none());
        assert_eq!(read(&[("SEGUE_USERNAME", "a"), ("SEGUE_PASSWORD", "b")]).unwrap().unwrap().username, "a");
        assert!(read(&[("SEGUE_USERNAME", "a")]).is_err() && read(&[("SEGUE_PASSWORD", "b")]).is_err());
    }

    #[test]
    fn only_the_right_name_and_password_are_admitted() {
        let auth = BasicAuth { username: "a@b.c".to_owned(), password: "p:w ü".to_owned() };
        let admits = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            auth.admits(&headers)
        };
        let coded = |text: &str| STANDARD.encode(text);
        assert!(admits(&format!("Basic {}", coded("a@b.c:p:w ü"))));
        assert!(admits(&format!("basic  {}", coded("a@b.c:p:w ü"))));
        for wrong in ["a@b.c:p:w", "a@b.c:", ":p:w ü", "", "a@b.c:p:w ü "] {
            assert!(!admits(&format!("Basic {}", coded(wrong))), "{wrong}");
        }
        assert!(!admits(&format!("Bearer {}", coded("a@b.c:p:w ü"))));
        assert!(!admits("Basic %%%") && !admits("Basic"));
        assert!(!auth.admits(&HeaderMap::new()));
        assert!(!format!("{auth:?}").contains("p:w"));
    }
}
