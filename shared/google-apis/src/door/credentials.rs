//! Who may send requests.

use crate::accounts::{Accounts, Tokens};
use crate::refusal::Refusal;
use axum::http::{HeaderMap, Method, Uri, header};
use segue_ports::Clock;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Paths that need no credential: they give one out, after a check of their own, or say that the server is there.
const OPEN: &[&str] = &["/", "/token", "/oauth2/v4/token"];
/// The path of the metadata server.
const METADATA: &str = "/computeMetadata/";

/// The callers that are let in.
pub(crate) struct Callers {
    pub(crate) accounts: Accounts,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    secret: String,
    /// Whether a request without a credential is let in.
    is_open: bool,
}

impl Callers {
    pub(crate) fn new(accounts: Accounts, clock: Arc<dyn Clock>, secret: String, is_open: bool) -> Self {
        Self { accounts, tokens: Tokens::default(), clock, secret, is_open }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(is_open: bool) -> Self {
        let accounts = Accounts::at(std::path::Path::new("/nowhere"));
        Self::new(accounts, Arc::new(segue_ports::SystemClock), "s3cret".to_owned(), is_open)
    }

    #[cfg(test)]
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Refuses a request without a valid credential. `secret` is the one of the path.
    pub(super) fn admit(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        secret: Option<&str>,
    ) -> Result<(), Refusal> {
        if let Some(given) = secret {
            let is_right: bool = given.as_bytes().ct_eq(self.secret.as_bytes()).into();
            return if is_right { Ok(()) } else { Err(refused("the secret in the address is wrong")) };
        }
        let path = uri.path();
        if OPEN.contains(&path) {
            return Ok(());
        }
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let token = given.to_str().ok().and_then(|text| text.split_once(' '));
            return match token {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.bearer(token.trim()),
                _ => Err(refused("the header Authorization has no bearer token")),
            };
        }
        if crate::signed::is_signed(uri) {
            return crate::signed::check(self, method, uri, headers);
        }
        if self.is_open {
            return Ok(());
        }
        if path.starts_with(METADATA) {
            return Err(refused("this server gives tokens only to programs that know its secret"));
        }
        Err(refused("the request has no token"))
    }

    /// Refuses a token that this server has not given out, and that no account of this server has signed.
    fn bearer(&self, token: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        if self.tokens.knows(token, now) {
            return Ok(());
        }
        // Some clients sign their requests with the key of their account, instead of asking for a token.
        if token.matches('.').count() == 2 && self.accounts.read_signed(token, now).is_ok() {
            return Ok(());
        }
        Err(refused("the token is wrong or has expired"))
    }
}

/// The refusal of a caller.
pub(crate) fn refused(why: &str) -> Refusal {
    Refusal::new(
        "authError",
        format!(
            "Invalid Credentials: {why}; run `segue env` for the settings of Google's clients, or `segue credentials` for \
             the key of an account"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn admits(callers: &Callers, path: &str, authorization: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers
            .extend(authorization.map(|text| (header::AUTHORIZATION, HeaderValue::from_str(text).unwrap())));
        callers.admit(&Method::GET, &path.parse().unwrap(), &headers, None).is_ok()
    }

    #[test]
    fn a_wrong_token_is_refused_everywhere_and_no_token_where_it_is_asked_for() {
        for is_open in [true, false] {
            let callers = Callers::for_tests(is_open);
            let (token, _) = callers.tokens.give("a@b", callers.clock.now());
            assert!(admits(&callers, "/storage/v1/b", Some(&format!("Bearer {token}"))));
            assert!(!admits(&callers, "/storage/v1/b", Some("Bearer owner")));
            assert!(!admits(&callers, "/storage/v1/b", Some("Basic YTpi")));
            assert!(!admits(&callers, "/storage/v1/b", Some("Bearer a.b.c")));
            assert_eq!(admits(&callers, "/storage/v1/b", None), is_open);
            assert_eq!(admits(&callers, "/computeMetadata/v1/", None), is_open);
            assert!(admits(&callers, "/token", None));
        }
        let (foreign, _) = Callers::for_tests(true).tokens.give("a@b", segue_ports::SystemClock.now());
        assert!(!admits(&Callers::for_tests(true), "/storage/v1/b", Some(&format!("Bearer {foreign}"))));
    }
}
