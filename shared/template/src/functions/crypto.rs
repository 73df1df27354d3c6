//! `encrypt()` and `decrypt()`: AES-GCM with a base64 key, as in Kestra's encryption service. The encrypted text is the
//! base64 of twelve bytes of nonce, followed by the encrypted bytes.

use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes192;
use aes_gcm::aes::cipher::consts::U12;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] =
    &[builtin("encrypt", &["key", "plaintext"], encrypt), builtin("decrypt", &["key", "encrypted"], decrypt)];

const NONCE_LENGTH: usize = 12;

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes192(Box<AesGcm<Aes192, U12>>),
    Aes256(Box<Aes256Gcm>),
}

fn cipher(args: &Args<'_>) -> Result<Cipher, Fault> {
    let key = STANDARD.decode(args.text(0, "key")?);
    let key = key.map_err(|_| Fault::from(format!("The key of the {} is not base64", args.callee)))?;
    let cipher = match key.len() {
        16 => Aes128Gcm::new_from_slice(&key).map(|cipher| Cipher::Aes128(Box::new(cipher))),
        24 => AesGcm::new_from_slice(&key).map(|cipher| Cipher::Aes192(Box::new(cipher))),
        _ => Aes256Gcm::new_from_slice(&key).map(|cipher| Cipher::Aes256(Box::new(cipher))),
    };
    cipher.map_err(|_| {
        format!("The key of the {} must have 16, 24 or 32 bytes, but has {}", args.callee, key.len()).into()
    })
}

fn encrypt(run: &Run, args: &Args<'_>) -> Outcome {
    let plaintext = args.text(1, "plaintext")?.as_bytes();
    run.charge(1 + plaintext.len() / 16)?;
    let nonce: Vec<u8> =
        run.random().to_be_bytes().into_iter().chain(run.random().to_be_bytes()).take(NONCE_LENGTH).collect();
    let place = nonce.as_slice().try_into().map_err(|_| Fault::from("the nonce has the wrong length"))?;
    let encrypted = match cipher(args)? {
        Cipher::Aes128(cipher) => cipher.encrypt(place, plaintext),
        Cipher::Aes192(cipher) => cipher.encrypt(place, plaintext),
        Cipher::Aes256(cipher) => cipher.encrypt(place, plaintext),
    };
    let encrypted = encrypted.map_err(|_| Fault::from("The text cannot be encrypted"))?;
    Ok(Value::from(STANDARD.encode([nonce, encrypted].concat())))
}

fn decrypt(run: &Run, args: &Args<'_>) -> Outcome {
    let failed =
        || Fault::from("The text cannot be decrypted: the key is wrong, or the text is not encrypted");
    run.charge(1 + args.text(1, "encrypted")?.len() / 16)?;
    let encrypted = STANDARD.decode(args.text(1, "encrypted")?).map_err(|_| failed())?;
    let (nonce, encrypted) = encrypted.split_at_checked(NONCE_LENGTH).ok_or_else(failed)?;
    let nonce = nonce.try_into().map_err(|_| failed())?;
    let plaintext = match cipher(args)? {
        Cipher::Aes128(cipher) => cipher.decrypt(nonce, encrypted),
        Cipher::Aes192(cipher) => cipher.decrypt(nonce, encrypted),
        Cipher::Aes256(cipher) => cipher.decrypt(nonce, encrypted),
    };
    let plaintext = plaintext.map_err(|_| failed())?;
    String::from_utf8(plaintext).map(Value::from).map_err(|_| failed())
}
