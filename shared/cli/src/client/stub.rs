//! A server for tests: gives prepared answers in order, and records the requests.

use super::connection::{Needs, Reach, Session};
use crate::report::Output;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::tz::TimeZone;
use segue_model::Json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /flows/a/b?x=y`, below `/api/v1/main`.
    pub(crate) what: String,
    /// The body as text.
    pub(crate) body: String,
    /// The headers, `name: value`.
    pub(crate) headers: Vec<String>,
}

impl Asked {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An answer: status, content type, body.
pub(crate) type Answer = (u16, &'static str, String);

/// 200 with JSON.
pub(crate) fn json(value: Json) -> Answer {
    (200, "application/json", value.to_string())
}

/// Another status, with an error as the API writes it.
pub(crate) fn error(status: u16, message: &str) -> Answer {
    (status, "application/json", serde_json::json!({"message": message}).to_string())
}

/// A stream of events. Each has an id and data.
pub(crate) fn events(list: &[(&str, Json)]) -> Answer {
    let text = list.iter().map(|(id, data)| format!("id: {id}\ndata: {data}\n\n")).collect();
    (200, "text/event-stream", text)
}

#[derive(Clone)]
struct Shared {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A server with its answers.
pub(crate) struct Stub {
    /// A session with this server. Dates are in UTC.
    pub(crate) session: Session,
    shared: Shared,
}

impl Stub {
    /// A server on a free port.
    pub(crate) async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let shared =
            Shared { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let reach = Reach::to_address(&address);
        let mut session = reach.open(Output::Text, Needs::Server).await.unwrap();
        session.zone = TimeZone::UTC;
        Self { session, shared }
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The requests so far, without bodies.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let uri = request.uri().to_string();
    let path = uri.strip_prefix("/api/v1/main").unwrap_or(&uri);
    let what = format!("{} {path}", request.method());
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    shared.asked.lock().unwrap().push(Asked { what: what.clone(), body, headers });
    let next = shared.answers.lock().unwrap().pop_front();
    let (status, kind, text) =
        next.unwrap_or_else(|| error(500, &format!("no answer was prepared for {what}")));
    Response::builder().status(status).header("content-type", kind).body(Body::from(text)).unwrap()
}
