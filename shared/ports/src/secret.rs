//! Secrets, by name. A value is resolved only in the memory of the service that uses it.

use crate::error::PortError;
use async_trait::async_trait;

/// Reads secrets.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret `key` as seen from `namespace`; none when there is no such secret.
    ///
    /// # Errors
    /// [`PortError::Invalid`] when it is there but cannot be read (bad base64), [`PortError::Unavailable`].
    async fn get(&self, namespace: &str, key: &str) -> Result<Option<String>, PortError>;

    /// The names of the secrets that `namespace` sees, in order; never what they are.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn names(&self, namespace: &str) -> Result<Vec<String>, PortError>;
}
