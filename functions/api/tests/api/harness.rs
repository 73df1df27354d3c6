//! An API for tests. Requests go directly to its router, without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use segue_catalog::catalog;
use segue_embedded::{EmbeddedOptions, EnvSecretStore, open_with};
use segue_executor::{Executor, ExecutorParts, Watch};
use segue_fn_api::{Access, ApiParts, BasicAuth, router};
use segue_lookups::PortAnswers;
use segue_lookups::outbound::Clients;
use segue_ports::{MessageHandler, Ports, Topic};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_template::Renderer;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// The time limit of a request, and of waiting for a state.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const HELLO: &str = r#"id: hello
namespace: company.team
labels:
  team: data
inputs:
- id: name
  type: STRING
  defaults: World
- id: data
  type: FILE
  required: false
tasks:
- id: say
  type: io.kestra.plugin.core.log.Log
  message: "Hello {{ inputs.name }}"
- id: give
  type: io.kestra.plugin.core.debug.Return
  format: "{{ inputs.name }}"
outputs:
- id: name
  type: STRING
  value: "{{ outputs.give.value }}"
"#;

pub(crate) const PAUSING: &str = "id: pausing
namespace: company.team
tasks:
- id: wait
  type: io.kestra.plugin.core.flow.Pause
  onResume:
  - id: reason
    type: STRING
- id: after
  type: io.kestra.plugin.core.log.Log
  message: \"{{ outputs.wait.onResume.reason }}\"
";

pub(crate) const FAILING: &str = "id: failing
namespace: company.team
tasks:
- id: fail
  type: io.kestra.plugin.core.execution.Fail
";

pub(crate) const SCHEDULED: &str = "id: scheduled
namespace: company.team
tasks:
- id: say
  type: io.kestra.plugin.core.log.Log
  message: \"{{ trigger.date }}\"
triggers:
- id: monthly
  type: io.kestra.plugin.core.trigger.Schedule
  cron: 0 9 1 * *
";

pub(crate) struct Server {
    router: Router,
    pub(crate) ports: Ports,
    stop: CancellationToken,
    pub(crate) directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answered {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The JSON body of an answer with a success status. Null if the body is empty.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        if self.bytes.is_empty() { Value::Null } else { serde_json::from_slice(&self.bytes).unwrap() }
    }

    /// The message of an error with this status code.
    #[track_caller]
    pub(crate) fn refused(&self, code: u16) -> String {
        assert_eq!(self.status.as_u16(), code, "{}", self.text());
        let body: Value = serde_json::from_slice(&self.bytes).unwrap();
        assert!(body["_embedded"]["errors"][0]["message"].is_string(), "{body}");
        assert!(body["_links"]["self"]["href"].is_string(), "{body}");
        body["message"].as_str().unwrap().to_owned()
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::guarded(None).await
    }

    pub(crate) async fn guarded(basic: Option<BasicAuth>) -> Self {
        Self::with(Access { basic, ..Access::default() }).await
    }

    /// Starts a server for the callers in `access`.
    pub(crate) async fn with(access: Access) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secrets = EnvSecretStore::new([("SECRET_TOKEN".to_owned(), "aHVudGVyMg==".to_owned())]);
        let options = EmbeddedOptions { secrets, ..EmbeddedOptions::default() };
        let embedded = open_with(directory.path(), options).unwrap();
        let ports = embedded.ports.clone();
        let (answers, catalog) = (
            Arc::new(PortAnswers::new(ports.clone(), Arc::new(Clients::new(false)))),
            Arc::new(catalog().unwrap()),
        );
        let (renderer, globals) = (Renderer::new(), Arc::default());
        let watch = Arc::new(Watch::default());
        let executor = Arc::new(Executor::new(ExecutorParts {
            most_values: 100_000,
            ports: ports.clone(),
            catalog: catalog.clone(),
            renderer: renderer.clone(),
            answers: answers.clone(),
            globals: Arc::clone(&globals),
            observer: watch.clone(),
            announce_states: true,
            gathers_results: false,
        }));
        let scheduler = Arc::new(Scheduler::new(SchedulerParts {
            ports: ports.clone(),
            executor: executor.clone(),
            catalog: catalog.clone(),
            renderer: renderer.clone(),
            globals,
            answers: answers.clone(),
        }));
        let stop = CancellationToken::new();
        let workers: [(Topic, Arc<dyn MessageHandler>); 3] = [
            (Topic::Executions, executor.clone()),
            (Topic::Triggers, scheduler.clone()),
            (Topic::Backfills, scheduler.clone()),
        ];
        for (topic, handler) in workers {
            let (bus, stop) = (embedded.bus.clone(), stop.clone());
            tokio::spawn(async move { bus.run(topic, handler, 4, stop).await.unwrap() });
        }
        let router = router(ApiParts {
            ports: ports.clone(),
            executor,
            scheduler,
            catalog,
            renderer,
            answers,
            watch,
            access,
            url: "http://localhost:8080".to_owned(),
            version: "0.0.0".to_owned(),
            has_local_warehouse: true,
        });
        Self { router, ports, stop, directory }
    }

    /// Sends a request, and returns the answer with an unread body.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        let answer = tokio::time::timeout(PATIENCE, self.router.clone().oneshot(request)).await;
        answer.unwrap().unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let what = format!("{} {}", request.method(), request.uri());
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = tokio::time::timeout(PATIENCE, to_bytes(body, 1 << 26)).await;
        let bytes = bytes.unwrap_or_else(|_| panic!("{what} does not end")).unwrap().to_vec();
        Answered { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends a request below `/api/v1/main`. `body` is the media type and the text of the body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Answered {
        let mut request = Request::builder().method(method).uri(format!("/api/v1/main{path}"));
        if let Some((kind, _)) = body {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        self.send(request.body(Body::from(body.map_or("", |(_, text)| text).to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answered {
        self.call("POST", path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.call("DELETE", path, None).await
    }

    pub(crate) async fn yaml(&self, method: &str, path: &str, source: &str) -> Answered {
        self.call(method, path, Some(("application/x-yaml", source))).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: Value) -> Answered {
        self.call(method, path, Some(("application/json", &body.to_string()))).await
    }

    /// Sends a form. Each part has a name, the name of a file or `None`, and its content.
    pub(crate) async fn form(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answered {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes(),
            );
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        let request = Request::post(format!("/api/v1/main{path}"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    pub(crate) async fn deploy(&self, sources: &[&str]) {
        for source in sources {
            self.yaml("POST", "/flows", source).await.ok();
        }
    }

    /// Runs a flow of `company.team` and waits for its end.
    pub(crate) async fn run(&self, flow: &str) -> Value {
        self.post(&format!("/executions/company.team/{flow}?wait=true")).await.ok()
    }

    /// Waits until an execution is in this state, and returns the execution.
    pub(crate) async fn until(&self, id: &str, state: &str) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let execution = self.get(&format!("/executions/{id}")).await.ok();
            if execution["state"]["current"] == state {
                return execution;
            }
            assert!(tokio::time::Instant::now() < deadline, "not {state}: {execution:#}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The id in an answer.
#[track_caller]
pub(crate) fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}
