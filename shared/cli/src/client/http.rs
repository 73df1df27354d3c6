//! Requests to the API and their answers.

use super::answered::Answered;
use super::error::explain;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::multipart::Form;
use reqwest::{Method, Response};
use segue_model::Json;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use url::{Host, Url};

/// The longest time for a connection. After it, the server counts as absent.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest pause within an answer. After it, the answer counts as interrupted. Streams of events are then
/// requested again.
const SILENCE: Duration = Duration::from_secs(120);

/// Why there is no usable answer.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// No server answers.
    #[error(
        "there is no server at {address}{origin}: {reason}\n  start one with `segue server`, or name another with --server URL (or SEGUE_SERVER); a verb that reads or changes \
         stored data also works without a server, on a data directory: --data-dir DIR"
    )]
    Unreachable {
        /// The server.
        address: String,
        /// Where the address comes from, if it is not an option.
        origin: String,
        /// The reason.
        reason: String,
    },
    /// The connection was interrupted.
    #[error("the answer of {address} was interrupted: {reason}")]
    Broken {
        /// The server.
        address: String,
        /// The reason.
        reason: String,
    },
    /// The server refused the request.
    #[error("{message}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The request, such as `GET /flows/a/b`.
        what: String,
        /// The server's message, with each problem on its own line.
        message: String,
    },
    /// The answer is not from the API.
    #[error(
        "{what}: the answer of {address} is not the API's ({reason}); is this the address of a Segue server?"
    )]
    Unexpected {
        /// The server.
        address: String,
        /// The request.
        what: String,
        /// The reason.
        reason: String,
    },
}

impl ClientError {
    /// Whether the server does not know the requested thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Answer { status: 404, .. })
    }

    /// Whether trying again later may help, because the server is stopping, starting or away.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Answer { status: 502..=504, .. }
        )
    }
}

/// Sends requests to one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    origin: String,
    base: Url,
    who: Who,
}

/// The caller's credentials.
#[derive(Clone)]
pub(crate) enum Who {
    /// No user name and no token is known.
    Nobody,
    /// A user name and a password.
    User(String, String),
    /// The token of the server, from its `server.json`.
    Token(String),
}

impl fmt::Debug for Who {
    /// Prints neither names nor secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::User(..) => "User",
            Self::Token(_) => "Token",
        })
    }
}

impl Client {
    /// A client of the server at `address`. `origin` says where the address comes from, if it is not an option.
    ///
    /// # Errors
    /// An error if TLS cannot be set up.
    pub(crate) fn new(address: Url, origin: Option<String>, who: Who) -> anyhow::Result<Self> {
        let is_here = match address.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let builder = reqwest::Client::builder()
            .user_agent(concat!("segue/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        // A proxy of the network cannot reach servers on this machine.
        let builder = if is_here { builder.no_proxy() } else { builder };
        let address_text = address.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            http: builder.build()?,
            base: address,
            address: address_text,
            origin: origin.map(|origin| format!(" ({origin})")).unwrap_or_default(),
            who,
        })
    }

    /// The server's address, without a slash at the end.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// GET below `/api/v1/main`. Segments are encoded here.
    pub(crate) fn get(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// POST below `/api/v1/main`.
    pub(crate) fn post(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// PUT below `/api/v1/main`.
    pub(crate) fn put(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// DELETE below `/api/v1/main`.
    pub(crate) fn delete(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    fn call(&self, method: Method, path: &[&str]) -> Call<'_> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1", "main"]).extend(path);
        }
        Call {
            client: self,
            what: format!("{method} /{}", path.join("/")),
            method,
            url,
            content: Content::None,
            headers: Vec::new(),
        }
    }
}

/// The body of a request.
enum Content {
    None,
    Text(&'static str, String),
    Form(Form),
}

/// A request that is being built.
pub(crate) struct Call<'a> {
    client: &'a Client,
    what: String,
    method: Method,
    url: Url,
    content: Content,
    headers: Vec<(HeaderName, String)>,
}

impl Call<'_> {
    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.url.query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    /// Adds a parameter if there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<&(impl ToString + ?Sized)>) -> Self {
        match value {
            Some(value) => self.with(name, value.to_string()),
            None => self,
        }
    }

    /// Adds a parameter once for each value.
    pub(crate) fn each<T: ToString>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        values.into_iter().fold(self, |call, value| call.with(name, value))
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((HeaderName::from_static(name), value.to_owned()));
        self
    }

    /// Sets a JSON body.
    pub(crate) fn json_body(mut self, body: &Json) -> Self {
        self.content = Content::Text("application/json", body.to_string());
        self
    }

    /// Sets a plain text body.
    pub(crate) fn plain(mut self, body: &str) -> Self {
        self.content = Content::Text("text/plain", body.to_owned());
        self
    }

    /// Sets a YAML body.
    pub(crate) fn yaml(mut self, source: &str) -> Self {
        self.content = Content::Text("application/x-yaml", source.to_owned());
        self
    }

    /// Sets a multipart form as the body.
    pub(crate) fn form(mut self, form: Form) -> Self {
        self.content = Content::Form(form);
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    /// [`ClientError`] if there is no answer, or if the server refuses the request.
    pub(crate) async fn send(self) -> Result<Response, ClientError> {
        let Self { client, what, method, url, content, headers } = self;
        let mut request = client.http.request(method, url);
        request = match &client.who {
            Who::Nobody => request,
            Who::User(name, password) => request.basic_auth(name, Some(password)),
            Who::Token(token) => request.bearer_auth(token),
        };
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request = match content {
            Content::None => request,
            Content::Text(kind, body) => request.header(CONTENT_TYPE, kind).body(body),
            Content::Form(form) => request.multipart(form),
        };
        let response = request.send().await.map_err(|error| client.fault(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.text().await.unwrap_or_default();
        if status.as_u16() == 401 {
            let hint = match client.who {
                Who::User(..) => "the user or password is wrong",
                Who::Token(_) => "the token in server.json is not the token of this server",
                Who::Nobody => {
                    "log in with --user @FILE (or SEGUE_AUTH), or name the data directory of a server with a \
                     token with --data-dir"
                }
            };
            let message = format!("{} requires a login: {hint}", client.address);
            return Err(ClientError::Answer { status: 401, what, message });
        }
        let message = match explain(&body) {
            Some(message) => message,
            None if status.is_client_error() && !body.trim_start().starts_with('<') && !body.is_empty() => {
                format!("{what}: {status}: {}", body.trim())
            }
            None => format!("{what}: {} answers {status}", client.address),
        };
        Err(ClientError::Answer { status: status.as_u16(), what, message })
    }

    /// Sends the request and reads JSON. An empty answer is null.
    ///
    /// # Errors
    /// [`ClientError`] as [`Call::send`], and if the answer is not JSON.
    pub(crate) async fn json(self) -> Result<Json, ClientError> {
        let (client, what) = (self.client, self.what.clone());
        let body = self.text().await?;
        if body.is_empty() {
            return Ok(Json::Null);
        }
        serde_json::from_str(&body).map_err(|error| client.unexpected(what, &error))
    }

    /// Sends the request and reads an answer of this type.
    ///
    /// # Errors
    /// [`ClientError`] as [`Call::send`], and if the answer has another form.
    pub(crate) async fn read<T: DeserializeOwned>(self) -> Result<Answered<T>, ClientError> {
        let (client, what) = (self.client, self.what.clone());
        Answered::read(self.json().await?).map_err(|error| client.unexpected(what, &error))
    }

    /// Sends the request and reads text.
    ///
    /// # Errors
    /// [`ClientError`] as [`Call::send`].
    pub(crate) async fn text(self) -> Result<String, ClientError> {
        let client = self.client;
        self.send().await?.text().await.map_err(|error| client.fault(&error))
    }

    /// Sends the request and reads bytes.
    ///
    /// # Errors
    /// [`ClientError`] as [`Call::send`].
    pub(crate) async fn bytes(self) -> Result<Vec<u8>, ClientError> {
        let client = self.client;
        Ok(self.send().await?.bytes().await.map_err(|error| client.fault(&error))?.to_vec())
    }
}

impl Client {
    /// The error for an answer that is not from the API.
    pub(super) fn unexpected(&self, what: String, error: &serde_json::Error) -> ClientError {
        ClientError::Unexpected { address: self.address.clone(), what, reason: error.to_string() }
    }

    /// The error for a broken or missing connection.
    pub(super) fn fault(&self, error: &(dyn std::error::Error + 'static)) -> ClientError {
        let is_away = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
        let reason = root(error);
        let address = self.address.clone();
        if is_away {
            ClientError::Unreachable { address, origin: self.origin.clone(), reason }
        } else {
            ClientError::Broken { address, reason }
        }
    }
}

/// The last cause of an error. It has the most information.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    // The TLS library's words for an answer in plain HTTP.
    match text.contains("InvalidContentType") || text.contains("corrupt message") {
        true => "the server does not speak TLS; write http:// instead of https://".to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, error};

    #[tokio::test]
    async fn each_segment_of_a_path_stays_one() {
        let stub = Stub::new([(200, "application/json", "1".to_owned())]).await;
        let call = stub.session.client.get(&["namespaces", "a b", "kv", "x/y?z"]);
        assert_eq!(call.json().await.unwrap(), 1);
        assert_eq!(stub.paths(), ["GET /namespaces/a%20b/kv/x%2Fy%3Fz"]);
    }

    #[tokio::test]
    async fn nobody_there_is_told_with_the_address_and_what_to_do() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let client =
            Client::new(address.parse().unwrap(), Some("as .segue/server.json says".into()), Who::Nobody)
                .unwrap();
        let error = client.get(&["flows", "search"]).json().await.unwrap_err();
        assert!(error.is_passing());
        let text = error.to_string();
        for part in [&*address, "(as .segue/server.json says)", "refused", "segue server", "--server"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[tokio::test]
    async fn who_asks_is_told_and_missed() {
        let stub = Stub::new([(200, "application/json", "{}".to_owned()), error(401, "Unauthorized")]).await;
        let client = &stub.session.client;
        let user = Who::User("ada".to_owned(), "pass:word".to_owned());
        let known = Client::new(client.base.clone(), None, user).unwrap();
        known.get(&["configs"]).json().await.unwrap();
        let headers = stub.asked().remove(0).headers;
        assert!(headers.contains(&"authorization: Basic YWRhOnBhc3M6d29yZA==".to_owned()), "{headers:?}");
        let text = client.get(&["configs"]).json().await.unwrap_err().to_string();
        assert!(text.contains("--user @FILE"), "{text}");
    }

    #[tokio::test]
    async fn another_server_is_told_from_this_one() {
        let page = || "<html>hello</html>".to_owned();
        let stub = Stub::new([(200, "text/html", page()), (404, "text/html", page())]).await;
        let client = &stub.session.client;
        let text = client.get(&["flows"]).json().await.unwrap_err().to_string();
        assert!(text.contains("is this the address of a Segue server?"), "{text}");
        let error = client.get(&["flows"]).json().await.unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), format!("GET /flows: {} answers 404 Not Found", client.address()));
    }
}
