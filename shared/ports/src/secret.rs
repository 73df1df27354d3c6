//! Secrets, by name. A value is read only into the memory of the service that uses it.

use crate::error::PortError;
use async_trait::async_trait;
use jiff::Timestamp;

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Outside of Segue, which only reads it: a variable of the environment, or a file.
    Outside,
    /// The store itself, in which it can be changed.
    Store,
}

/// What is known of a secret. Its value is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The name.
    pub key: String,
    /// Where it comes from.
    pub source: SecretSource,
    /// When it was set last. None if this is not known.
    pub updated: Option<Timestamp>,
}

/// Reads and changes secrets. Every method can also return [`PortError::Unavailable`] if the store does not answer.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret `key` as seen from `namespace`. None if there is no such secret.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the secret exists but cannot be decoded (bad base64).
    async fn get(&self, namespace: &str, key: &str) -> Result<Option<String>, PortError>;

    /// The names of the secrets that `namespace` sees, in order, without their values.
    async fn names(&self, namespace: &str) -> Result<Vec<String>, PortError>;

    /// The secrets that `namespace` sees, in the order of their names.
    async fn list(&self, namespace: &str) -> Result<Vec<Secret>, PortError> {
        let names = self.names(namespace).await?.into_iter();
        Ok(names.map(|key| Secret { key, source: SecretSource::Outside, updated: None }).collect())
    }

    /// Sets a secret, for all namespaces that see the store. The key is stored in upper case.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the key is invalid, or the store is only read. [`PortError::Conflict`] if the secret
    /// comes from outside, which would hide the new value.
    async fn put(&self, namespace: &str, key: &str, value: &str) -> Result<(), PortError> {
        let _is_not_kept = (namespace, value);
        Err(read_only(key))
    }

    /// Removes a secret. Returns false if the secret did not exist.
    ///
    /// # Errors
    /// As [`Self::put`].
    async fn delete(&self, namespace: &str, key: &str) -> Result<bool, PortError> {
        let _is_not_kept = namespace;
        Err(read_only(key))
    }
}

fn read_only(key: &str) -> PortError {
    PortError::invalid(format!(
        "the secret '{key}' cannot be changed here, because the secrets of this server are only read; set it where the \
         server gets its secrets from"
    ))
}

/// The form in which a key is stored.
///
/// # Errors
/// [`PortError::Invalid`] if the key is not made of letters, digits, `_` and `-`, or is one of Segue's own settings.
pub fn stored_key(key: &str) -> Result<String, PortError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if key.is_empty() || key.len() > 200 || !key.chars().all(is_plain) {
        return Err(PortError::invalid(format!(
            "'{}' cannot be the name of a secret: use up to 200 letters, digits, '_' and '-'",
            key.escape_debug()
        )));
    }
    let key = key.to_ascii_uppercase();
    if key.starts_with("SEGUE_") {
        return Err(PortError::invalid(format!(
            "'{key}' is the name of a setting of Segue; use another name"
        )));
    }
    Ok(key)
}
