//! Stand-in for Cloud Tasks. Tasks are in memory. Each task is posted when it is due, and again until it is accepted.
//! The name of a task cannot be used again.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

use super::answer::{Answer, Refusal};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest time between creating a task and its due date.
const HORIZON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The largest task, in bytes.
const LARGEST: usize = 1_000_000;
/// The first and the longest wait before a task that was refused is posted again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// The state of a task.
enum Known {
    /// The task waits.
    Waiting(Value),
    /// The task was posted and accepted.
    Done,
}

type Tasks = Arc<Mutex<BTreeMap<String, Known>>>;

/// The routes.
pub fn app() -> Router {
    Router::new()
        .route("/v2/projects/{project}/locations/{location}/queues/{queue}/tasks", post(create).get(list))
        // Larger than the limit of a task, so that the limit of a task is reached first.
        .layer(DefaultBodyLimit::max(4 * LARGEST))
        .with_state(Tasks::default())
}

type Queue = Path<(String, String, String)>;

fn queue_name(Path((project, location, queue)): &Queue) -> String {
    format!("projects/{project}/locations/{location}/queues/{queue}")
}

#[derive(Deserialize)]
struct Create {
    task: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    name: Option<String>,
    schedule_time: Option<Timestamp>,
    http_request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    url: String,
    /// The name or number of the method. POST if the field is missing.
    #[serde(default)]
    http_method: Value,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: String,
}

async fn create(State(tasks): State<Tasks>, queue: Queue, Json(create): Json<Create>) -> Answer {
    let Create { task: mut shown } = create;
    let size = shown.to_string().len();
    let task: Task =
        serde_json::from_value(shown.clone()).map_err(|error| Refusal::invalid(error.to_string()))?;
    let body = STANDARD
        .decode(&task.http_request.body)
        .map_err(|error| Refusal::invalid(format!("the body is no base64: {error}")))?;
    // The limit applies to the task with its decoded body, without base64.
    if size - task.http_request.body.len() + body.len() > LARGEST {
        return Err(Refusal::invalid("Task size too large"));
    }
    let now = Timestamp::now();
    let due = task.schedule_time.unwrap_or(now);
    if due.duration_since(now) > HORIZON {
        return Err(Refusal::invalid("The schedule time is more than 30 days in the future"));
    }
    let queue = queue_name(&queue);
    let name = task.name.unwrap_or_else(|| format!("{queue}/tasks/{}", rand::random::<u64>()));
    if !name.starts_with(&format!("{queue}/tasks/")) {
        return Err(Refusal::invalid(format!("{name} is no task of {queue}")));
    }
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("name".to_owned(), name.clone().into());
    }
    {
        let mut known = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(&name) {
            return Err(Refusal::already_exists(&name));
        }
        known.insert(name.clone(), Known::Waiting(shown.clone()));
    }
    let request = task.http_request;
    tokio::spawn(async move {
        let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(wait).await;
        deliver(request, body).await;
        tasks.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Known::Done);
    });
    Ok(Json(shown))
}

/// Posts the task until it is accepted.
async fn deliver(request: Request, body: Vec<u8>) {
    let client = Client::new();
    let method = match (request.http_method.as_str(), request.http_method.as_u64()) {
        (Some(name), _) => Method::from_bytes(name.as_bytes()).unwrap_or(Method::POST),
        (None, Some(2)) => Method::GET,
        (None, Some(4)) => Method::PUT,
        (None, Some(5)) => Method::DELETE,
        (None, _) => Method::POST,
    };
    let mut pause = BACKOFF.0;
    loop {
        let mut posted = client.request(method.clone(), &request.url).body(body.clone());
        for (name, value) in &request.headers {
            posted = posted.header(name, value);
        }
        if posted.send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
}

async fn list(State(tasks): State<Tasks>, queue: Queue) -> Answer {
    let prefix = format!("{}/tasks/", queue_name(&queue));
    let known = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting: Vec<&Value> = known
        .iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .filter_map(|(_, task)| match task {
            Known::Waiting(task) => Some(task),
            Known::Done => None,
        })
        .collect();
    Ok(Json(json!({"tasks": waiting})))
}
