//! The answer to the expression function `http()` (docs/kestra.md 3.6).

use crate::outbound::{ClientSettings, Clients, describe};
use reqwest::Method;
use segue_model::{Json, Map};
use segue_template::Answer;
use serde::Deserialize;

/// The largest body that `http()` returns, in bytes.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    uri: String,
    method: Option<String>,
    #[serde(default)]
    query: Map,
    body: Option<Json>,
    content_type: Option<String>,
    accept: Option<String>,
    #[serde(default)]
    headers: Map,
}

/// Sends the request that `request` describes, and returns the body of the response. A JSON body is parsed.
pub(crate) async fn answer(clients: &Clients, request: &str) -> Answer {
    fetch(clients, request).await.map_or_else(Answer::Failed, Answer::Found)
}

async fn fetch(clients: &Clients, request: &str) -> Result<Json, String> {
    let arguments: Arguments = serde_json::from_str(request)
        .map_err(|error| format!("http() cannot read its arguments: {error}"))?;
    let mut url = clients.url(&arguments.uri).map_err(|error| error.to_string())?;
    for (name, value) in &arguments.query {
        url.query_pairs_mut().append_pair(name, &text(value));
    }
    let method = arguments.method.as_deref().unwrap_or("GET").to_ascii_uppercase();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| format!("http() does not know the method {method}"))?;
    let client = clients.get(&ClientSettings::default()).map_err(|error| error.to_string())?;
    let mut builder = client
        .request(method, url)
        .header("accept", arguments.accept.as_deref().unwrap_or("application/json"));
    for (name, value) in &arguments.headers {
        builder = builder.header(name, text(value));
    }
    if let Some(body) = arguments.body.as_ref().filter(|body| !body.is_null()) {
        let kind = arguments.content_type.as_deref().unwrap_or("application/json");
        builder = builder.header("content-type", kind).body(text(body));
    }
    let mut response = builder.send().await.map_err(|error| describe(&error))?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST_BODY {
            return Err(format!("http() reads at most {LARGEST_BODY} bytes; use the task http.Download"));
        }
    }
    if !status.is_success() {
        return Err(format!("Failed http request with response code '{}'", status.as_u16()));
    }
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(serde_json::from_str(&body).unwrap_or(Json::String(body)))
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
