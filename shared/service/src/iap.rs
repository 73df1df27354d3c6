//! Identity-Aware Proxy (IAP): a request that passed it has an assertion, which Google signed for this
//! service.

use axum::http::{HeaderMap, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The header with the assertion.
const ASSERTION: &str = "x-goog-iap-jwt-assertion";
/// The issuer of assertions.
const ISSUER: &str = "https://cloud.google.com/iap";
/// The URL of Google's public keys for assertions.
const KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";
/// How long fetched keys are used before they are fetched again.
const KEPT: Duration = Duration::from_secs(3600);
/// The shortest time between two fetches, even if an unknown key is needed.
const REST: Duration = Duration::from_secs(60);
/// The timeout of a fetch.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest difference between clocks, in seconds.
const LEEWAY: u64 = 30;

/// Why assertions cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum IapError {
    /// The audience of assertions is not configured.
    #[error(
        "SEGUE_API_AUTH=iap needs SEGUE_IAP_AUDIENCE to check the assertions of Identity-Aware Proxy: set it to \
         /projects/NUMBER/locations/REGION/services/SERVICE for a Cloud Run service, or \
         /projects/NUMBER/global/backendServices/ID behind a load balancer"
    )]
    NoAudience,
    /// The HTTP client for Google's keys cannot be created.
    #[error("no HTTP client for Google's keys can be created: {0}")]
    Client(#[from] reqwest::Error),
}

/// Checks that requests passed Identity-Aware Proxy and are meant for this service. Google's keys are fetched
/// when they are first needed, and cached.
pub struct IapCheck {
    audience: String,
    url: String,
    http: reqwest::Client,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    set: Option<Arc<JwkSet>>,
    looked: Option<Instant>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
}

impl fmt::Debug for IapCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IapCheck").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl IapCheck {
    /// Reads `SEGUE_IAP_AUDIENCE`, the audience of assertions, and `SEGUE_IAP_KEYS_URL`, the URL of the keys
    /// (default: Google's own).
    ///
    /// # Errors
    /// [`IapError`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, IapError> {
        let read = |name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Ok(Self {
            audience: read("SEGUE_IAP_AUDIENCE").ok_or(IapError::NoAudience)?,
            url: read("SEGUE_IAP_KEYS_URL").unwrap_or_else(|| KEYS.to_owned()),
            http: reqwest::Client::builder().timeout(PATIENCE).build()?,
            keys: Mutex::default(),
        })
    }

    /// Accepts a request and returns who sent it, or returns the status code and reason for refusing it.
    ///
    /// # Errors
    /// 401 without an assertion, 403 with an invalid one, 503 if Google's keys cannot be fetched.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<String, (StatusCode, String)> {
        let Some(word) = headers.get(ASSERTION).and_then(|value| value.to_str().ok()) else {
            let reason = "Unauthorized: the request did not pass Identity-Aware Proxy".to_owned();
            return Err((StatusCode::UNAUTHORIZED, reason));
        };
        let refused = |error: &dyn fmt::Display| {
            let reason = format!("Forbidden: the assertion of Identity-Aware Proxy is invalid: {error}");
            (StatusCode::FORBIDDEN, reason)
        };
        let header = decode_header(word).map_err(|error| refused(&error))?;
        let name = header.kid.ok_or_else(|| refused(&"it does not name a key"))?;
        let Some(key) = self.key(&name).await? else {
            return Err(refused(&"its key is not one of Google's"));
        };
        // The algorithm is that of the keys. The assertion's own header could name a weaker one.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.leeway = LEEWAY;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(word, &key, &validation).map_err(|error| refused(&error))?.claims;
        Ok(claims.email.unwrap_or(claims.sub))
    }

    /// The key with this name, or none if Google has no such key. An unknown name may be a new key, so the
    /// keys are fetched again.
    async fn key(&self, name: &str) -> Result<Option<DecodingKey>, (StatusCode, String)> {
        let mut keys = self.keys.lock().await;
        let is_due = |after: Duration| keys.looked.is_none_or(|looked| looked.elapsed() >= after);
        let is_known = keys.set.as_ref().is_some_and(|set| set.find(name).is_some());
        if is_due(KEPT) || (!is_known && is_due(REST)) {
            match self.fetch().await {
                Ok(set) => {
                    keys.set = Some(Arc::new(set));
                    keys.looked = Some(Instant::now());
                }
                // Keys change rarely. If Google does not answer, the old keys stay valid.
                Err(error) => {
                    tracing::warn!(%error, "the keys of Identity-Aware Proxy cannot be fetched");
                    if is_known {
                        keys.looked = Some(Instant::now());
                    }
                }
            }
        }
        let Some(set) = keys.set.clone() else {
            let reason =
                "Google's keys for checking the assertions of Identity-Aware Proxy cannot be fetched";
            return Err((StatusCode::SERVICE_UNAVAILABLE, reason.to_owned()));
        };
        drop(keys);
        Ok(set.find(name).and_then(|key| DecodingKey::from_jwk(key).ok()))
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        self.http.get(&self.url).send().await?.error_for_status()?.json().await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use axum::routing::get;
    use axum::{Json, Router};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicU32, Ordering};

    const AUDIENCE: &str = "/projects/7/locations/europe-west1/services/api";

    /// Signs assertions like Google, and publishes the key.
    struct Signer {
        key: EncodingKey,
        url: String,
        fetches: Arc<AtomicU32>,
    }

    impl Signer {
        async fn new() -> Self {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let der = pair.to_pkcs8v1().unwrap();
            // An uncompressed point: the byte 4, then both coordinates.
            let point = pair.public_key().as_ref();
            let keys = json!({"keys": [{
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
                "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65]),
            }]});
            let fetches = Arc::new(AtomicU32::new(0));
            let counted = fetches.clone();
            let serve = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                std::future::ready(Json(keys.clone()))
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/keys", listener.local_addr().unwrap());
            tokio::spawn(
                async move { axum::serve(listener, Router::new().route("/keys", get(serve))).await },
            );
            Self { key: EncodingKey::from_ec_der(der.as_ref()), url, fetches }
        }

        fn word(&self, claims: &Value) -> String {
            let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::ES256) };
            jsonwebtoken::encode(&header, claims, &self.key).unwrap()
        }
    }

    fn claims() -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "accounts.google.com:1", "email": "ada@example.com",
            "iat": now, "exp": now + 600})
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut claims = claims();
        claims[name] = value.into();
        claims
    }

    fn check(url: &str) -> IapCheck {
        IapCheck::from_variables(|name| {
            Some(if name == "SEGUE_IAP_AUDIENCE" { AUDIENCE } else { url }.to_owned())
        })
        .unwrap()
    }

    async fn admit(check: &IapCheck, word: &str) -> Result<String, u16> {
        let headers = HeaderMap::from_iter([(ASSERTION.parse().unwrap(), word.parse().unwrap())]);
        check.admit(&headers).await.map_err(|(code, _)| code.as_u16())
    }

    #[tokio::test]
    async fn only_googles_assertion_for_this_service_is_accepted() {
        let (signer, forger) = (Signer::new().await, Signer::new().await);
        let check = check(&signer.url);
        assert_eq!(check.admit(&HeaderMap::new()).await.unwrap_err().0, StatusCode::UNAUTHORIZED);
        for _ in 0..3 {
            assert_eq!(admit(&check, &signer.word(&claims())).await.as_deref(), Ok("ada@example.com"));
        }
        assert_eq!(signer.fetches.load(Ordering::Relaxed), 1, "keys are kept");

        let past = jiff::Timestamp::now().as_second() - 600;
        let mut timeless = claims();
        timeless.as_object_mut().unwrap().remove("exp");
        for (what, word) in [
            ("for another", signer.word(&with("aud", "/projects/7/locations/europe-west1/services/other"))),
            ("by another", signer.word(&with("iss", "https://accounts.google.com"))),
            ("of yesterday", signer.word(&with("exp", past))),
            ("of no time", signer.word(&timeless)),
            ("forged", forger.word(&claims())),
            ("nonsense", "a.b.c".to_owned()),
        ] {
            assert_eq!(admit(&check, &word).await, Err(403), "{what}");
        }
        // An assertion signed with the public key as a shared secret, and an unsigned one.
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let word = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(b"x")).unwrap();
        assert_eq!(admit(&check, &word).await, Err(403));
        let none = URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"kid\":\"k1\"}");
        let body = URL_SAFE_NO_PAD.encode(claims().to_string());
        assert_eq!(admit(&check, &format!("{none}.{body}.")).await, Err(403));
        let header = Header { kid: Some("k2".to_owned()), ..Header::new(Algorithm::ES256) };
        let word = jsonwebtoken::encode(&header, &claims(), &signer.key).unwrap();
        for _ in 0..3 {
            assert_eq!(admit(&check, &word).await, Err(403), "a key that is not published");
        }
        assert_eq!(signer.fetches.load(Ordering::Relaxed), 1, "names of keys make nobody fetch them");
    }

    #[tokio::test]
    async fn unavailable_keys_are_answered_with_503() {
        let signer = Signer::new().await;
        let check = check("http://127.0.0.1:9/keys");
        assert_eq!(admit(&check, &signer.word(&claims())).await, Err(503));
    }

    #[test]
    fn nothing_starts_without_an_audience() {
        for given in [None, Some(" ".to_owned())] {
            let error = IapCheck::from_variables(|_| given.clone()).unwrap_err().to_string();
            assert!(error.contains("SEGUE_IAP_AUDIENCE"), "{error}");
        }
    }
}
