//! Access tokens of Google Cloud: for requests to services of Google that have no port of their own.

use crate::{Credentials, PortError};
use async_trait::async_trait;
use jiff::Timestamp;
use std::fmt;

/// Where access tokens come from.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// A token for a request that Segue sends itself, and only to Google. The flow does not see the token.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if these credentials never get a token, and [`PortError::Unavailable`] if there is none now.
    async fn token(&self, credentials: &Credentials) -> Result<AccessToken, PortError>;

    /// A token for a flow. Empty credentials are refused where the account of the service may do more than the author of
    /// the flow.
    ///
    /// # Errors
    /// As [`Self::token`].
    async fn token_for_flow(&self, credentials: &Credentials) -> Result<AccessToken, PortError>;
}

/// An access token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token. This is a secret.
    pub value: String,
    /// The end of its validity. None if the source does not say it.
    pub expires: Option<Timestamp>,
}

/// Prints everything but the token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// No tokens: for programs without a client of Google.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTokens;

#[async_trait]
impl Tokens for NoTokens {
    async fn token(&self, _: &Credentials) -> Result<AccessToken, PortError> {
        Err(PortError::invalid(
            "this program has no client for Google's access tokens, because it was built without Google Cloud \
             (`make demo` does so); run the task in the `segue` that `make build` makes",
        ))
    }

    async fn token_for_flow(&self, credentials: &Credentials) -> Result<AccessToken, PortError> {
        self.token(credentials).await
    }
}
