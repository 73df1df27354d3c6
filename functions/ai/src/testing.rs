//! A platform in a temporary directory, for the tests of all task types.

pub(crate) use crate::server::ModelServer;
use async_trait::async_trait;
use segue_ports::tokens::{AccessToken, Tokens};
use segue_ports::{Credentials, PortError};
use segue_task::testing::Platform;
use std::path::Path;
use std::sync::Arc;

/// A platform with the task types of this service.
pub(crate) fn platform() -> Platform {
    Platform::new(crate::tasks(), |folder: &Path| segue_embedded::connect(folder).unwrap())
}

/// A platform on which every account has the token that the server expects.
pub(crate) fn platform_with_tokens() -> Platform {
    let mut platform = platform();
    platform.ports.tokens = Arc::new(OneToken);
    platform
}

struct OneToken;

#[async_trait]
impl Tokens for OneToken {
    async fn token(&self, asked: &Credentials) -> Result<AccessToken, PortError> {
        assert_eq!(asked.scopes, ["https://www.googleapis.com/auth/cloud-platform"]);
        Ok(AccessToken { value: "the-key".to_owned(), expires: None })
    }

    async fn token_for_flow(&self, _: &Credentials) -> Result<AccessToken, PortError> {
        Err(PortError::invalid("no flow asks for a token here"))
    }
}
