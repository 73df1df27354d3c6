//! Secrets that people set through the API. They are in a file of the data directory, encrypted with its key.
//!
//! A secret from the environment or from a `.env` file cannot be changed here, because the program would read the old
//! value after its next start.
//!
//! What it must not know: who sets secrets. The module never prints a value.

use crate::private;
use crate::secrets::EnvSecretStore;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::{Cipher, Json};
use segue_ports::secret::stored_key;
use segue_ports::{Clock as _, PortError, Secret, SecretSource, SecretStore, SystemClock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;

/// The name of the file. Only its owner can read it.
pub(crate) const FILE: &str = "secrets.json";
const PORT: &str = "secret store";

/// The secrets of a data directory, with those from outside.
pub(crate) struct KeptSecrets {
    outside: EnvSecretStore,
    path: PathBuf,
    cipher: Cipher,
    kept: Mutex<BTreeMap<String, Kept>>,
}

/// A secret in the file.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    /// The encrypted value.
    value: Json,
    updated: Timestamp,
}

impl KeptSecrets {
    /// The secrets of a data directory. The caller must be the only user of the directory.
    pub(crate) fn open(data_dir: &Path, outside: EnvSecretStore, cipher: Cipher) -> Result<Self, PortError> {
        let path = data_dir.join(FILE);
        let kept = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&path, error))?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(&path, error)),
        };
        Ok(Self { outside, path, cipher, kept: Mutex::new(kept) })
    }

    fn value(&self, key: &str) -> Result<Option<String>, PortError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Kept { value, .. }) = kept.get(&key.to_ascii_uppercase()) else { return Ok(None) };
        let mut value = value.clone();
        self.cipher.open(&mut value, &mut |_| {}).map_err(|error| {
            PortError::invalid(format!("the secret '{key}' cannot be decrypted: {error}; set it again"))
        })?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Changes the secrets and the file. A failed write changes nothing.
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Kept>) -> T) -> Result<T, PortError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = kept.clone();
        let done = change(&mut next);
        let bytes = serde_json::to_vec(&next).map_err(|error| failed(&self.path, error))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let written = NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            private::sync_folder(folder)
        });
        written.map_err(|error| failed(&self.path, error))?;
        *kept = next;
        Ok(done)
    }

    /// Refuses a secret from outside.
    async fn own(&self, namespace: &str, key: &str) -> Result<String, PortError> {
        let key = stored_key(key)?;
        if self.outside.names(namespace).await?.contains(&key) {
            return Err(PortError::Conflict {
                what: format!(
                    "the secret '{key}' comes from the variable SECRET_{key} of the server or its file .env; change it \
                     there, and start the server again"
                ),
            });
        }
        Ok(key)
    }
}

fn failed(path: &Path, error: impl std::fmt::Display) -> PortError {
    PortError::unavailable(PORT, format!("{}: {error}", path.display()))
}

#[async_trait]
impl SecretStore for KeptSecrets {
    async fn get(&self, namespace: &str, key: &str) -> Result<Option<String>, PortError> {
        match self.outside.get(namespace, key).await? {
            None => self.value(key),
            found => Ok(found),
        }
    }

    async fn names(&self, namespace: &str) -> Result<Vec<String>, PortError> {
        Ok(self.list(namespace).await?.into_iter().map(|secret| secret.key).collect())
    }

    async fn list(&self, namespace: &str) -> Result<Vec<Secret>, PortError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kept = kept.into_iter().map(|(key, Kept { updated, .. })| {
            (key.clone(), Secret { key, source: SecretSource::Store, updated: Some(updated) })
        });
        let mut all: BTreeMap<String, Secret> = kept.collect();
        let outside = self.outside.list(namespace).await?;
        all.extend(outside.into_iter().map(|secret| (secret.key.clone(), secret)));
        Ok(all.into_values().collect())
    }

    async fn put(&self, namespace: &str, key: &str, value: &str) -> Result<(), PortError> {
        let key = self.own(namespace, key).await?;
        let sealed = self.cipher.seal(&Json::String(value.to_owned()), &["secret", &key]);
        let sealed = sealed.map_err(|error| PortError::invalid(error.to_string()))?;
        self.change(|kept| {
            kept.insert(key, Kept { value: sealed, updated: SystemClock.now() });
        })
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<bool, PortError> {
        let key = self.own(namespace, key).await?;
        if !self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
            return Ok(false);
        }
        self.change(|kept| kept.remove(&key).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn open(folder: &Path) -> KeptSecrets {
        let outside = EnvSecretStore::new([("SECRET_FIXED".to_owned(), "eA==".to_owned())]);
        KeptSecrets::open(folder, outside, crate::key::cipher(folder, None).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn it_does_what_the_port_says() {
        let folder = tempfile::tempdir().unwrap();
        segue_ports::conformance::secret::all_changes(&open(folder.path()), "kept").await.unwrap();
    }

    #[tokio::test]
    async fn values_are_encrypted_and_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).put("company", "token", "sesame").await.unwrap();
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("TOKEN") && !text.contains("sesame"), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = open(folder.path());
        assert_eq!(again.get("other", "Token").await.unwrap().as_deref(), Some("sesame"));
        assert_eq!(again.names("other").await.unwrap(), ["FIXED", "TOKEN"]);
    }

    #[tokio::test]
    async fn a_secret_from_outside_is_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        for refused in
            [store.put("company", "fixed", "new").await, store.delete("company", "FIXED").await.map(|_| ())]
        {
            let error = refused.unwrap_err();
            assert!(
                matches!(error, PortError::Conflict { .. }) && error.to_string().contains("SECRET_FIXED")
            );
        }
        assert_eq!(store.get("company", "fixed").await.unwrap().as_deref(), Some("x"));
    }
}
