//! The signature of a request for AWS (version 4), with credentials that the task brings.
//!
//! What it must not know: a single service of AWS.

use crate::call::Call;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;
use segue_task::TaskError;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The service with paths that are not encoded a second time.
const STORAGE: &str = "s3";
/// What AWS leaves as it is. Everything else is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The credentials of a task, and what they are for.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    key: String,
    secret: String,
    session: Option<String>,
    region: String,
    service: String,
}

/// What a request sends.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// A file. TLS protects its bytes, and the signature does not cover them.
    File,
}

impl Signer {
    /// The credentials in the properties of the task: `accessKeyId`, `secretKeyId`, `sessionToken`, `region`.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if one of them is missing.
    pub(crate) fn new(call: &Call<'_>, service: &str) -> Result<Self, TaskError> {
        let text =
            |name: &str| call.property(name).as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let needed = |name: &str| {
            text(name).ok_or_else(|| {
                TaskError::failed(format!(
                    "{} needs the property {name}; Segue looks for no credentials of AWS outside of the flow",
                    call.connector.service
                ))
            })
        };
        let signer = Self {
            key: needed("accessKeyId")?,
            secret: needed("secretKeyId")?,
            session: text("sessionToken"),
            region: needed("region")?,
            service: service.to_owned(),
        };
        call.context.mask(&signer.secret);
        Ok(signer)
    }

    /// The header fields that sign a request. `given` are the other fields of the request: those that begin with `x-amz-`
    /// are a part of the signature.
    pub(crate) fn headers(
        &self,
        method: &str,
        url: &Url,
        given: &[(String, String)],
        payload: Payload<'_>,
        now: Timestamp,
    ) -> Vec<(&'static str, String)> {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let digest = match payload {
            Payload::Bytes(bytes) => hex(&Sha256::digest(bytes)),
            Payload::File => "UNSIGNED-PAYLOAD".to_owned(),
        };
        let mut own = vec![("x-amz-date", time.clone())];
        if self.service == STORAGE {
            own.push(("x-amz-content-sha256", digest.clone()));
        }
        own.extend(self.session.iter().map(|token| ("x-amz-security-token", token.clone())));
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let mut signed = BTreeMap::from([("host".to_owned(), host)]);
        for (name, value) in own
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value))
            .chain(given.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)))
        {
            if name.starts_with("x-amz-") {
                signed.insert(name, value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
        let names = signed.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let fields: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let request = format!("{method}\n{}\n{}\n{fields}\n{names}\n{digest}", self.path(url), query(url));
        let day = now.strftime("%Y%m%d").to_string();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let signature = hex(&mac(&self.signing_key(&day), &text));
        own.push((
            "authorization",
            format!(
                "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
                self.key
            ),
        ));
        own
    }

    fn signing_key(&self, day: &str) -> Vec<u8> {
        let first = format!("AWS4{}", self.secret).into_bytes();
        [day, &self.region, &self.service, "aws4_request"].iter().fold(first, |key, part| mac(&key, part))
    }

    /// The path as it is signed. A path of the storage service is encoded once, and that of every other service twice.
    fn path(&self, url: &Url) -> String {
        let sent = url.path();
        let parts = sent.split('/').map(|part| {
            if self.service == STORAGE {
                encode(&percent_decode_str(part).decode_utf8_lossy())
            } else {
                encode(part)
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

fn query(url: &Url) -> String {
    let mut pairs: Vec<_> = url.query_pairs().map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.sort_unstable();
    let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is allowed, so there is always a code.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(service: &str) -> Signer {
        Signer {
            key: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session: None,
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        }
    }

    fn authorization(signer: &Signer, url: &str, given: &[(String, String)], payload: Payload<'_>) -> String {
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let url = Url::parse(url).unwrap();
        let headers = signer.headers("GET", &url, given, payload, now);
        headers.into_iter().find(|(name, _)| *name == "authorization").unwrap().1
    }

    /// The vectors `get-vanilla` and `get-vanilla-query-order-key-case` of AWS's test suite.
    #[test]
    fn the_signature_is_that_of_the_test_suite() {
        let signer = signer("service");
        let empty = Payload::Bytes(b"");
        assert_eq!(
            authorization(&signer, "https://example.amazonaws.com/", &[], empty),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        let sorted =
            authorization(&signer, "https://example.amazonaws.com/?Param2=value2&Param1=value1", &[], empty);
        assert!(
            sorted.ends_with("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            "{sorted}"
        );
    }

    #[test]
    fn paths_of_the_storage_are_encoded_once() {
        let url = Url::parse("https://s3.eu-west-1.amazonaws.com/b/a%20b/x:y").unwrap();
        assert_eq!(signer("s3").path(&url), "/b/a%20b/x%3Ay");
        assert_eq!(signer("lambda").path(&url), "/b/a%2520b/x%3Ay");
    }

    #[test]
    fn own_fields_of_the_service_are_signed() {
        let given = [("X-Amz-Acl".to_owned(), "private".to_owned()), ("Accept".to_owned(), "*".to_owned())];
        let signer = Signer { session: Some("token".to_owned()), ..signer("s3") };
        let found = authorization(&signer, "https://s3.us-east-1.amazonaws.com/b/k", &given, Payload::File);
        let names = "host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-security-token";
        assert!(found.contains(&format!("SignedHeaders={names},")), "{found}");
    }
}
