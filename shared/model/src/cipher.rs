//! Encryption of secret values that are stored or sent. An encrypted value has Kestra's form `{"type":
//! "io.kestra.datatype:aes_encrypted", "value": "<base64>"}` (docs/kestra.md 1.2, SECRET). The base64 text holds the
//! nonce of 12 bytes, and then the output of AES-GCM.
//!
//! What it must not know: where the key comes from, who may read a value, expressions. Nothing here is random. The
//! nonce follows from the key, the owner and the value. So a step that runs twice writes the same encrypted value.
//!
//! How to add one more way to encrypt: add another type name next to [`TYPE`], and a case in [`Cipher::open`].

use crate::Json;
use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::aes::Aes192;
use aes_gcm::aes::cipher::consts::U12;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

/// The value of `type` in every encrypted value.
pub const TYPE: &str = "io.kestra.datatype:aes_encrypted";

const NONCE_LENGTH: usize = 12;

/// Why a value could not be encrypted or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// No key is set. The text says how to set a key.
    #[error("a SECRET needs an encryption key, but no key is set: {0}")]
    NoKey(String),
    /// The key is invalid. The message does not show the key.
    #[error(
        "the encryption key must be 16, 24 or 32 bytes in base64; create one with `openssl rand -base64 32`"
    )]
    BadKey,
    /// The value was encrypted with another key, or was changed after its encryption.
    #[error(
        "a secret value cannot be decrypted: it was encrypted with another key, or it was changed; start with the \
         encryption key that encrypted it"
    )]
    Unreadable,
}

/// Encrypts and decrypts secret values. A clone is cheap.
#[derive(Clone)]
pub struct Cipher(Result<Arc<Keys>, CipherError>);

struct Keys {
    cipher: Aes,
    key: Vec<u8>,
}

/// AES-GCM with a key of 16, 24 or 32 bytes.
enum Aes {
    With128(Box<Aes128Gcm>),
    With192(Box<AesGcm<Aes192, U12>>),
    With256(Box<Aes256Gcm>),
}

impl Aes {
    /// None if the key has another length.
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128Gcm::new_from_slice(key).ok().map(|cipher| Self::With128(Box::new(cipher))),
            24 => AesGcm::new_from_slice(key).ok().map(|cipher| Self::With192(Box::new(cipher))),
            32 => Aes256Gcm::new_from_slice(key).ok().map(|cipher| Self::With256(Box::new(cipher))),
            _ => None,
        }
    }

    fn encrypt(&self, nonce: &[u8; NONCE_LENGTH], text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::With128(cipher) => cipher.encrypt(nonce.into(), text),
            Self::With192(cipher) => cipher.encrypt(nonce.into(), text),
            Self::With256(cipher) => cipher.encrypt(nonce.into(), text),
        }
        .ok()
    }

    fn decrypt(&self, nonce: &[u8; NONCE_LENGTH], encrypted: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::With128(cipher) => cipher.decrypt(nonce.into(), encrypted),
            Self::With192(cipher) => cipher.decrypt(nonce.into(), encrypted),
            Self::With256(cipher) => cipher.decrypt(nonce.into(), encrypted),
        }
        .ok()
    }
}

impl fmt::Debug for Cipher {
    /// Shows whether a key is set, but never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").field("has_key", &self.0.is_ok()).finish()
    }
}

impl Cipher {
    /// A cipher with a key of 16, 24 or 32 bytes in base64.
    ///
    /// # Errors
    /// [`CipherError::BadKey`].
    pub fn from_base64(text: &str) -> Result<Self, CipherError> {
        let key = STANDARD.decode(text.trim()).map_err(|_| CipherError::BadKey)?;
        let cipher = Aes::new(&key).ok_or(CipherError::BadKey)?;
        Ok(Self(Ok(Arc::new(Keys { cipher, key }))))
    }

    /// A cipher without a key. It refuses to encrypt and decrypt. `how` is a part of the error message and says how to
    /// set a key.
    pub fn without_key(how: impl Into<String>) -> Self {
        Self(Err(CipherError::NoKey(how.into())))
    }

    /// Encrypts every text inside a value. Null stays null. `owner` names the execution and the input that the value
    /// belongs to. The same text of another owner gets another encrypted value.
    ///
    /// # Errors
    /// [`CipherError::NoKey`].
    pub fn seal(&self, value: &Json, owner: &[&str]) -> Result<Json, CipherError> {
        match value {
            Json::Null => Ok(Json::Null),
            Json::Array(items) => items
                .iter()
                .enumerate()
                .map(|(number, item)| self.seal(item, &[owner, &[&number.to_string()]].concat()))
                .collect::<Result<_, _>>()
                .map(Json::Array),
            Json::String(text) => self.seal_text(text, owner),
            other => self.seal_text(&other.to_string(), owner),
        }
    }

    fn seal_text(&self, text: &str, owner: &[&str]) -> Result<Json, CipherError> {
        let keys = self.0.as_ref().map_err(Clone::clone)?;
        let nonce = keys.nonce(text, owner);
        let encrypted = keys.cipher.encrypt(&nonce, text.as_bytes()).ok_or(CipherError::Unreadable)?;
        let value = STANDARD.encode([nonce.as_slice(), &encrypted].concat());
        Ok(serde_json::json!({"type": TYPE, "value": value}))
    }

    /// Replaces every encrypted value inside `value` by its clear text, and calls `found` with each clear text.
    ///
    /// # Errors
    /// [`CipherError`]. A value that cannot be decrypted stays encrypted.
    pub fn open(&self, value: &mut Json, found: &mut dyn FnMut(&str)) -> Result<(), CipherError> {
        if let Some(sealed) = sealed(value) {
            let text = self.open_text(sealed)?;
            found(&text);
            *value = Json::String(text);
            return Ok(());
        }
        match value {
            Json::Array(items) => items.iter_mut().try_for_each(|item| self.open(item, found)),
            Json::Object(fields) => fields.values_mut().try_for_each(|field| self.open(field, found)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
        }
    }

    fn open_text(&self, sealed: &str) -> Result<String, CipherError> {
        let keys = self.0.as_ref().map_err(Clone::clone)?;
        let bytes = STANDARD.decode(sealed).map_err(|_| CipherError::Unreadable)?;
        let (nonce, encrypted) = bytes.split_at_checked(NONCE_LENGTH).ok_or(CipherError::Unreadable)?;
        let nonce = nonce.try_into().map_err(|_| CipherError::Unreadable)?;
        let clear = keys.cipher.decrypt(&nonce, encrypted).ok_or(CipherError::Unreadable)?;
        String::from_utf8(clear).map_err(|_| CipherError::Unreadable)
    }
}

impl Keys {
    /// Two texts must never share a nonce under one key. The nonce is a hash of the key, the owner and the text, so two
    /// texts share a nonce only if the first 96 bits of SHA-256 are equal. The same text of the same owner always gets
    /// the same nonce, and this reveals nothing new. The length before each part keeps `["ab"]` and `["a", "b"]` apart.
    fn nonce(&self, text: &str, owner: &[&str]) -> [u8; NONCE_LENGTH] {
        let mut hash = Sha256::new_with_prefix(b"segue nonce");
        hash.update(&self.key);
        for part in owner.iter().chain([&text]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut nonce = [0; NONCE_LENGTH];
        nonce.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        nonce
    }
}

/// The base64 text of an encrypted value; `None` for any other value.
fn sealed(value: &Json) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    if fields.get("type")?.as_str()? != TYPE {
        return None;
    }
    fields.get("value")?.as_str()
}

/// Whether a value is encrypted.
pub fn is_sealed(value: &Json) -> bool {
    sealed(value).is_some()
}

/// Whether any value inside `value` is encrypted.
pub fn holds_sealed(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(holds_sealed),
        Json::Object(fields) => is_sealed(value) || fields.values().any(holds_sealed),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cipher(byte: u8) -> Cipher {
        Cipher::from_base64(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_key_has_16_24_or_32_bytes() {
        for length in [16, 24, 32] {
            let cipher = Cipher::from_base64(&STANDARD.encode(vec![7; length])).unwrap();
            let sealed = cipher.seal(&json!("sesame"), &["e"]).unwrap();
            assert_eq!(open(&cipher, &sealed).unwrap().0, "sesame", "{length}");
        }
        for length in [0, 15, 20, 31, 33] {
            let refused = Cipher::from_base64(&STANDARD.encode(vec![7; length])).unwrap_err();
            assert_eq!(refused, CipherError::BadKey, "{length}");
        }
    }

    fn open(cipher: &Cipher, value: &Json) -> Result<(Json, Vec<String>), CipherError> {
        let (mut value, mut found) = (value.clone(), Vec::new());
        cipher.open(&mut value, &mut |text| found.push(text.to_owned()))?;
        Ok((value, found))
    }

    #[test]
    fn what_is_sealed_is_opened_again() {
        let clear = json!(["sesame", null, "ünïcode", ""]);
        let sealed = cipher(1).seal(&clear, &["e", "i"]).unwrap();
        assert!(!sealed.to_string().contains("sesame"));
        assert_eq!(sealed[0]["type"], TYPE);
        assert_eq!(sealed[1], Json::Null);
        let around = json!({"n": 1, "deep": [sealed]});
        assert!(holds_sealed(&around));
        let (opened, found) = open(&cipher(1), &around).unwrap();
        assert_eq!(opened, json!({"n": 1, "deep": [clear]}));
        assert_eq!(found, ["sesame", "ünïcode", ""]);
    }

    #[test]
    fn the_same_comes_out_alike_and_nothing_else_does() {
        let sealed = |text: &str, owner: &[&str]| cipher(1).seal(&json!(text), owner).unwrap();
        assert_eq!(sealed("a", &["e", "i"]), sealed("a", &["e", "i"]));
        assert_ne!(sealed("a", &["e", "i"]), sealed("a", &["e", "j"]));
        let nonces = [
            cipher(1).0.unwrap().nonce("a", &["e", "i"]),
            cipher(1).0.unwrap().nonce("b", &["e", "i"]),
            cipher(1).0.unwrap().nonce("a", &["ei"]),
            cipher(1).0.unwrap().nonce("a", &["ei", ""]),
            cipher(2).0.unwrap().nonce("a", &["e", "i"]),
        ];
        let different: std::collections::HashSet<_> = nonces.iter().collect();
        assert_eq!(different.len(), nonces.len());
    }

    #[test]
    fn what_was_changed_is_refused() {
        let sealed = cipher(1).seal(&json!("sesame"), &[]).unwrap();
        let text = sealed["value"].as_str().unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        for owner in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[owner] ^= 1;
            let changed = json!({"type": TYPE, "value": STANDARD.encode(bytes)});
            assert_eq!(open(&cipher(1), &changed).unwrap_err(), CipherError::Unreadable, "{owner}");
        }
        for broken in ["", "AAAA", "no base64!", &text[4..]] {
            let changed = json!({"type": TYPE, "value": broken});
            assert_eq!(open(&cipher(1), &changed).unwrap_err(), CipherError::Unreadable, "{broken}");
        }
    }

    #[test]
    fn another_key_is_told() {
        let sealed = cipher(1).seal(&json!("sesame"), &[]).unwrap();
        let refused = open(&cipher(2), &sealed).unwrap_err().to_string();
        assert!(refused.contains("encrypted with another key"), "{refused}");
    }

    #[test]
    fn no_key_and_a_bad_one_say_what_to_do() {
        let none = Cipher::without_key("set SEGUE_ENCRYPTION_KEY");
        let refused = none.seal(&json!("sesame"), &[]).unwrap_err();
        assert!(refused.to_string().contains("set SEGUE_ENCRYPTION_KEY"), "{refused}");
        let sealed = cipher(1).seal(&json!("sesame"), &[]).unwrap();
        assert_eq!(open(&none, &sealed).unwrap_err(), refused);
        assert_eq!(open(&none, &json!({"a": "b"})).unwrap().0, json!({"a": "b"}));
        for key in ["", "c2hvcnQ=", "not base64!"] {
            let refused = Cipher::from_base64(key).unwrap_err().to_string();
            assert!(refused.contains("32 bytes in base64") && !refused.contains("c2hv"), "{refused}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_left_alone() {
        for value in
            [json!({"type": TYPE}), json!({"type": TYPE, "value": 1}), json!({"type": "x", "value": "y"})]
        {
            assert!(!holds_sealed(&value));
            assert_eq!(open(&cipher(1), &value).unwrap().0, value);
        }
        assert!(!format!("{:?}", cipher(1)).contains("[1"));
    }
}
