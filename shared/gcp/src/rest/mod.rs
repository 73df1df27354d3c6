//! Google's REST APIs: JSON in, JSON out.
//!
//! What it is: [`Rest`], a base address with an identity. Requests are retried if this may help ([`retry`]),
//! and errors contain Google's answer ([`RestError`]). An API at Google and on an emulator differs only in
//! its address, so both use the same code.
//!
//! What it must not know: any particular API. The adapter decides what an answer means to a port.
//!
//! How to add one more: an API is a [`Rest`] with its own base address. Nothing is added here.

mod error;
mod pieces;
mod resumable;
mod retry;

pub(crate) use error::{Refusal, RestError};
pub(crate) use pieces::{Piece, Pieces};
pub(crate) use resumable::Session;
pub(crate) use retry::Retries;

use crate::auth::Caller;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode, Url};
use segue_ports::PortError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The time limit for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest pause within an answer. A call that waits on purpose waits for less.
const SILENCE: Duration = Duration::from_secs(90);

/// An API. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    client: Client,
    base: Url,
    caller: Caller,
}

impl Rest {
    /// The API at this address, such as `https://storage.googleapis.com/storage/v1`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an invalid URL. [`PortError::Unavailable`] without TLS.
    pub(crate) fn new(base: &str, caller: Caller, port: &'static str) -> Result<Self, PortError> {
        let base = address(base, port)?;
        // Bodies are returned as they were sent, whatever features other crates enable in the client.
        let mut client = Client::builder()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            // Status 308 reports the progress of an upload, so it is not a redirect.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("segue/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // An emulator is nearby, and no proxy leads to it.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| PortError::unavailable(port, error))?;
        Ok(Self { client, base, caller })
    }

    /// Another API, with the same connections and the same identity.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an invalid URL.
    pub(crate) fn at(&self, base: &str, port: &'static str) -> Result<Self, PortError> {
        Ok(Self { base: address(base, port)?, ..self.clone() })
    }

    /// A request to the resource with these names. The names may contain any characters.
    pub(crate) fn request<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>) -> Request<'_> {
        let (mut url, mut wrong) = (self.base.clone(), None);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for name in path {
                // In a URL these names mean other resources, in any spelling.
                if matches!(name, "" | "." | "..") {
                    wrong = Some(format!("'{name}' is not a name that can be asked for"));
                }
                segments.push(name);
            }
        }
        Request { rest: self, method, url, wrong, headers: HeaderMap::new(), body: Bytes::new(), once: false }
    }

    /// A request to an address that Google returned.
    ///
    /// # Errors
    /// [`RestError::Unreadable`] for an invalid URL.
    pub(crate) fn to(&self, method: Method, url: &str) -> Result<Request<'_>, RestError> {
        let url = Url::parse(url)
            .map_err(|error| RestError::Unreadable(format!("an address in an answer is none: {error}")))?;
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Ok(Request { rest: self, method, url, wrong: None, headers, body, once: false })
    }

    /// A request that reads.
    pub(crate) fn get<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Request<'_> {
        self.request(Method::GET, path)
    }

    /// A request that creates something.
    pub(crate) fn post<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Request<'_> {
        self.request(Method::POST, path)
    }
}

fn address(base: &str, port: &'static str) -> Result<Url, PortError> {
    Url::parse(base)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| PortError::invalid(format!("{port}: '{base}' is not the address of a service")))
}

/// A request that is being built.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    rest: &'a Rest,
    method: Method,
    url: Url,
    /// The reason why it cannot be sent. None if it can.
    wrong: Option<String>,
    headers: HeaderMap,
    body: Bytes,
    /// Whether the caller itself retries the request.
    once: bool,
}

impl Request<'_> {
    /// Adds a parameter to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a parameter to the query if it has a value.
    pub(crate) fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a body of any kind.
    pub(crate) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    /// Switches retries off.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    /// [`RestError::Invalid`] if the value cannot be written as JSON.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, RestError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| RestError::Invalid(format!("the request cannot be written: {error}")))?;
        self.body = body.into();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// Sends the request and parses the answer.
    ///
    /// # Errors
    /// Google's refusal, no answer, or an answer that cannot be parsed.
    pub(crate) async fn send<T: DeserializeOwned>(self) -> Result<T, RestError> {
        let what = format!("{} {}", self.method, self.url.path());
        let body = self.open().await?.bytes().await.map_err(|error| RestError::connection(&error))?;
        serde_json::from_slice(&body)
            .map_err(|error| RestError::Unreadable(format!("the answer to {what} cannot be read: {error}")))
    }

    /// Sends the request and ignores the body of a successful answer.
    ///
    /// # Errors
    /// Google's refusal, or no answer.
    pub(crate) async fn done(self) -> Result<(), RestError> {
        self.open().await.map(|_| ())
    }

    /// Sends the request until it is answered, and returns the answer with an unread body.
    ///
    /// # Errors
    /// Google's refusal, or no answer.
    pub(crate) async fn open(self) -> Result<Response, RestError> {
        if let Some(wrong) = self.wrong {
            return Err(RestError::Invalid(wrong));
        }
        let mut retries = retry::Retries::new();
        loop {
            let error = match self.attempt().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match retries.next(&error).filter(|_| !self.once) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self) -> Result<Response, RestError> {
        let Rest { client, caller, .. } = self.rest;
        let mut headers = caller.headers().await.map_err(RestError::Credentials)?;
        headers.extend(self.headers.clone());
        let mut request = client.request(self.method.clone(), self.url.clone()).headers(headers);
        // Google requires the length of a body, also of an empty one.
        if !self.body.is_empty() || self.method != Method::GET {
            request = request.body(self.body.clone());
        }
        let response = request.send().await.map_err(|error| RestError::connection(&error))?;
        if response.status().is_success() || response.status() == StatusCode::PERMANENT_REDIRECT {
            return Ok(response);
        }
        // ifGenerationMatch and its like.
        let conditional = self.url.query_pairs().any(|(name, _)| name.starts_with("if"));
        Err(Refusal { conditional, ..Refusal::read(response).await }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::State;
    use axum::http::{StatusCode, Uri};
    use axum::routing::any;
    use google_cloud_auth::credentials::anonymous;
    use serde_json::{Value, json};
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    /// Gives prepared answers one after another, then 200, and records the requests.
    #[derive(Clone, Default)]
    struct Script {
        answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    async fn api(script: Script) -> Rest {
        async fn answer(State(script): State<Script>, uri: Uri, body: String) -> (StatusCode, String) {
            script.asked.lock().unwrap().push(format!("{uri} {body}"));
            let next = script.answers.lock().unwrap().pop_front().unwrap_or((200, json!({"ok": true})));
            (StatusCode::from_u16(next.0).unwrap(), next.1.to_string())
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1/", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(answer)).with_state(script);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let caller = Caller::new(anonymous::Builder::new().build(), "object store");
        Rest::new(&base, caller, "object store").unwrap()
    }

    fn refused(status: u16, reason: &str) -> (u16, Value) {
        let error = json!({"code": status, "message": "no", "errors": [{"reason": reason, "message": "no", "location": "q"}]});
        (status, json!({ "error": error }))
    }

    #[tokio::test]
    async fn a_transient_failure_is_retried_with_the_same_request() {
        let script = Script::default();
        script.answers.lock().unwrap().extend([
            refused(503, "backendError"),
            refused(429, "rateLimitExceeded"),
            refused(403, "rateLimitExceeded"),
            (502, json!("<html>")),
        ]);
        let rest = api(script.clone()).await;
        let request =
            rest.post(["b", "a b", "o", "x/ü%2F?"]).query("q", "1&2").json(&json!({"a": 1})).unwrap();
        let answer: Value = request.send().await.unwrap();
        assert_eq!(answer, json!({"ok": true}));
        let asked = script.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 5);
        assert!(
            asked.iter().all(|one| one == "/v1/b/a%20b/o/x%2F%C3%BC%252F%3F?q=1%262 {\"a\":1}"),
            "{asked:?}"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_returned_at_once_and_in_full() {
        let script = Script::default();
        script.answers.lock().unwrap().push_back(refused(403, "forbidden"));
        let rest = api(script.clone()).await;
        let error = rest.get(["x"]).done().await.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(
            (refusal.status, refusal.reason.as_str(), refusal.message.as_str()),
            (403, "forbidden", "no")
        );
        assert_eq!(refusal.location.as_deref(), Some("q"));
        assert_eq!(script.asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_lasting_failure_is_returned_in_the_end() {
        let script = Script::default();
        script.answers.lock().unwrap().extend(std::iter::repeat_n(refused(500, "internalError"), 50));
        let rest = api(script.clone()).await;
        let error = rest.get(["x"]).done().await.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.status), Some(500));
        assert!(matches!(error.about("object store", "x"), PortError::Unavailable { .. }));
        assert_eq!(script.asked.lock().unwrap().len(), usize::from(retry::ATTEMPTS));
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_is_not_requested() {
        let script = Script::default();
        let rest = api(script.clone()).await;
        for name in ["", ".", ".."] {
            let error = rest.request(Method::DELETE, ["b", "bucket", "o", name]).done().await.unwrap_err();
            assert!(matches!(error.about("object store", "x"), PortError::Invalid { .. }), "{name}");
        }
        assert!(script.asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_an_unavailable_service() {
        let caller = Caller::new(anonymous::Builder::new().build(), "object store");
        let rest = Rest::new("http://127.0.0.1:1", caller.clone(), "object store").unwrap();
        let error = rest.get(["x"]).done().await.unwrap_err();
        assert!(matches!(error.about("object store", "x"), PortError::Unavailable { .. }));
        assert!(Rest::new("no address", caller, "object store").is_err());
    }

    #[tokio::test]
    async fn an_answer_that_is_not_json_is_reported_with_the_request() {
        let script = Script::default();
        script.answers.lock().unwrap().push_back((200, json!("text")));
        let rest = api(script).await;
        let error = rest.get(["x"]).send::<Vec<u8>>().await.unwrap_err();
        assert!(error.to_string().contains("GET /v1/x"), "{error}");
    }
}
