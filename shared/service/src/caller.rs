//! Who may push messages: Pub/Sub, with an ID token that Google signed for this service.

use axum::http::{HeaderMap, StatusCode, header};
use google_cloud_auth::credentials::idtoken::verifier;
use std::fmt;

/// Who may push messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushCaller {
    /// Every caller. On Cloud Run this is for services that only Pub/Sub's account may invoke. There, Google
    /// checks the token before the request arrives.
    Anybody,
    /// A caller with Google's ID token for an account.
    Account {
        /// The account's e-mail address.
        email: String,
        /// The accepted audiences of the token: the push endpoint's URL, or the audience set in the
        /// subscription.
        audiences: Vec<String>,
        /// The URL of Google's public keys. None: Google's own address.
        keys: Option<String>,
    },
}

/// Checks callers. Google's keys are fetched once and cached while they are valid.
pub(crate) struct CallerCheck(Option<verifier::Verifier>);

impl fmt::Debug for CallerCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallerCheck").field(&self.0.is_some()).finish()
    }
}

impl CallerCheck {
    pub(crate) fn new(caller: &PushCaller) -> Self {
        let PushCaller::Account { email, audiences, keys } = caller else { return Self(None) };
        let mut builder = verifier::Builder::new(audiences.clone()).with_email(email.clone());
        if let Some(url) = keys {
            builder = builder.with_jwks_url(url.clone());
        }
        Self(Some(builder.build()))
    }

    /// Accepts a request, or returns the status code and reason for refusing it. If the keys cannot be
    /// fetched, the message is delivered again.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
        let Some(verifier) = &self.0 else { return Ok(()) };
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = token else {
            return Err((
                StatusCode::UNAUTHORIZED,
                "the request has no ID token; send Authorization: Bearer <token>".to_owned(),
            ));
        };
        match verifier.verify(token).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_load_cert() => {
                tracing::warn!(%error, "the keys for checking ID tokens cannot be fetched");
                Err((StatusCode::SERVICE_UNAVAILABLE, "Google's keys cannot be fetched".to_owned()))
            }
            Err(error) => Err((StatusCode::FORBIDDEN, format!("the ID token is invalid: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

    use super::*;
    use crate::app::{Handlers, app};
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use axum::{Json, Router};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use segue_ports::wire::Message;
    use segue_ports::{MessageHandler, Verdict};
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tower::ServiceExt as _;

    const ACCOUNT: &str = "push@demo.iam.gserviceaccount.com";
    const AUDIENCE: &str = "https://http.run.app";

    struct Nothing;

    #[async_trait::async_trait]
    impl MessageHandler for Nothing {
        async fn handle(&self, _: Message) -> Verdict {
            Verdict::Done
        }
    }

    /// Signs tokens, and publishes the keys to check them.
    struct Signer {
        key: EncodingKey,
        url: String,
        fetches: Arc<AtomicU32>,
    }

    impl Signer {
        async fn new() -> Self {
            let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
            let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            let pem = format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                STANDARD.encode(pkcs8.as_ref())
            );
            let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let public = pair.public_key();
            let keys = json!({"keys": [{
                "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
                "n": number(public.modulus().big_endian_without_leading_zero()),
                "e": number(public.exponent().big_endian_without_leading_zero()),
            }]});
            let fetches = Arc::new(AtomicU32::new(0));
            let counted = fetches.clone();
            let serve = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                std::future::ready(Json(keys.clone()))
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/certs", listener.local_addr().unwrap());
            tokio::spawn(
                async move { axum::serve(listener, Router::new().route("/certs", get(serve))).await },
            );
            Self { key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(), url, fetches }
        }

        fn token(&self, claims: &Value) -> String {
            let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::RS256) };
            jsonwebtoken::encode(&header, claims, &self.key).unwrap()
        }
    }

    fn claims() -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": true,
            "sub": "1", "iat": now, "exp": now + 600})
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut claims = claims();
        claims[name] = value.into();
        claims
    }

    async fn push(app: &Router, token: Option<&str>) -> StatusCode {
        let body = json!({"message": {"data": STANDARD.encode("{\"kind\":\"sweep\"}")}}).to_string();
        let mut request = Request::post("/");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap().status()
    }

    fn guarded(keys: &str) -> Router {
        let caller = PushCaller::Account {
            email: ACCOUNT.to_owned(),
            audiences: vec![AUDIENCE.to_owned()],
            keys: Some(keys.to_owned()),
        };
        app(Handlers::messages_only(Nothing), &caller, 4)
    }

    #[tokio::test]
    async fn only_the_account_with_a_token_for_this_service_may_push() {
        let signer = Signer::new().await;
        let app = guarded(&signer.url);
        for _ in 0..3 {
            assert_eq!(push(&app, Some(&signer.token(&claims()))).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(signer.fetches.load(Ordering::Relaxed), 1, "the keys are kept");
        assert_eq!(push(&app, None).await, StatusCode::UNAUTHORIZED);
        let refused = [
            signer.token(&with("aud", "https://other.run.app")),
            signer.token(&with("iss", "https://evil.example")),
            signer.token(&with("email", "else@demo.iam.gserviceaccount.com")),
            signer.token(&with("email_verified", false)),
            signer.token(&with("exp", 1_000)),
            Signer::new().await.token(&claims()),
            "no.token".to_owned(),
        ];
        for token in refused {
            assert_eq!(push(&app, Some(&token)).await, StatusCode::FORBIDDEN, "{token}");
        }
        let health = app.oneshot(Request::get("/health").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(health.status(), StatusCode::OK, "how the service is may be asked by anybody");
    }

    #[tokio::test]
    async fn a_message_comes_again_while_the_keys_are_unavailable() {
        let signer = Signer::new().await;
        let app = guarded("http://127.0.0.1:9/certs");
        assert_eq!(push(&app, Some(&signer.token(&claims()))).await, StatusCode::SERVICE_UNAVAILABLE);
    }
}
