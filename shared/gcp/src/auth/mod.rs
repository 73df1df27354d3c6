//! The identity for requests to Google: converts the credentials of a flow to those of Google's library.
//!
//! What it is: [`credentials`] for the clients of Google's crates, and [`Caller`], which returns the headers of a plain
//! REST request. The library fetches, caches and renews tokens. Empty credentials select the credentials of the
//! environment (`GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, the metadata server). Requests to an emulator have no
//! credentials.
//!
//! What it must not know: which service is called. An error never contains a key; it names the unreadable
//! field.
//!
//! How to add one more: a kind of key that flows may use is an arm in [`key`]. Keys that make the library run
//! a program or call an address that the key names (`external_account`) are not allowed in flows.

mod key;
mod tokens;

use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials as GoogleCredentials, anonymous, impersonated, service_account,
};
use key::KeyTokens;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use segue_ports::tokens::AccessToken;
use segue_ports::{Credentials, PortError};
use serde_json::Value;
use std::sync::Arc;
pub use tokens::GoogleTokens;

/// The scope of a token when the flow names no scope. The token then has every permission of the account.
const EVERYTHING: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The fields of a service account's key. Each is a text.
const KEY_FIELDS: [&str; 4] = ["client_email", "private_key_id", "private_key", "project_id"];

/// Google's credentials for the credentials of a flow. They are anonymous for an emulator, which has no
/// accounts. Call this function within an async runtime, because the runtime renews the tokens.
///
/// # Errors
/// [`PortError::Invalid`] for an invalid key, account or scope, also with an emulator.
/// [`PortError::Unavailable`] if the environment has no usable credentials.
pub(crate) fn credentials(
    asked: &Credentials,
    port: &'static str,
    emulated: bool,
) -> Result<GoogleCredentials, PortError> {
    let key = asked.service_account.as_deref().filter(|text| !is_ambient(text)).map(key).transpose()?;
    let account = asked.impersonate.as_deref().map(account).transpose()?;
    let scopes = scopes(&asked.scopes)?;
    if emulated {
        return Ok(anonymous::Builder::new().build());
    }
    // The impersonated account has the scopes. The impersonating account must only be allowed to ask for a
    // token.
    let own = if account.is_some() { vec![EVERYTHING.to_owned()] } else { scopes.clone() };
    let source = match key {
        // The error of the library may quote the key, so this error replaces it.
        Some(key) => service_account::Builder::new(key)
            .with_access_specifier(service_account::AccessSpecifier::from_scopes(own))
            .build()
            .map_err(|_| unreadable("it is not that of a service account"))?,
        None => Builder::default().with_scopes(own).build().map_err(|error| {
            PortError::unavailable(
                port,
                format!("the credentials of the environment cannot be read: {error}"),
            )
        })?,
    };
    let Some(account) = account else { return Ok(source) };
    impersonated::Builder::from_source_credentials(source)
        .with_target_principal(account)
        .with_scopes(scopes)
        .build()
        .map_err(|error| {
            PortError::invalid(format!("impersonatedServiceAccount '{account}' cannot be used: {error}"))
        })
}

/// Whether the text says that there is no key. A flow that reads its key from a value can select the
/// service's own credentials in this way.
fn is_ambient(text: &str) -> bool {
    text.trim().is_empty() || text.trim().eq_ignore_ascii_case("ambient")
}

/// The key of a service account.
fn key(text: &str) -> Result<Value, PortError> {
    // The position of the mistake is not reported either: the parser's message may quote the text there.
    let key: Value = serde_json::from_str(text).map_err(|_| unreadable("it is not JSON"))?;
    if !key.is_object() {
        return Err(unreadable("it is not a JSON object"));
    }
    match key.get("type").and_then(Value::as_str) {
        Some("service_account") => {}
        Some(_) => return Err(unreadable("its type is another one than service_account")),
        None => return Err(unreadable("it has no type")),
    }
    for field in KEY_FIELDS {
        if key.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(unreadable(&format!("it has no {field}")));
        }
    }
    if !key.get("private_key").and_then(Value::as_str).is_some_and(|pem| pem.contains("-----BEGIN ")) {
        return Err(unreadable("its private_key is not PEM, which begins with -----BEGIN"));
    }
    Ok(key)
}

fn unreadable(why: &str) -> PortError {
    PortError::invalid(format!(
        "serviceAccount is not a key of a service account: {why}. The content of the JSON file is meant that \
         Google Cloud hands out when a key is made"
    ))
}

/// Checks the e-mail address of an account, because the address becomes a part of a URL.
fn account(email: &str) -> Result<&str, PortError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@');
    if email.split('@').count() == 2 && email.bytes().all(plain) {
        return Ok(email);
    }
    Err(PortError::invalid(format!(
        "impersonatedServiceAccount is '{}'; the e-mail of a service account is meant, \
         e.g. loader@my-project.iam.gserviceaccount.com",
        email.escape_debug()
    )))
}

fn scopes(asked: &[String]) -> Result<Vec<String>, PortError> {
    if asked.is_empty() {
        return Ok(vec![EVERYTHING.to_owned()]);
    }
    match asked.iter().find(|scope| !scope.starts_with("https://")) {
        None => Ok(asked.to_vec()),
        Some(wrong) => Err(PortError::invalid(format!(
            "scopes has '{}'; URLs are meant, e.g. {EVERYTHING}",
            wrong.escape_debug()
        ))),
    }
}

/// The identity for plain REST requests. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    source: Source,
    port: &'static str,
}

/// Where tokens come from.
#[derive(Clone, Debug)]
enum Source {
    /// Google's library: the environment, the metadata server, another account.
    Google(GoogleCredentials),
    /// The key of a service account.
    Key(Arc<KeyTokens>),
}

impl Caller {
    pub(crate) fn new(credentials: GoogleCredentials, port: &'static str) -> Self {
        Self { source: Source::Google(credentials), port }
    }

    /// The identity for the credentials of a flow. A key gets its tokens from Google's token server. Everything else is
    /// as in [`credentials`].
    ///
    /// # Errors
    /// As [`credentials`].
    pub(crate) fn of(asked: &Credentials, port: &'static str, emulated: bool) -> Result<Self, PortError> {
        let own = credentials(asked, port, emulated)?;
        let text = asked.service_account.as_deref().filter(|text| !is_ambient(text));
        match text {
            Some(text) if !emulated && asked.impersonate.is_none() => {
                let tokens = KeyTokens::new(key(text)?, scopes(&asked.scopes)?, port)?;
                Ok(Self { source: Source::Key(Arc::new(tokens)), port })
            }
            _ => Ok(Self::new(own, port)),
        }
    }

    /// A token. Empty for an emulator.
    ///
    /// # Errors
    /// As [`Self::headers`].
    pub(crate) async fn token(&self) -> Result<String, PortError> {
        if let Source::Key(tokens) = &self.source {
            return tokens.token().await;
        }
        let headers = self.headers().await?;
        let bearer =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        Ok(bearer.unwrap_or_default().to_owned())
    }

    /// A token with the end of its validity, if its source says it.
    ///
    /// # Errors
    /// As [`Self::headers`].
    pub(crate) async fn access_token(&self) -> Result<AccessToken, PortError> {
        match &self.source {
            Source::Key(tokens) => tokens.access_token().await,
            Source::Google(_) => Ok(AccessToken { value: self.token().await?, expires: None }),
        }
    }

    /// The headers of a request: `Authorization`, and `x-goog-user-project` if the environment names a
    /// project to bill. Empty for an emulator.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if no token can be fetched now. [`PortError::Invalid`] if these credentials
    /// can never get a token.
    pub(crate) async fn headers(&self) -> Result<HeaderMap, PortError> {
        let credentials = match &self.source {
            Source::Google(credentials) => credentials,
            Source::Key(tokens) => {
                let token = format!("Bearer {}", tokens.token().await?);
                let mut token = HeaderValue::from_str(&token).map_err(|_| {
                    PortError::unavailable(self.port, "Google's token server sent an odd token")
                })?;
                token.set_sensitive(true);
                return Ok([(AUTHORIZATION, token)].into_iter().collect());
            }
        };
        match credentials.headers(Default::default()).await {
            Ok(CacheableResource::New { data, .. }) => Ok(data),
            // Google's library answers this only if the caller sends the tag of an earlier answer. This call sends no
            // tag.
            Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
            Err(error) if error.is_transient() => Err(PortError::unavailable(self.port, chain(&error))),
            Err(error) => Err(PortError::invalid(format!(
                "{}: Google gives these credentials no token: {}",
                self.port,
                chain(&error)
            ))),
        }
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "c2VjcmV0LWtleQ";

    fn full() -> Value {
        json!({"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com", "project_id": "p",
            "private_key_id": "1", "private_key": format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n")})
    }

    fn asked(key: &str) -> Credentials {
        Credentials { service_account: Some(key.to_owned()), ..Credentials::default() }
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_read_is_refused_without_being_shown() {
        let without = |field: &str| {
            let mut key = full();
            key.as_object_mut().unwrap().remove(field);
            key.to_string()
        };
        let with = |field: &str, value: Value| {
            let mut key = full();
            key[field] = value;
            key.to_string()
        };
        for (key, why) in [
            (SECRET.to_owned(), "not JSON"),
            (format!("{{\"private_key\": \"{SECRET}\""), "not JSON"),
            (json!(SECRET).to_string(), "not a JSON object"),
            (without("type"), "no type"),
            (with("type", json!("external_account")), "another one"),
            (without("private_key"), "no private_key"),
            (with("client_email", json!({"x": SECRET})), "no client_email"),
            (with("private_key", json!(SECRET)), "not PEM"),
            (with("universe_domain", json!({"x": SECRET})), "not that of"),
        ] {
            for emulated in [false, true] {
                let answer = credentials(&asked(&key), "object store", emulated);
                match answer {
                    Err(PortError::Invalid { message }) => {
                        assert!(message.contains(why), "{why}: {message}");
                        assert!(!message.contains(SECRET), "the key is in the message");
                    }
                    // An emulator accepts what only the library would refuse.
                    Ok(_) => assert!(emulated && why == "not that of", "{why}"),
                    Err(other) => panic!("{other}"),
                }
            }
        }
        assert!(credentials(&asked(&full().to_string()), "object store", false).is_ok());
    }

    /// The library parses the private key when it first needs a token.
    #[tokio::test]
    async fn an_invalid_private_key_gets_no_token_and_is_not_shown() {
        let made = credentials(&asked(&full().to_string()), "object store", false).unwrap();
        let answer = Caller::new(made, "object store").headers().await;
        match answer {
            Err(PortError::Invalid { message }) => {
                assert!(message.contains("object store") && !message.contains(SECRET), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }

    /// `yup-oauth2` parses it then too.
    #[tokio::test]
    async fn an_invalid_private_key_of_a_caller_gets_no_token_and_is_not_shown() {
        let caller = Caller::of(&asked(&full().to_string()), "warehouse", false).unwrap();
        for answer in [caller.token().await.map(|_| ()), caller.headers().await.map(|_| ())] {
            match answer {
                Err(PortError::Invalid { message }) => {
                    assert!(message.contains("private_key") && !message.contains(SECRET), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(Caller::of(&asked(&full().to_string()), "x", true).unwrap().token().await.unwrap(), "");
    }

    #[tokio::test]
    async fn an_account_to_act_as_is_an_email() {
        let acting =
            |email: &str| Credentials { impersonate: Some(email.to_owned()), ..asked(&full().to_string()) };
        assert!(credentials(&acting("b@p.iam.gserviceaccount.com"), "x", false).is_ok());
        for wrong in ["", "b", "a@b@c", "a/../b@p", "a@p?x=y", "a@p:generate"] {
            let answer = credentials(&acting(wrong), "x", false);
            assert!(matches!(answer, Err(PortError::Invalid { .. })), "{wrong}");
        }
    }

    #[tokio::test]
    async fn scopes_are_urls() {
        let scoped =
            |scope: &str| Credentials { scopes: vec![scope.to_owned()], ..asked(&full().to_string()) };
        assert!(credentials(&scoped("https://www.googleapis.com/auth/bigquery"), "x", false).is_ok());
        assert!(credentials(&scoped("bigquery"), "x", false).is_err());
    }

    #[tokio::test]
    async fn requests_to_an_emulator_have_no_identity() {
        let made = credentials(&Credentials::default(), "x", true).unwrap();
        assert!(Caller::new(made, "x").headers().await.unwrap().is_empty());
    }
}
