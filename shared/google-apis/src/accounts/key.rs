//! Makes the key of an account: the file for the client, and the public half for the server.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_ports::random_name;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The folder cannot be written.
    #[error("the key of the account cannot be stored: {0}")]
    Disk(#[from] std::io::Error),
    /// The name of the account is invalid.
    #[error("'{0}' is not the name of an account: 1 to 63 of a-z, 0-9 and '-', beginning with a letter")]
    Name(String),
    /// The key cannot be made.
    #[error("no key can be made: {0}")]
    Key(String),
}

/// The key of a service account, in Google's format. This is a secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    /// The project.
    pub project_id: String,
    /// The name of the key.
    pub private_key_id: String,
    /// The private key, as PEM.
    pub private_key: String,
    /// The account.
    pub client_email: String,
    client_id: String,
    auth_uri: String,
    /// Where the client gets its tokens: this server.
    pub token_uri: String,
    universe_domain: String,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("client_email", &self.client_email).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// The same key, for a server with another address.
    #[must_use]
    pub fn with_token_uri(self, token_uri: &str) -> Self {
        Self { token_uri: token_uri.to_owned(), auth_uri: auth_uri(token_uri), ..self }
    }
}

/// Clients do not use this address, but expect one.
fn auth_uri(token_uri: &str) -> String {
    token_uri.replace("/token", "/auth")
}

/// The public half of a key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Public {
    pub(crate) email: String,
    /// The key as PKCS#1, in base64.
    key: String,
}

impl Public {
    /// The key as PKCS#1.
    pub(crate) fn der(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.key).ok()
    }
}

/// The e-mail address of a service account.
pub fn account_email(project: &str, name: &str) -> String {
    format!("{name}@{project}.iam.gserviceaccount.com")
}

/// Makes a key of the account `name`, and stores its public half in `folder`, where the server looks for it. Clients ask
/// `token_uri` for tokens.
///
/// # Errors
/// [`AccountError`].
pub fn create_key(
    folder: &Path,
    project: &str,
    name: &str,
    token_uri: &str,
) -> Result<KeyFile, AccountError> {
    let is_name = (1..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_name {
        return Err(AccountError::Name(name.to_owned()));
    }
    let failed = |error: &dyn std::fmt::Display| AccountError::Key(error.to_string());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| failed(&error))?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| failed(&error))?;
    let key_id = random_name();
    let email = account_email(project, name);
    let public = Public { email: email.clone(), key: STANDARD.encode(pair.public_key().as_ref()) };
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string(&public).map_err(|error| failed(&error))?.as_bytes())?;
    file.persist(folder.join(format!("{key_id}.json"))).map_err(|error| error.error)?;
    Ok(KeyFile {
        kind: "service_account".to_owned(),
        project_id: project.to_owned(),
        private_key_id: key_id,
        private_key: pem(private.as_ref()),
        client_email: email,
        client_id: "1".to_owned(),
        auth_uri: auth_uri(token_uri),
        token_uri: token_uri.to_owned(),
        universe_domain: "googleapis.com".to_owned(),
    })
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_has_googles_form_and_is_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let key = create_key(folder.path(), "demo", "etl", "http://127.0.0.1:8088/token").unwrap();
        let written = serde_json::to_value(&key).unwrap();
        assert_eq!(written["type"], "service_account");
        assert_eq!(written["client_email"], "etl@demo.iam.gserviceaccount.com");
        assert!(key.private_key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(!format!("{key:?}").contains("BEGIN"));
        let stored =
            std::fs::read_to_string(folder.path().join(format!("{}.json", key.private_key_id))).unwrap();
        assert!(!stored.contains("PRIVATE"), "the server has the public half alone");
        for wrong in ["", "A", "../x", "1a", "a_b"] {
            assert!(create_key(folder.path(), "demo", wrong, "x").is_err(), "{wrong}");
        }
    }
}
