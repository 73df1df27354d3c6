//! Authenticates callers, if the server requires it.

use super::throttle::{Throttle, Try, client};
use super::{Access, pages, token};
use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_service::IapCheck;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Authenticates callers.
pub(crate) struct Guard {
    access: Access,
    throttle: Throttle,
}

/// Whether a path below `/api/v1` and the tenant needs authentication. `/configs` is open, because the login
/// page needs it.
pub(crate) fn is_guarded(path: &str) -> bool {
    path != "/configs"
}

/// The credentials of a request.
enum Shown {
    /// `name:password`.
    Basic(Vec<u8>),
    Bearer(String),
}

/// Refuses callers without valid credentials.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if guard.access.webhooks_only {
        return webhook(request, next).await;
    }
    if !guard.asks(&request) {
        return next.run(request).await;
    }
    let admitted = match (guard.admit(&request), &guard.access.iap) {
        (Some(decided), _) => decided,
        (None, Some(iap)) => by_proxy(iap, request.headers()).await,
        (None, None) => Err(Box::new(guard.challenge())),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    }
}

impl Guard {
    pub(crate) fn new(access: Access) -> Self {
        Self { access, throttle: Throttle::default() }
    }

    /// Whether the path of the request needs authentication.
    fn asks(&self, request: &Request) -> bool {
        let Access { basic, token, iap, .. } = &self.access;
        let by_name = basic.is_some() || iap.is_some();
        match request.uri().path() {
            // Monitoring has no credentials, and sees only whether the server works.
            "/" | "/health" | token::PATH => false,
            // Kestra answers programs that collect metrics without a password. A token is required from every caller.
            "/prometheus" => token.is_some(),
            // The key of a webhook is itself a secret, so a webhook needs no token. With a user name, webhooks need it, as
            // in Kestra.
            path if pages::is_webhook(request.method(), path) => by_name,
            // The browser asks for the password at the first page, and sends it with every later request.
            path if path == "/ui" || path.starts_with("/ui/") => by_name || token.is_some(),
            path => match pages::below_base(path) {
                Some(path) => is_guarded(path) && (by_name || token.is_some()),
                None => false,
            },
        }
    }

    /// Checks the name and password, or the token, of a request. `None` if the request has no valid credentials.
    fn admit(&self, request: &Request) -> Option<Result<(), Box<Response>>> {
        let Access { basic, token, proxies, .. } = &self.access;
        let headers = request.headers();
        if token.as_ref().is_some_and(|token| token.knows(headers)) {
            return Some(Ok(()));
        }
        let given = match shown(headers)? {
            Shown::Bearer(given) => return token.as_ref()?.is(&given).then_some(Ok(())),
            Shown::Basic(_) if basic.is_none() && token.is_none() => return None,
            Shown::Basic(given) => given,
        };
        let is_right = || {
            let password = given.iter().position(|byte| *byte == b':').and_then(|at| given.get(at + 1..));
            let password = password.and_then(|password| std::str::from_utf8(password).ok());
            let is_token = token.as_ref().zip(password).is_some_and(|(token, given)| token.is(given));
            basic.as_ref().is_some_and(|basic| basic.is(&given)) || is_token
        };
        let client = client(request, *proxies);
        match self.throttle.attempt(client, Instant::now(), is_right) {
            Try::Right => Some(Ok(())),
            Try::TooEarly(wait) => Some(Err(Box::new(too_early(wait)))),
            Try::Wrong(times, wait) if wait.is_zero() => {
                tracing::warn!(%client, times, "a wrong name or password");
                None
            }
            Try::Wrong(times, wait) => {
                let seconds = wait.as_secs();
                tracing::error!(%client, times, seconds, "wrong names or passwords: the next try has to wait");
                None
            }
        }
    }

    fn challenge(&self) -> Response {
        let (challenge, reason) = if self.access.basic.is_some() {
            ("Basic realm=\"Segue\", charset=\"UTF-8\"", "Authentication is needed")
        } else {
            let reason = "Authentication is needed: send 'Authorization: Bearer TOKEN', with the token from server.json \
                          in the server's data directory; in a browser, open the link that \
                          'segue server --token --open' prints";
            ("Bearer realm=\"Segue\"", reason)
        };
        let challenge = HeaderValue::from_static(challenge);
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], reason).into_response()
    }
}

/// Answers webhooks and the check of the platform, and nothing else.
async fn webhook(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/health" || pages::is_webhook(request.method(), path) {
        return next.run(request).await;
    }
    let reason = "Not Found: this address answers webhooks only, at /api/v1/main/executions/webhook/NAMESPACE/FLOW/KEY";
    (StatusCode::NOT_FOUND, reason).into_response()
}

/// Lets a request in that came through Identity-Aware Proxy.
async fn by_proxy(iap: &IapCheck, headers: &HeaderMap) -> Result<(), Box<Response>> {
    iap.admit(headers).await.map(drop).map_err(|(code, reason)| {
        tracing::warn!(code = code.as_u16(), reason, "a request is not admitted");
        Box::new((code, reason).into_response())
    })
}

fn shown(headers: &HeaderMap) -> Option<Shown> {
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let given = given.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown::Bearer(given.to_owned()));
    }
    // Unreadable credentials count as a wrong try.
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    is_basic.then(|| Shown::Basic(STANDARD.decode(given).unwrap_or_default()))
}

fn too_early(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let error = ApiError::too_many(format!(
        "Too many wrong names or passwords came from this address: try again in {seconds} s"
    ));
    ([(header::RETRY_AFTER, HeaderValue::from(seconds))], error).into_response()
}
