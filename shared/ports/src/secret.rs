//! Secrets, by name. A value is read only into the memory of the service that uses it.

use crate::error::PortError;
use async_trait::async_trait;

/// Reads secrets. Every method can also return [`PortError::Unavailable`] if the store does not answer.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret `key` as seen from `namespace`. None if there is no such secret.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the secret exists but cannot be decoded (bad base64).
    async fn get(&self, namespace: &str, key: &str) -> Result<Option<String>, PortError>;

    /// The names of the secrets that `namespace` sees, in order, without their values.
    async fn names(&self, namespace: &str) -> Result<Vec<String>, PortError>;
}
