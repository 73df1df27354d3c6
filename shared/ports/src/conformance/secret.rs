//! What every [`SecretStore`] must do. The adapter's test puts [`SECRETS`] where the adapter reads, and no
//! other secret that a flow may see.

use crate::error::PortError;
use crate::secret::{SecretSource, SecretStore};

/// The secrets that must exist, in order: the key as stored, and the value.
pub const SECRETS: [(&str, &str); 3] =
    [("API_KEY", "s3cr3t"), ("DB-PASSWORD", " \"quoted\" & spaced "), ("TOKEN", "open sésame\n")];

/// Runs every check.
pub async fn all(store: &dyn SecretStore) -> Result<(), PortError> {
    values_are_read_as_they_were_set(store).await?;
    a_key_is_found_however_it_is_written(store).await?;
    what_is_not_there_is_none(store).await?;
    names_come_in_order(store).await
}

/// A value has exactly the bytes that were set, and is the same in every namespace.
pub async fn values_are_read_as_they_were_set(store: &dyn SecretStore) -> Result<(), PortError> {
    for (key, value) in SECRETS {
        for namespace in ["company", "company.team"] {
            assert_eq!(store.get(namespace, key).await?.as_deref(), Some(value), "{key} in {namespace}");
        }
    }
    Ok(())
}

/// The case of a key does not matter (docs/kestra.md 3.6).
pub async fn a_key_is_found_however_it_is_written(store: &dyn SecretStore) -> Result<(), PortError> {
    for (key, value) in [("api_key", "s3cr3t"), ("Api_Key", "s3cr3t"), ("token", "open sésame\n")] {
        assert_eq!(store.get("company", key).await?.as_deref(), Some(value), "{key}");
    }
    Ok(())
}

/// A key that nobody set does not exist, and neither does a key that looks like a path.
pub async fn what_is_not_there_is_none(store: &dyn SecretStore) -> Result<(), PortError> {
    for key in ["ABSENT", "", "../TOKEN", "TOKEN/versions/1", "TOK EN"] {
        assert_eq!(store.get("company", key).await?, None, "{key:?}");
    }
    Ok(())
}

/// Names are sorted, and have no values.
pub async fn names_come_in_order(store: &dyn SecretStore) -> Result<(), PortError> {
    assert_eq!(store.names("company").await?, SECRETS.map(|(key, _)| key));
    Ok(())
}

/// What a store that can be changed must do too. `scope` becomes part of the name of a
/// secret, which must not exist.
pub async fn all_changes(store: &dyn SecretStore, scope: &str) -> Result<(), PortError> {
    let key = format!("CHANGED_{scope}").to_uppercase();
    assert_eq!(store.get("company", &key).await?, None);
    for value in ["first", "second\nwith \u{fc}ml\u{e4}uts", ""] {
        store.put("company", &key.to_lowercase(), value).await?;
        assert_eq!(store.get("company", &key).await?.as_deref(), Some(value), "a new value is seen at once");
    }
    let listed = store.list("company").await?;
    assert!(listed.is_sorted_by(|one, other| one.key < other.key), "{listed:?}");
    let found = listed.iter().find(|secret| secret.key == key).map(|secret| secret.source);
    assert_eq!(found, Some(SecretSource::Store));
    assert!(store.names("company").await?.contains(&key));
    assert!(store.delete("company", &key).await?);
    assert!(!store.delete("company", &key).await?, "a secret is deleted once");
    assert_eq!(store.get("company", &key).await?, None);
    for wrong in ["", "a b", "../x", "x/versions/1", "SEGUE_AUTH", "segue_auth"] {
        let refused = store.put("company", wrong, "x").await;
        assert!(matches!(refused, Err(PortError::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    Ok(())
}
