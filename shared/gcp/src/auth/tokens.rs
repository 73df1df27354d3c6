//! Access tokens for tasks.

use super::{Caller, is_ambient};
use async_trait::async_trait;
use segue_ports::tokens::{AccessToken, Tokens};
use segue_ports::{Credentials, PortError};

/// The name of this port in errors.
const PORT: &str = "access tokens";

/// The tokens of Google: for keys of service accounts, for other accounts, and for the credentials of the environment.
#[derive(Clone, Copy, Debug)]
pub struct GoogleTokens {
    /// Whether a flow may have a token of the environment's credentials.
    lends_own: bool,
    emulated: bool,
}

impl GoogleTokens {
    /// The tokens on one machine. The credentials of the environment belong to the person who runs Segue.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self { lends_own: true, emulated: false }
    }

    /// The tokens of a deployed service, or of emulators, which accept every token.
    pub(crate) fn of_a_service(emulated: bool) -> Self {
        Self { lends_own: false, emulated }
    }
}

#[async_trait]
impl Tokens for GoogleTokens {
    async fn token(&self, credentials: &Credentials) -> Result<AccessToken, PortError> {
        let token = Caller::of(credentials, PORT, self.emulated)?.access_token().await;
        match token {
            // The library asks for the metadata server last, and its error says little about anything else.
            Err(PortError::Unavailable { .. }) if self.lends_own && is_own(credentials) => {
                Err(PortError::invalid(
                    "this machine's own credentials of Google give no token; set serviceAccount, or run `gcloud auth \
                     application-default login`, and check the network",
                ))
            }
            token => token,
        }
    }

    async fn token_for_flow(&self, credentials: &Credentials) -> Result<AccessToken, PortError> {
        if !self.lends_own && is_own(credentials) {
            return Err(PortError::invalid(
                "a token of the service's own account would give the flow every right of the service; set serviceAccount \
                 to a key, or impersonatedServiceAccount to an account on which the account of the service has \
                 roles/iam.serviceAccountTokenCreator",
            ));
        }
        self.token(credentials).await
    }
}

/// Whether the token is for the account of the service itself.
fn is_own(credentials: &Credentials) -> bool {
    let has_key = credentials.service_account.as_deref().is_some_and(|text| !is_ambient(text));
    !has_key && credentials.impersonate.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deployed_service_does_not_lend_its_own_account() {
        let deployed = GoogleTokens::of_a_service(true);
        let own = Credentials::default();
        let ambient = Credentials { service_account: Some("ambient".to_owned()), ..Credentials::default() };
        for credentials in [&own, &ambient] {
            let error = deployed.token_for_flow(credentials).await.unwrap_err();
            assert!(error.to_string().contains("every right of the service"), "{error}");
            assert!(deployed.token(credentials).await.is_ok(), "the service itself may use it");
        }
        let other = Credentials { impersonate: Some("b@p.iam.gserviceaccount.com".to_owned()), ..own };
        assert!(deployed.token_for_flow(&other).await.is_ok());
    }
}
