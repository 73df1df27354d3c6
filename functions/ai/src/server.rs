//! A server that speaks the protocols of the providers, for tests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a server for tests fails loudly")]

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use segue_model::Json;
use serde_json::json;
use std::sync::{Arc, Mutex};

/// A server with one model that answers what it heard, and one that embeds the first letter of a text.
pub struct ModelServer {
    url: String,
    state: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    text: String,
    refusals: Vec<u16>,
}

impl ModelServer {
    /// Starts the server.
    ///
    /// # Panics
    /// There is no free port on loopback.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<Heard>>::default();
        let app = axum::Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state }
    }

    /// The address of the server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The properties of a provider on this server.
    pub fn provider(&self, name: &str, model: &str) -> Json {
        let kind = format!("io.kestra.plugin.ai.provider.{name}");
        match name {
            "GoogleVertexAI" => json!({"type": kind, "modelName": model, "project": "p", "location": "l",
                "endpoint": self.url, "serviceAccount": "{}"}),
            "Ollama" | "LocalAI" => json!({"type": kind, "modelName": model, "endpoint": self.url}),
            _ => json!({"type": kind, "modelName": model, "apiKey": "the-key", "baseUrl": self.url}),
        }
    }

    /// Everything that clients sent.
    ///
    /// # Panics
    /// The server panicked.
    pub fn heard(&self) -> String {
        self.state.lock().unwrap().text.clone()
    }

    /// The next requests get this status.
    ///
    /// # Panics
    /// The server panicked.
    pub fn refuse(&self, times: usize, status: u16) {
        self.state.lock().unwrap().refusals.extend(vec![status; times]);
    }
}

async fn answer(State(state): State<Arc<Mutex<Heard>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    if path == "/document.md" {
        return "a document".into_response();
    }
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let refusal = {
        let mut heard = state.lock().unwrap();
        heard.text.push_str(&path);
        heard.text.push_str(&String::from_utf8_lossy(&bytes));
        heard.refusals.pop()
    };
    if let Some(status) = refusal {
        return (StatusCode::from_u16(status).unwrap(), "busy").into_response();
    }
    let Ok(body) = serde_json::from_slice::<Json>(&bytes) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if format!("{path}{body}").contains("no-such-model") {
        let error =
            json!({"error": {"message": "there is no such model", "code": 404, "status": "NOT_FOUND"}});
        return (StatusCode::NOT_FOUND, axum::Json(error)).into_response();
    }
    if !has_key(&path, &query, &parts.headers) {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"error": {"message": "wrong key"}})))
            .into_response();
    }
    axum::Json(reply(&path, &body)).into_response()
}

/// Whether a request has the key in the place of its protocol. The protocol of Ollama has none.
fn has_key(path: &str, query: &str, headers: &HeaderMap) -> bool {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    path.starts_with("/api/")
        || query.contains("key=the-key")
        || header("x-api-key") == "the-key"
        || ["Bearer the-key", "Bearer", "Bearer ", ""].contains(&header("authorization").as_str())
}

/// The answer in the protocol of the path.
fn reply(path: &str, body: &Json) -> Json {
    match path {
        _ if path.ends_with(":generateContent") => json!({
            "candidates": [{
                "content": {"role": "model", "parts": [{"text": text(last(&body["contents"]))}]}, "finishReason": "STOP",
            }],
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18},
            "modelVersion": "m",
            "responseId": "r",
        }),
        _ if path.ends_with(":batchEmbedContents") => {
            let texts = body["requests"].as_array().unwrap().iter();
            json!({"embeddings": texts.map(|one| json!({"values": vector(&one["content"].to_string())})).collect::<Vec<_>>()})
        }
        _ if path.ends_with(":predict") => {
            let texts = body["instances"].as_array().unwrap().iter();
            json!({"predictions": texts.map(|one| json!({"embeddings": {"values": vector(&one["content"].to_string())}}))
                .collect::<Vec<_>>()})
        }
        "/api/chat" => json!({
            "model": "m", "created_at": "2026-11-01T00:00:00Z", "done": true, "done_reason": "stop",
            "message": {"role": "assistant", "content": text(last(&body["messages"]))},
            "prompt_eval_count": 11, "eval_count": 7,
        }),
        _ if path.ends_with("/messages") => json!({
            "id": "r", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": text(last(&body["messages"]))}],
            "usage": {"input_tokens": 11, "output_tokens": 7},
        }),
        _ => json!({
            "id": "r", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": text(last(&body["messages"]))},
            }],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }),
    }
}

fn last(messages: &Json) -> &Json {
    messages.as_array().unwrap().last().unwrap()
}

/// The answer to a message.
fn text(message: &Json) -> String {
    let content = message.get("content").or_else(|| message.get("parts")).unwrap();
    let said = content.as_str().or_else(|| content[0]["text"].as_str()).unwrap();
    if said == "json please" { "{\"a\": 1}".to_owned() } else { format!("You said: {said}") }
}

/// An embedding that says which of the letters a and z a text has more of.
fn vector(text: &str) -> [f64; 2] {
    let count = |letter: char| text.chars().filter(|&found| found == letter).count() as f64;
    [count('a'), count('z')]
}
