//! `http.Download`: requests a URL and stores the answer as a file in internal storage.

use crate::exchange;
use crate::file_name::file_name;
use crate::properties::Common;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Response;
use reqwest::header::CONTENT_DISPOSITION;
use schemars::JsonSchema;
use segue_model::Map;
use segue_ports::PortError;
use segue_task::outbound::describe;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests a URL and stores the body as a file. The bytes are streamed to internal storage. The file exists
/// completely or not at all.
///
/// ```yaml
/// id: trips
/// type: io.kestra.plugin.core.http.Download
/// uri: "{{ kv('SOURCE') }}/yellow_tripdata_2021-01.csv.gz"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The request.
    #[serde(flatten)]
    pub common: Common,
    /// Whether an answer without a body fails the task, unless failed answers are allowed.
    #[serde(default = "yes")]
    pub fail_on_empty_response: bool,
    /// The name of the file. Default: the name that the server gives, or else a new name with the ending of
    /// the URL.
    pub save_as: Option<String>,
}

fn yes() -> bool {
    true
}

/// The outputs of `http.Download`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The status code of the answer.
    pub code: u16,
    /// The file in internal storage.
    pub uri: String,
    /// The headers of the answer: each name with its values.
    pub headers: Map,
    /// The size in bytes.
    pub length: u64,
}

impl Task for Download {
    const TYPE: &'static str = "io.kestra.plugin.core.http.Download";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.fs.http.Download"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        exchange::unless_stopped(context, self.fetch(context)).await
    }
}

impl Download {
    async fn fetch(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (url, response) = exchange::send(&self.common, context).await?;
        let (code, headers) = (response.status().as_u16(), exchange::headers(&response));
        // Servers write non-ASCII characters there without encoding.
        let disposition = response.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let key = context.attempt_key();
        let attempt = key.attempt.to_string();
        let seed = [key.execution_id.as_str(), key.task_run_id.as_str(), &attempt, url.as_str()];
        let name = file_name(self.save_as.as_deref(), disposition.as_deref(), &url, &seed);

        let length = Arc::new(AtomicU64::new(0));
        let mut body = Box::pin(counted(response, length.clone()));
        // Waits for the first bytes before creating a file, so that an empty answer leaves no file.
        let first = body.next().await.transpose()?;
        if first.is_none() {
            if self.fail_on_empty_response && !self.common.allows_failed() {
                return Err(TaskError::failed(format!(
                    "No response from server: {url} answered {code} without a body"
                )));
            }
            context.warn(format!("{url} answered {code} without a body"));
        }
        let whole = stream::iter(first.map(Ok)).chain(body).boxed();
        let (uri, _) = context.storage().put(&context.storage_path(&name), whole).await?;
        let length = length.load(Ordering::Relaxed);
        context.metric_counter("response.length", length as f64);
        context.metric_counter("bytes", length as f64);
        context.info(format!("{length} bytes of {url} are in {uri}"));
        Ok(Output { code, uri, headers, length })
    }
}

/// The body. Its bytes are counted and compared with the announced length.
fn counted(
    response: Response,
    count: Arc<AtomicU64>,
) -> impl futures::Stream<Item = Result<Bytes, PortError>> + Send + 'static {
    // The announced length is that of the sent bytes. Nothing is unpacked on the way.
    let expected = response
        .headers()
        .get(reqwest::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<u64>().ok());
    let (so_far, at_end) = (count.clone(), count);
    let bytes = response
        .bytes_stream()
        .map_err(move |error| {
            let got = so_far.load(Ordering::Relaxed);
            match expected {
                Some(expected) if got != expected && !error.is_timeout() => invalid_size(got, expected),
                _ => PortError::invalid(format!(
                    "the download was interrupted after {got} bytes: {}",
                    describe(&error)
                )),
            }
        })
        .try_filter(|chunk| std::future::ready(!chunk.is_empty()));
    let counter = at_end.clone();
    let end = stream::once(async move {
        let got = at_end.load(Ordering::Relaxed);
        match expected {
            Some(expected) if got != expected && got > 0 => Err(invalid_size(got, expected)),
            _ => Ok(Bytes::new()),
        }
    });
    bytes
        .inspect_ok(move |chunk| {
            counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        })
        .chain(end)
        .try_filter(|chunk| std::future::ready(!chunk.is_empty()))
}

fn invalid_size(got: u64, expected: u64) -> PortError {
    PortError::invalid(format!("Invalid size, got {got}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Platform, serve, serve_raw};
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::get;
    use segue_model::state::State;
    use serde_json::{Value, json};

    async fn download(platform: &Platform, properties: Value) -> segue_task::testing::TestRun {
        platform.run(Download::TYPE, properties).await
    }

    fn error(run: &segue_task::testing::TestRun) -> &str {
        assert_eq!(run.result.state, State::Failed);
        run.result.error.as_deref().unwrap()
    }

    #[tokio::test]
    async fn a_file_is_kept_behind_redirects_under_the_ending_of_the_address() {
        let router =
            Router::new().route("/data/trips.csv.gz", get(|| async { Redirect::temporary("/moved") })).route(
                "/moved",
                get(|| async { ([("content-encoding", "gzip"), ("x-a", "1")], "not really gzip") }),
            );
        let address = serve(router).await;
        let platform = Platform::new();
        let run =
            download(&platform, json!({"uri": format!("http://{address}/data/trips.csv.gz?sig=1")})).await;
        assert_eq!(run.result.error, None);
        let outputs = &run.result.outputs;
        assert_eq!((&outputs["code"], &outputs["length"]), (&json!(200), &json!(15)));
        assert_eq!(outputs["headers"]["X-A"], json!(["1"]));
        let uri = outputs["uri"].as_str().unwrap();
        assert!(
            uri.starts_with("kestra:///company/team/flow/executions/execution1/tasks/task/taskrun1/"),
            "{uri}"
        );
        assert!(uri.ends_with(".csv.gz"), "{uri}");
        assert_eq!(platform.ports.storage.get_text(uri, 100).await.unwrap(), "not really gzip");
        let metric = run.result.metrics.iter().find(|metric| metric.name == "response.length").unwrap();
        assert_eq!(metric.value, 15.0);
        // The same attempt runs twice, and replaces the file by an equal file.
        download(&platform, json!({"uri": format!("http://{address}/data/trips.csv.gz?sig=1")})).await;
        assert_eq!(platform.files().await.len(), 1);
    }

    #[tokio::test]
    async fn a_failed_answer_fails_the_task_and_its_body_is_logged() {
        let router = Router::new().route("/gone", get(|| async { (StatusCode::NOT_FOUND, "no such month") }));
        let address = serve(router).await;
        let platform = Platform::new();
        let uri = format!("http://{address}/gone");
        let run = download(&platform, json!({"uri": uri})).await;
        assert!(
            error(&run).contains("Failed http request with response code '404'"),
            "{:?}",
            run.result.error
        );
        assert!(run.log_text().contains("no such month"), "{}", run.log_text());
        assert_eq!(platform.files().await, []);
        let run = download(&platform, json!({"uri": uri, "options": {"allowFailed": "true"}})).await;
        assert_eq!((run.result.state, &run.result.outputs["code"]), (State::Success, &json!(404)));
        let run =
            download(&platform, json!({"uri": uri, "options": {"allowedResponseCodes": "[404]"}})).await;
        assert_eq!(run.result.state, State::Success);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_leaves_no_file() {
        let platform = Platform::new();
        let address = serve_raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await;
        let run = download(&platform, json!({"uri": format!("http://{address}/f.csv")})).await;
        assert_eq!(error(&run), "Invalid size, got 9, expected 100");
        let address =
            serve_raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n5\r\nse").await;
        let run = download(&platform, json!({"uri": format!("http://{address}/f.csv")})).await;
        assert!(error(&run).starts_with("the download was interrupted after "), "{}", error(&run));
        let address = serve_raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await;
        let run = download(&platform, json!({"uri": format!("http://{address}/f.csv")})).await;
        assert_eq!(error(&run), "Invalid size, got 0, expected 100");
        assert_eq!(platform.files().await, []);
    }

    #[tokio::test]
    async fn an_empty_answer_is_a_failure_unless_it_may_be() {
        let address = serve(Router::new().route("/empty.csv", get(|| async { "" }))).await;
        let platform = Platform::new();
        let uri = format!("http://{address}/empty.csv");
        let run = download(&platform, json!({"uri": uri})).await;
        assert!(error(&run).starts_with("No response from server"), "{}", error(&run));
        assert_eq!(platform.files().await, []);
        let run = download(&platform, json!({"uri": uri, "failOnEmptyResponse": false})).await;
        assert_eq!((run.result.state, &run.result.outputs["length"]), (State::Success, &json!(0)));
        assert!(run.log_text().contains("WARN"), "{}", run.log_text());
        let kept = run.result.outputs["uri"].as_str().unwrap();
        assert_eq!(platform.ports.storage.get_text(kept, 10).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_name_is_taken_from_save_as_or_the_server() {
        let named = || async { ([("content-disposition", "attachment; filename=\"a b.csv\"")], "x") };
        let address = serve(Router::new().route("/get", get(named))).await;
        let platform = Platform::new();
        let run = download(&platform, json!({"uri": format!("http://{address}/get")})).await;
        assert!(run.result.outputs["uri"].as_str().unwrap().ends_with("/a+b.csv"));
        let run = download(
            &platform,
            json!({"uri": format!("http://{address}/get"), "saveAs": "{{ inputs.name }}.csv"}),
        )
        .await;
        assert!(run.result.outputs["uri"].as_str().unwrap().ends_with("/Ada.csv"));
        let run =
            download(&platform, json!({"uri": format!("http://{address}/get"), "saveAs": "../x"})).await;
        assert!(error(&run).contains("not a plain path"), "{}", error(&run));
    }

    #[tokio::test]
    async fn a_big_body_goes_through_in_pieces() {
        const CHUNKS: u64 = 2048;
        const CHUNK: usize = 16 * 1024;
        let big = || async {
            let chunk = Bytes::from(vec![b'x'; CHUNK]);
            Body::from_stream(stream::iter((0..CHUNKS).map(move |_| Ok::<_, std::io::Error>(chunk.clone()))))
        };
        let address = serve(Router::new().route("/big.bin", get(big))).await;
        let uri = format!("http://{address}/big.bin");
        let count = Arc::new(AtomicU64::new(0));
        let mut pieces = Box::pin(counted(reqwest::get(&uri).await.unwrap(), count.clone()));
        let mut largest = 0;
        while let Some(piece) = pieces.try_next().await.unwrap() {
            largest = largest.max(piece.len());
        }
        assert_eq!(count.load(Ordering::Relaxed), CHUNKS * CHUNK as u64);
        assert!(largest <= 1 << 20, "a piece of {largest} bytes");
        let run = download(&Platform::new(), json!({"uri": uri})).await;
        assert_eq!(run.result.outputs["length"], json!(CHUNKS * CHUNK as u64), "{:?}", run.result.error);
    }

    #[tokio::test]
    async fn a_server_that_stalls_is_given_up() {
        let stalled = || async {
            let first = stream::once(async { Ok::<_, std::io::Error>("begun") });
            Body::from_stream(first.chain(stream::pending()))
        };
        let address = serve(Router::new().route("/f", get(stalled))).await;
        let options = json!({"timeout": {"readIdleTimeout": "PT0.2S"}});
        let platform = Platform::new();
        let run =
            download(&platform, json!({"uri": format!("http://{address}/f"), "options": options})).await;
        assert!(error(&run).starts_with("the download was interrupted after 5 bytes"), "{}", error(&run));
        assert_eq!(platform.files().await, []);
    }
}
