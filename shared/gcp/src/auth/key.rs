//! Tokens for the key of a service account, from Google's token server, with `yup-oauth2`.
//!
//! It must not know: which service the tokens are for.

use super::unreadable;
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::tokens::AccessToken;
use std::time::Duration;
use tokio::sync::OnceCell;
use yup_oauth2::authenticator::DefaultAuthenticator;
use yup_oauth2::error::AuthErrorCode;
use yup_oauth2::{Error, ServiceAccountAuthenticator, ServiceAccountKey};

/// Google's token server. The address in a key is not used: the author of a flow must not choose an address that the
/// service sends a request to.
const SERVER: &str = "https://oauth2.googleapis.com/token";
/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The tokens of one key. The library caches a token and fetches the next one before it expires.
pub(super) struct KeyTokens {
    key: ServiceAccountKey,
    scopes: Vec<String>,
    port: &'static str,
    /// Created at the first request.
    tokens: OnceCell<DefaultAuthenticator>,
}

impl std::fmt::Debug for KeyTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyTokens").field("account", &self.key.client_email).finish_non_exhaustive()
    }
}

impl KeyTokens {
    /// # Errors
    /// [`PortError::Invalid`] for an invalid key.
    pub(super) fn new(
        mut key: serde_json::Value,
        scopes: Vec<String>,
        port: &'static str,
    ) -> Result<Self, PortError> {
        if let Some(fields) = key.as_object_mut() {
            fields.insert("token_uri".to_owned(), SERVER.into());
        }
        // The library's error may quote the key, so the error is not passed on.
        let key =
            serde_json::from_value(key).map_err(|_| unreadable("it is not that of a service account"))?;
        Ok(Self { key, scopes, port, tokens: OnceCell::new() })
    }

    /// A token.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the server refuses the key. [`PortError::Unavailable`] if it does not answer.
    pub(super) async fn token(&self) -> Result<String, PortError> {
        Ok(self.access_token().await?.value)
    }

    /// A token with the end of its validity.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub(super) async fn access_token(&self) -> Result<AccessToken, PortError> {
        let made = self.tokens.get_or_try_init(|| {
            ServiceAccountAuthenticator::builder(self.key.clone()).with_timeout(LIMIT).build()
        });
        // The only thing that can be wrong here is the private key.
        let tokens = made.await.map_err(|_| unreadable("its private_key is not a key"))?;
        let token = tokens.token(&self.scopes).await.map_err(|error| self.refused(&error))?;
        match token.token() {
            Some(value) => {
                let end = token.expiration_time().map(|end| end.unix_timestamp());
                let expires = end.and_then(|seconds| Timestamp::from_second(seconds).ok());
                Ok(AccessToken { value: value.to_owned(), expires })
            }
            None => {
                Err(PortError::unavailable(self.port, "Google's token server sent an answer without a token"))
            }
        }
    }

    fn refused(&self, error: &Error) -> PortError {
        use AuthErrorCode as Code;
        match error {
            Error::AuthError(said) if !matches!(said.error, Code::Other(_)) => PortError::invalid(format!(
                "{}: Google gives the account {} no token: {said}",
                self.port, self.key.client_email
            )),
            other => PortError::unavailable(self.port, super::chain(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use axum::http::StatusCode;
    use axum::routing::post;
    use axum::{Json, Router};
    use base64::Engine as _;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn pem() -> String {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = base64::engine::general_purpose::STANDARD.encode(pair.as_der().unwrap().as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
    }

    fn key(pem: &str) -> Value {
        json!({"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com", "project_id": "p",
            "private_key_id": "1", "private_key": pem, "token_uri": "http://169.254.169.254/token"})
    }

    /// The tokens of a key from a server with this answer, and the number of its requests.
    async fn tokens(status: u16, answer: Value) -> (KeyTokens, Arc<AtomicUsize>) {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let serve = move |body: String| {
            counted.fetch_add(1, Ordering::SeqCst);
            assert!(body.contains("assertion=") && body.contains("jwt-bearer"), "{body}");
            let answer = (StatusCode::from_u16(status).unwrap(), Json(answer.clone()));
            async move { answer }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        let router = Router::new().route("/token", post(serve));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut tokens = KeyTokens::new(key(&pem()), vec!["https://s".to_owned()], "warehouse").unwrap();
        assert_eq!(tokens.key.token_uri, SERVER, "the address in the key is not used");
        tokens.key.token_uri = address;
        (tokens, asked)
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_and_kept() {
        let answer = json!({"access_token": "t0k3n", "expires_in": 3600, "token_type": "Bearer"});
        let (tokens, asked) = tokens(200, answer).await;
        for _ in 0..3 {
            assert_eq!(tokens.token().await.unwrap(), "t0k3n");
        }
        assert!(tokens.access_token().await.unwrap().expires.is_some());
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_key_that_was_deleted_is_refused() {
        let refused = json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
        let error = tokens(400, refused).await.0.token().await.unwrap_err();
        assert!(
            matches!(&error, PortError::Invalid { message } if message.contains("Invalid JWT")),
            "{error}"
        );
        let down =
            tokens(503, json!({"error": "temporarily unavailable"})).await.0.token().await.unwrap_err();
        assert!(down.is_transient(), "{down}");
    }
}
