//! `http.Request`: requests a URL and returns the answer.

use crate::exchange;
use crate::properties::Common;
use encoding_rs::{Encoding, UTF_8};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use schemars::JsonSchema;
use segue_model::Map;
use segue_task::outbound::describe;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The largest body in the outputs, in bytes. A larger body belongs in a file.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Requests a URL and returns status code, headers and body.
///
/// ```yaml
/// id: ask
/// type: io.kestra.plugin.core.http.Request
/// uri: https://example.com/api/items
/// method: POST
/// body: |
///   {"name": "{{ inputs.name }}"}
/// options:
///   auth:
///     type: BEARER
///     token: "{{ secret('API_TOKEN') }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The request.
    #[serde(flatten)]
    pub common: Common,
    /// Whether the body in the outputs is encrypted. There is no key for this, so `true` is refused.
    #[serde(default)]
    pub encrypt_body: bool,
}

/// The outputs of `http.Request`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The URL of the request.
    pub uri: String,
    /// The status code of the answer.
    pub code: u16,
    /// The headers of the answer: each name with its values.
    pub headers: Map,
    /// The body of the answer, always as text.
    pub body: String,
    /// The form that was sent.
    pub form_data: Option<Map>,
}

impl Task for Request {
    const TYPE: &'static str = "io.kestra.plugin.core.http.Request";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.fs.http.Request"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.encrypt_body {
            return Err(TaskError::failed(
                "encryptBody: true is not supported, because there is no key for it; to keep the body out of the \
                 outputs, use http.Download",
            ));
        }
        exchange::unless_stopped(context, self.ask(context)).await
    }
}

impl Request {
    async fn ask(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (url, response) = exchange::send(&self.common, context).await?;
        let (code, headers) = (response.status().as_u16(), exchange::headers(&response));
        let encoding = encoding(&response, self.common.options.default_charset.as_deref())?;
        let bytes = body(response).await?;
        context.metric_counter("response.length", bytes.len() as f64);
        context.debug(format!("answered {code} with {} bytes", bytes.len()));
        Ok(Output {
            uri: url.into(),
            code,
            headers,
            body: encoding.decode(&bytes).0.into_owned(),
            form_data: self.common.form_data,
        })
    }
}

/// The charset of the answer, or else the default.
fn encoding(response: &Response, assumed: Option<&str>) -> Result<&'static Encoding, TaskError> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = kind
        .split(';')
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("charset"))
        .and_then(|(_, name)| Encoding::for_label(name.trim().trim_matches('"').as_bytes()));
    match (named, assumed) {
        (Some(encoding), _) => Ok(encoding),
        (None, None) => Ok(UTF_8),
        (None, Some(name)) => Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            TaskError::failed(format!("options.defaultCharset: '{name}' is not a known charset"))
        }),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, TaskError> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len() + chunk.len() > LARGEST_BODY => {
                return Err(TaskError::failed(format!(
                    "the answer is larger than {LARGEST_BODY} bytes; use io.kestra.plugin.core.http.Download, which \
                     keeps it in a file (here at least {})",
                    bytes.len() + chunk.len()
                )));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                return Err(TaskError::failed(format!(
                    "the answer was interrupted after {} bytes: {}",
                    bytes.len(),
                    describe(&error)
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Platform, serve, serve_raw};
    use axum::Router;
    use axum::extract::{RawQuery, Request as Asked};
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::Redirect;
    use axum::routing::{any, get, post};
    use segue_model::Json;
    use segue_model::state::State;
    use segue_task::testing::TestRun;
    use serde_json::json;

    async fn request(platform: &Platform, properties: Json) -> TestRun {
        platform.run(Request::TYPE, properties).await
    }

    #[tokio::test]
    async fn a_timeout_does_not_wait_for_the_answer() {
        let late = || async {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            "late"
        };
        let address = serve(Router::new().route("/late", get(late))).await;
        let platform = Platform::new();
        for task_type in [Request::TYPE, crate::download::Download::TYPE] {
            let properties = json!({"uri": format!("http://{address}/late")});
            let mut message = platform.message_of(task_type, properties);
            message.timeout = Some("PT0.1S".to_owned());
            let run = platform.handle(message).await;
            assert_eq!(run.result.error.as_deref(), Some("Timeout after 00:00:00.100"));
            assert!(!run.log_text().contains("answered"), "{}", run.log_text());
        }
        assert!(platform.files().await.is_empty());
    }

    /// Answers with a description of the request.
    async fn echo(RawQuery(query): RawQuery, headers: HeaderMap, asked: Asked) -> String {
        let method = asked.method().clone();
        let body = axum::body::to_bytes(asked.into_body(), 1 << 20).await.unwrap();
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        json!({
            "method": method.as_str(),
            "query": query,
            "type": header("content-type"),
            "authorization": header("authorization"),
            "own": header("x-own"),
            "body": String::from_utf8(body.to_vec()).unwrap(),
        })
        .to_string()
    }

    async fn echoed(properties: Json) -> (Json, TestRun) {
        let address = serve(Router::new().route("/echo", any(echo))).await;
        let mut properties = properties;
        properties["uri"] = json!(format!("http://{address}/echo?a=1"));
        let run = request(&Platform::new(), properties).await;
        assert_eq!(run.result.error, None, "{}", run.log_text());
        let body = serde_json::from_str(run.result.outputs["body"].as_str().unwrap()).unwrap();
        (body, run)
    }

    #[tokio::test]
    async fn what_is_given_is_sent() {
        let (body, run) = echoed(json!({
            "method": "put",
            "body": "hello {{ inputs.name }}",
            "params": {"b": "x y"},
            "headers": {"X-Own": 7},
        }))
        .await;
        assert_eq!(body["method"], "PUT");
        assert_eq!(body["query"], "a=1&b=x+y");
        assert_eq!(body["type"], "application/json; charset=UTF-8");
        assert_eq!((&body["own"], &body["body"]), (&json!("7"), &json!("hello Ada")));
        assert_eq!(run.result.outputs["code"], 200);
        assert_eq!(run.result.outputs["headers"]["Content-Type"], json!(["text/plain; charset=utf-8"]));
        assert!(run.result.outputs["uri"].as_str().unwrap().ends_with("/echo?a=1&b=x+y"));
    }

    #[tokio::test]
    async fn a_structure_is_sent_as_json_and_a_header_of_ones_own_stays() {
        let (body, _) = echoed(json!({
            "method": "POST", "body": {"a": [1]}, "headers": {"content-type": "application/vnd.x+json"},
        }))
        .await;
        assert_eq!((&body["body"], &body["type"]), (&json!("{\"a\":[1]}"), &json!("application/vnd.x+json")));
    }

    #[tokio::test]
    async fn forms() {
        let (body, run) = echoed(json!({"method": "POST", "formData": {"a": "x y", "b": 1}})).await;
        assert_eq!(body["type"], "application/x-www-form-urlencoded");
        assert_eq!(body["body"], "a=x+y&b=1");
        assert_eq!(run.result.outputs["formData"], json!({"a": "x y", "b": 1}));

        let address = serve(Router::new().route("/echo", any(echo))).await;
        let platform = Platform::new();
        let file = platform.ports.storage.put_text("a/data.csv", "1,2\n").await.unwrap();
        let run = request(
            &platform,
            json!({
                "uri": format!("http://{address}/echo"), "method": "POST", "contentType": "multipart/form-data",
                "formData": {"plain": "text", "file": file, "named": {"name": "other.csv", "content": file}},
            }),
        )
        .await;
        let body: Json = serde_json::from_str(run.result.outputs["body"].as_str().unwrap()).unwrap();
        assert!(body["type"].as_str().unwrap().starts_with("multipart/form-data; boundary="));
        let sent = body["body"].as_str().unwrap();
        assert!(sent.contains("name=\"plain\"\r\n\r\ntext\r\n"), "{sent}");
        assert!(sent.contains("name=\"file\"; filename=\"data.csv\""), "{sent}");
        assert!(sent.contains("filename=\"other.csv\"") && sent.matches("1,2\n").count() == 2, "{sent}");
    }

    #[tokio::test]
    async fn credentials_are_sent_and_masked() {
        let auth = json!({"auth": {"type": "BASIC", "username": "ada", "password": "sesame-1"}});
        let (body, run) = echoed(json!({"options": auth})).await;
        // Secrets in the answer's body are masked in the outputs too.
        assert_eq!(body["authorization"], "Basic ******");
        assert!(!run.log_text().contains("sesame"));
        let (body, _) = echoed(json!({"options": {"auth": {"type": "BEARER", "token": "tok-123"}}})).await;
        assert_eq!(body["authorization"], "Bearer ******");
        let (body, _) = echoed(json!({"options": {"basicAuthUser": "ada", "basicAuthPassword": ""}})).await;
        assert_eq!(body["authorization"], "Basic YWRhOg==");
    }

    #[tokio::test]
    async fn a_digest_is_made_of_what_the_server_asks() {
        let guarded = |headers: HeaderMap, body: String| async move {
            match headers.get("authorization").and_then(|value| value.to_str().ok()) {
                Some(said) => (StatusCode::OK, [("www-authenticate", "")], format!("{said} {body}")),
                None => {
                    let challenge = "Digest realm=\"r\", qop=\"auth\", nonce=\"n\"";
                    (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)], String::new())
                }
            }
        };
        let address = serve(Router::new().route("/x", any(guarded))).await;
        let auth = json!({"type": "DIGEST", "username": "ada", "password": "sesame-1"});
        let task = json!({"uri": format!("http://{address}/x?a=1"), "method": "POST", "body": "sent",
            "options": {"auth": auth}});
        let run = request(&Platform::new(), task).await;
        let body = run.result.outputs["body"].as_str().unwrap();
        assert!(
            body.starts_with("Digest username=\"ada\", realm=\"r\", nonce=\"n\", uri=\"/x?a=1\""),
            "{body}"
        );
        assert!(body.ends_with(" sent"), "the body is sent again: {body}");
    }

    #[tokio::test]
    async fn redirects_are_followed_unless_they_are_not_wanted() {
        let router = Router::new()
            .route("/from", post(|| async { Redirect::to("/to") }))
            .route("/to", get(|| async { "there" }))
            .route("/loop", get(|| async { Redirect::temporary("/loop") }))
            .route("/secret", get(|| async { Redirect::temporary("http://169.254.169.254/token") }));
        let address = serve(router).await;
        let platform = Platform::new();
        let run = request(
            &platform,
            json!({"uri": format!("http://{address}/from"), "method": "POST", "body": "x"}),
        )
        .await;
        assert_eq!(run.result.outputs["body"], "there");
        let options = json!({"followRedirects": false});
        let run = request(
            &platform,
            json!({"uri": format!("http://{address}/from"), "method": "POST", "options": options}),
        )
        .await;
        assert_eq!(
            (&run.result.outputs["code"], &run.result.outputs["headers"]["Location"]),
            (&json!(303), &json!(["/to"]))
        );
        let run = request(&platform, json!({"uri": format!("http://{address}/loop")})).await;
        assert!(run.result.error.unwrap().contains("redirects"));
        let run = request(&platform, json!({"uri": format!("http://{address}/secret")})).await;
        assert!(run.result.error.unwrap().contains("metadata server"));
    }

    /// Answers with the headers and body of the request.
    async fn mirror(method: axum::http::Method, headers: HeaderMap, body: String) -> String {
        format!("{method} {headers:?} {body}")
    }

    #[tokio::test]
    async fn headers_stay_with_the_host_they_were_written_for() {
        let other = serve(Router::new().route("/to", any(mirror))).await;
        let (seen, again) = (format!("http://{other}/to"), format!("http://{other}/to"));
        let router = Router::new()
            .route("/to", any(mirror))
            .route("/here", any(|| async { Redirect::temporary("/to") }))
            .route("/away", any(move || async move { Redirect::to(&seen) }))
            .route("/repeat", any(move || async move { Redirect::temporary(&again) }));
        let address = serve(router).await;
        let platform = Platform::new();
        let ask = async |path: &str| {
            let run = request(
                &platform,
                json!({"uri": format!("http://{address}{path}?k=v"), "method": "POST", "body": "sent",
                    "headers": {"X-Api-Key": "open"},
                    "options": {"auth": {"type": "BEARER", "token": "tok-987"}}}),
            )
            .await;
            run.result.outputs["body"].as_str().unwrap().to_owned()
        };
        let here = ask("/here").await;
        assert!(
            here.starts_with("POST") && here.contains("x-api-key") && here.contains("authorization"),
            "{here}"
        );
        let away = ask("/away").await;
        assert!(away.starts_with("GET") && !away.contains("sent"), "{away}");
        let repeat = ask("/repeat").await;
        assert!(repeat.starts_with("POST") && repeat.ends_with("sent"), "{repeat}");
        for answer in [away, repeat] {
            assert!(!answer.contains("x-api-key") && !answer.contains("authorization"), "{answer}");
            assert!(!answer.contains("referer"), "{answer}");
        }
    }

    #[tokio::test]
    async fn failures_say_what_happened() {
        let address =
            serve(Router::new().route("/x", get(|| async { (StatusCode::BAD_GATEWAY, "upstream is gone") })))
                .await;
        let platform = Platform::new();
        let run = request(&platform, json!({"uri": format!("http://{address}/x")})).await;
        assert_eq!(run.result.state, State::Failed);
        assert!(
            run.result.error.as_deref().unwrap().contains("Failed http request with response code '502'")
        );
        assert!(run.log_text().contains("upstream is gone"));
        for (properties, expect) in [
            (json!({"uri": "http://127.0.0.1:1/"}), "got no answer"),
            (json!({"uri": "ftp://host/"}), "neither http nor https"),
            (json!({"uri": format!("http://{address}/x"), "encryptBody": true}), "encryptBody"),
            (json!({"uri": format!("http://{address}/x"), "options": {"auth": {"type": "NTLM"}}}), "NTLM"),
            (json!({"method": "GET"}), "missing field `uri`"),
            (json!({"uri": "http://metadata.google.internal/"}), "metadata server"),
        ] {
            let run = request(&platform, properties).await;
            let error = run.result.error.unwrap();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[tokio::test]
    async fn charsets_and_sizes_are_heeded() {
        let latin = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=ISO-8859-1\r\ncontent-length: 3\r\n\r\nn\xe9e";
        let address = serve_raw(latin.to_vec()).await;
        let platform = Platform::new();
        let run = request(&platform, json!({"uri": format!("http://{address}/")})).await;
        assert_eq!(run.result.outputs["body"], "née");
        let huge = || async { vec![b'x'; LARGEST_BODY + 1] };
        let address = serve(Router::new().route("/huge", get(huge))).await;
        let run = request(&platform, json!({"uri": format!("http://{address}/huge")})).await;
        assert!(run.result.error.unwrap().contains("use io.kestra.plugin.core.http.Download"));
    }
}
