//! Service accounts: keys that `segue credentials` makes, and tokens that the server gives out for them.
//!
//! The server keeps only the public half of a key, in a folder of its own. The private half is in the file of the user,
//! in Google's format.

mod key;
mod tokens;

pub use key::{AccountError, KeyFile, account_email, create_key};
pub(crate) use tokens::Tokens;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use key::Public;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The largest difference between clocks, in seconds.
const LEEWAY: i64 = 60;

/// The accounts in a folder.
pub(crate) struct Accounts {
    folder: PathBuf,
}

/// What a client signed with the key of an account.
#[derive(Debug, Deserialize)]
pub(crate) struct Signed {
    pub(crate) iss: String,
    #[serde(default)]
    pub(crate) target_audience: Option<String>,
    exp: i64,
}

impl Accounts {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The public half of a key. None if there is no such key.
    pub(crate) fn public(&self, key_id: &str) -> Option<Public> {
        // The name comes from a client, and becomes the name of a file.
        let is_name =
            !key_id.is_empty() && key_id.len() <= 64 && key_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let text = std::fs::read(self.folder.join(format!("{key_id}.json"))).ok().filter(|_| is_name)?;
        serde_json::from_slice(&text).ok()
    }

    /// The public half of the newest key of an account.
    pub(crate) fn public_of(&self, email: &str) -> Vec<Public> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let read = |file: std::fs::DirEntry| {
            serde_json::from_slice::<Public>(&std::fs::read(file.path()).ok()?).ok()
        };
        files.filter_map(read).filter(|public| public.email == email).collect()
    }

    /// Reads a text that was signed with the key of an account.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn read_signed(&self, text: &str, now: Timestamp) -> Result<Signed, String> {
        let header = decode_header(text).map_err(|error| error.to_string())?;
        let name = header.kid.ok_or("it does not name its key")?;
        let public = self.public(&name).ok_or("its key is not a key of this server")?;
        let key = DecodingKey::from_rsa_der(&public.der().ok_or("its key cannot be read")?);
        // The algorithm is that of the keys. The header could name a weaker one.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_issuer(&[&public.email]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        let signed = decode::<Signed>(text, &key, &validation).map_err(|error| error.to_string())?.claims;
        if signed.exp.saturating_add(LEEWAY) < now.as_second() {
            return Err("it has expired".to_owned());
        }
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use segue_ports::{Clock as _, SystemClock};
    use serde_json::json;

    fn sign(key: &KeyFile, issuer: &str, exp: i64, key_id: &str) -> String {
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::RS256) };
        let private = EncodingKey::from_rsa_pem(key.private_key.as_bytes()).unwrap();
        encode(&header, &json!({"iss": issuer, "exp": exp, "aud": "x"}), &private).unwrap()
    }

    #[test]
    fn only_the_keys_of_this_server_are_believed() {
        let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let now = SystemClock.now();
        let own = create_key(here.path(), "p", "ada", "http://127.0.0.1:1/token").unwrap();
        let foreign = create_key(elsewhere.path(), "p", "ada", "http://127.0.0.1:1/token").unwrap();
        let accounts = Accounts::at(here.path());
        let later = now.as_second() + 60;
        let signed =
            accounts.read_signed(&sign(&own, &own.client_email, later, &own.private_key_id), now).unwrap();
        assert_eq!(signed.iss, "ada@p.iam.gserviceaccount.com");
        for (what, text) in [
            ("an unknown key", sign(&foreign, &foreign.client_email, later, &foreign.private_key_id)),
            (
                "another's key under a known name",
                sign(&foreign, &own.client_email, later, &own.private_key_id),
            ),
            ("another account", sign(&own, "eve@p.iam.gserviceaccount.com", later, &own.private_key_id)),
            ("too late", sign(&own, &own.client_email, later - 600, &own.private_key_id)),
            ("a path", sign(&own, &own.client_email, later, "../x")),
        ] {
            assert!(accounts.read_signed(&text, now).is_err(), "{what}");
        }
    }
}
