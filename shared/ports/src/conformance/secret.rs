//! What every [`SecretStore`] must do. The adapter's test puts [`SECRETS`] where the adapter reads, and nothing else
//! that a flow may see.

use crate::error::PortError;
use crate::secret::SecretStore;

/// The secrets that are to be there, in order: the keys as they are stored, and the values.
pub const SECRETS: [(&str, &str); 3] =
    [("API_KEY", "s3cr3t"), ("DB-PASSWORD", " \"quoted\" & spaced "), ("TOKEN", "open sésame\n")];

/// Runs every check.
///
/// # Errors
/// What the store answered where it should not have failed.
///
/// # Panics
/// When the store does not do as it must.
pub async fn all(store: &dyn SecretStore) -> Result<(), PortError> {
    values_are_read_as_they_were_set(store).await?;
    a_key_is_found_however_it_is_written(store).await?;
    what_is_not_there_is_none(store).await?;
    names_come_in_order(store).await
}

/// Not a byte is added or lost, and every namespace sees the same.
///
/// # Errors
/// What the store answered.
pub async fn values_are_read_as_they_were_set(store: &dyn SecretStore) -> Result<(), PortError> {
    for (key, value) in SECRETS {
        for namespace in ["company", "company.team"] {
            assert_eq!(store.get(namespace, key).await?.as_deref(), Some(value), "{key} in {namespace}");
        }
    }
    Ok(())
}

/// The key's case is not minded (docs/kestra.md 3.6).
///
/// # Errors
/// What the store answered.
pub async fn a_key_is_found_however_it_is_written(store: &dyn SecretStore) -> Result<(), PortError> {
    for (key, value) in [("api_key", "s3cr3t"), ("Api_Key", "s3cr3t"), ("token", "open sésame\n")] {
        assert_eq!(store.get("company", key).await?.as_deref(), Some(value), "{key}");
    }
    Ok(())
}

/// Neither a key that nobody set nor one that looks like a path is there.
///
/// # Errors
/// What the store answered.
pub async fn what_is_not_there_is_none(store: &dyn SecretStore) -> Result<(), PortError> {
    for key in ["ABSENT", "", "../TOKEN", "TOKEN/versions/1", "TOK EN"] {
        assert_eq!(store.get("company", key).await?, None, "{key:?}");
    }
    Ok(())
}

/// The names and no values, sorted.
///
/// # Errors
/// What the store answered.
pub async fn names_come_in_order(store: &dyn SecretStore) -> Result<(), PortError> {
    assert_eq!(store.names("company").await?, SECRETS.map(|(key, _)| key));
    Ok(())
}
