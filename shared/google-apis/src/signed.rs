//! Signed addresses (version 4): a client with the key of an account signs the address of an object, and whoever has the
//! address may use it until it expires.

use crate::door::{Callers, refused};
use crate::refusal::Refusal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;

/// The only algorithm.
const ALGORITHM: &str = "GOOG4-RSA-SHA256";
/// The longest time that a signed address is valid, in seconds.
const LONGEST: i64 = 7 * 24 * 3600;

/// Whether an address has a signature.
pub(crate) fn is_signed(uri: &Uri) -> bool {
    parameter(uri, "X-Goog-Signature").is_some()
}

/// A parameter of the address, as it is written.
fn raw<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    raw(uri, name).map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// Refuses an address with a wrong or expired signature.
pub(crate) fn check(
    callers: &Callers,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let part =
        |name: &str| parameter(uri, name).ok_or_else(|| refused(&format!("the address has no {name}")));
    if part("X-Goog-Algorithm")? != ALGORITHM {
        return Err(refused("the algorithm of the address is unknown"));
    }
    let (credential, date) = (part("X-Goog-Credential")?, part("X-Goog-Date")?);
    let signed_at = moment(&date).ok_or_else(|| refused("the date of the address is invalid"))?;
    let seconds =
        part("X-Goog-Expires")?.parse::<i64>().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| refused("the time of the address is invalid"))?;
    let now = callers.clock.now();
    let age = now.duration_since(signed_at);
    if age > SignedDuration::from_secs(seconds) || age < SignedDuration::from_mins(-15) {
        return Err(refused("the address has expired"));
    }
    let (email, scope): (&str, &str) =
        credential.split_once('/').ok_or_else(|| refused("the account of the address is invalid"))?;
    let signature =
        hexadecimal(&part("X-Goog-Signature")?).ok_or_else(|| refused("the signature is invalid"))?;
    let canonical = canonical(method, uri, headers, &part("X-Goog-SignedHeaders")?);
    let hash: String =
        digest(&SHA256, canonical.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = [ALGORITHM, &date, scope, &hash].join("\n");
    let is_right = callers.accounts.public_of(email).iter().filter_map(|public| public.der()).any(|der| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(text.as_bytes(), &signature).is_ok()
    });
    if is_right { Ok(()) } else { Err(refused("the signature of the address is wrong")) }
}

/// `20240101T120000Z`.
fn moment(text: &str) -> Option<Timestamp> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    pairs.collect()
}

/// What was signed: the request, with its parameters in order.
fn canonical(method: &Method, uri: &Uri, headers: &HeaderMap, names: &str) -> String {
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    pairs.retain(|pair| !pair.to_ascii_lowercase().starts_with("x-goog-signature="));
    pairs.sort_unstable();
    let mut lines = String::new();
    for name in names.split(';') {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let value = values.join(",").split_whitespace().collect::<Vec<_>>().join(" ");
        lines.push_str(&format!("{name}:{value}\n"));
    }
    let content = headers.get("x-goog-content-sha256").and_then(|value| value.to_str().ok());
    let content = content.unwrap_or("UNSIGNED-PAYLOAD");
    format!("{method}\n{}\n{}\n{lines}\n{names}\n{content}", uri.path(), pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_signatures_are_read() {
        assert_eq!(moment("20240101T120000Z").unwrap().to_string(), "2024-01-01T12:00:00Z");
        assert!(moment("2024-01-01").is_none());
        assert_eq!(hexadecimal("00ff10"), Some(vec![0, 255, 16]));
        assert!(hexadecimal("0").is_none() && hexadecimal("zz").is_none());
    }
}
