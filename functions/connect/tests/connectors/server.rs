//! A server on this machine that stands for every service. It gets the whole address of a request as its path.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use segue_connectors::Connector;
use segue_connectors::format::Request;
use segue_connectors::testing::{Answer, Exchange};
use segue_model::Json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// A server with the answers of one test.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<Script>>,
}

struct Script {
    exchanges: Vec<Exchange>,
    next: usize,
    wrong: Vec<String>,
}

impl Server {
    pub(crate) async fn start(exchanges: Vec<Exchange>) -> Self {
        let state = Arc::new(Mutex::new(Script { exchanges, next: 0, wrong: Vec::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, state }
    }

    /// The connector, with this server before the address of each request.
    pub(crate) fn in_front_of(&self, connector: &Connector) -> Connector {
        let mut connector = connector.clone();
        let through =
            |request: &mut Request| request.url = format!("http://{}/{}", self.address, request.url);
        through(&mut connector.request);
        connector.before.iter_mut().for_each(|step| through(&mut step.request));
        if let Some(poll) = &mut connector.poll {
            through(&mut poll.request);
            poll.stop.iter_mut().for_each(through);
            poll.every = "PT0.01S".to_owned();
        }
        if let Some(url) = connector.paging.as_mut().and_then(|paging| paging.url.as_mut()) {
            *url = format!("http://{}/{url}", self.address);
        }
        connector.retries.pause = 0;
        connector
    }

    /// The number of requests that were answered.
    pub(crate) fn answered(&self) -> usize {
        self.state.lock().unwrap().next
    }

    /// Whether all requests came, as the test expects them.
    pub(crate) fn check(&self) -> Result<(), String> {
        let script = self.state.lock().unwrap();
        if let Some(missing) = script.exchanges.get(script.next) {
            return Err(format!("{}\nnot sent: {}", script.wrong.join("\n"), missing.request));
        }
        if script.wrong.is_empty() { Ok(()) } else { Err(script.wrong.join("\n")) }
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut script = script.lock().unwrap();
    let request = format!("{method} {}", uri.path_and_query().unwrap().as_str().trim_start_matches('/'));
    let Some(exchange) = script.exchanges.get(script.next).cloned() else {
        script.wrong.push(format!("one request too many: {request}"));
        return (axum::http::StatusCode::GONE, "").into_response();
    };
    script.next += 1;
    let wrong = differences(&exchange, &request, &headers, &body);
    script.wrong.extend(wrong);
    respond(&exchange.answer)
}

fn differences(exchange: &Exchange, request: &str, headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let mut wrong = Vec::new();
    if exchange.request != request {
        wrong.push(format!("expected {}\n   found {request}", exchange.request));
    }
    for (name, expected) in &exchange.headers {
        let found = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if found.as_deref() != Some(expected) {
            wrong.push(format!("the header {name} of {request} is {found:?}, not {expected:?}"));
        }
    }
    if let Some(expected) = &exchange.body {
        let text = String::from_utf8_lossy(body).into_owned();
        let found = match expected {
            Json::String(_) => Json::String(text),
            _ => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        };
        if &found != expected {
            wrong.push(format!("the body of {request} is\n{found}\nnot\n{expected}"));
        }
    }
    wrong
}

fn respond(answer: &Answer) -> Response {
    let body = match &answer.body {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        json => json.to_string(),
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(body.into()).unwrap()
}
