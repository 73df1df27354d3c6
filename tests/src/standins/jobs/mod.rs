//! Stand-in for Cloud Run jobs. The first container of a job runs as a process of this machine. The image is ignored,
//! and the environment has only the variables of the execution. A mounted prefix of a bucket is a directory at the path
//! where the container expects it. A mounted bucket is a directory elsewhere, and the arguments say where.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

mod process;

use super::answer::{Answer, Refusal};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use process::Spec;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// The routes. `storage` is the address of the API with the mounted buckets.
pub fn app(storage: Option<String>) -> Router {
    let jobs = "/v2/projects/{project}/locations/{location}/jobs";
    let executions = format!("{jobs}/{{job}}/executions/{{execution}}");
    Router::new()
        .route(jobs, post(create).get(list))
        .route(&format!("{jobs}/{{job}}"), get(job).post(run).delete(delete))
        .route(&format!("{jobs}/{{job}}/executions"), get(list_executions))
        .route(&executions, get(execution).post(cancel))
        .route(&format!("{executions}/tasks"), get(tasks))
        .route("/v2/projects/{project}/locations/{location}/operations/{operation}", get(operation))
        .route("/v2/entries:list", post(entries))
        .with_state(Arc::new(Platform { storage, jobs: Mutex::default() }))
}

struct Platform {
    storage: Option<String>,
    jobs: Mutex<BTreeMap<String, Job>>,
}

/// A job with its executions.
struct Job {
    made: Value,
    created: Timestamp,
    executions: Vec<Execution>,
}

struct Execution {
    id: String,
    /// The task with the overrides of this execution.
    task: Value,
    created: Timestamp,
    end: Option<End>,
    /// What the container wrote: stream and text of each line. Empty until the end.
    log: Vec<(&'static str, String)>,
    stop: CancellationToken,
}

/// The end of an execution.
#[derive(Clone)]
struct End {
    at: Timestamp,
    code: i32,
    signal: i32,
    cancelled: bool,
    message: String,
}

type Shared = State<Arc<Platform>>;

impl Platform {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn json(&self, name: &str) -> Value {
        let mut shown = self.made.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("name".to_owned(), name.into());
            fields.insert("createTime".to_owned(), self.created.to_string().into());
            fields.insert("executionCount".to_owned(), self.executions.len().into());
            // No registry has an image with this name.
            let image = self.made.pointer("/template/template/containers/0/image").and_then(Value::as_str);
            let ready = match image.filter(|image| image.rsplit('/').next() == Some("missing")) {
                Some(image) => {
                    json!({"type": "Ready", "state": "CONDITION_FAILED", "message": format!("Image '{image}' not found.")})
                }
                None => json!({"type": "Ready", "state": "CONDITION_SUCCEEDED"}),
            };
            fields.insert("terminalCondition".to_owned(), ready);
            if let Some(newest) = self.executions.last() {
                let reference = json!({"name": newest.id, "createTime": newest.created.to_string()});
                fields.insert("latestCreatedExecution".to_owned(), reference);
            }
        }
        shown
    }
}

impl Execution {
    fn json(&self, job: &str) -> Value {
        let mut shown = json!({
            "name": format!("{job}/executions/{}", self.id),
            "job": job.rsplit('/').next(),
            "createTime": self.created.to_string(),
            "taskCount": 1,
            "template": self.task,
            "runningCount": u8::from(self.end.is_none()),
        });
        if let (Some(end), Some(fields)) = (&self.end, shown.as_object_mut()) {
            let is_success = end.code == 0 && end.signal == 0 && !end.cancelled;
            fields.insert("completionTime".to_owned(), end.at.to_string().into());
            let counted = match (is_success, end.cancelled) {
                (true, _) => "succeededCount",
                (false, true) => "cancelledCount",
                (false, false) => "failedCount",
            };
            fields.insert(counted.to_owned(), 1.into());
            let state = if is_success { "CONDITION_SUCCEEDED" } else { "CONDITION_FAILED" };
            let completed = json!({"type": "Completed", "state": state, "message": end.message});
            fields.insert("conditions".to_owned(), json!([completed]));
        }
        shown
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobId {
    job_id: String,
}

type ResourcePath = Path<HashMap<String, String>>;

fn part<'a>(path: &'a ResourcePath, name: &str) -> &'a str {
    path.get(name).map_or("", String::as_str)
}

fn parent(path: &ResourcePath) -> String {
    format!("projects/{}/locations/{}", part(path, "project"), part(path, "location"))
}

/// The name of a job in a path, which may end with an action.
fn job_name(path: &ResourcePath) -> String {
    let job = part(path, "job");
    format!("{}/jobs/{}", parent(path), job.split(':').next().unwrap_or_default())
}

async fn create(
    State(platform): Shared,
    path: ResourcePath,
    Query(id): Query<JobId>,
    Json(made): Json<Value>,
) -> Answer {
    let name = format!("{}/jobs/{}", parent(&path), id.job_id);
    let mut jobs = platform.jobs();
    if jobs.contains_key(&name) {
        return Err(Refusal::already_exists(&name));
    }
    let job = Job { made, created: Timestamp::now(), executions: Vec::new() };
    let shown = job.json(&name);
    jobs.insert(name, job);
    Ok(Json(json!({
        "name": format!("{}/operations/create-{}", parent(&path), id.job_id),
        "done": true,
        "response": typed(shown, "Job"),
    })))
}

fn typed(mut value: Value, kind: &str) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("@type".to_owned(), format!("type.googleapis.com/google.cloud.run.v2.{kind}").into());
    }
    value
}

async fn job(State(platform): Shared, path: ResourcePath) -> Answer {
    let name = job_name(&path);
    let jobs = platform.jobs();
    let job = jobs.get(&name).ok_or_else(|| Refusal::not_found(&name))?;
    Ok(Json(job.json(&name)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_size: Option<usize>,
    #[serde(default)]
    page_token: String,
}

/// A page of items. The token of the next page is the number of items before it.
fn page(of: &str, items: impl Iterator<Item = Value>, page: &Page) -> Answer {
    let begin: usize = if page.page_token.is_empty() {
        0
    } else {
        page.page_token.parse().map_err(|_| Refusal::invalid("the page token is no number"))?
    };
    let size = page.page_size.filter(|size| *size > 0).unwrap_or(100);
    let mut items = items.skip(begin).peekable();
    let shown: Vec<Value> = items.by_ref().take(size).collect();
    let next = items.peek().map(|_| (begin + size).to_string());
    Ok(Json(json!({of: shown, "nextPageToken": next.unwrap_or_default()})))
}

async fn list(State(platform): Shared, path: ResourcePath, Query(asked): Query<Page>) -> Answer {
    let below = format!("{}/jobs/", parent(&path));
    let jobs = platform.jobs();
    let here = jobs.iter().filter(|(name, _)| name.starts_with(&below));
    page("jobs", here.map(|(name, job)| job.json(name)), &asked)
}

/// The executions of a job. The newest is the first.
async fn list_executions(State(platform): Shared, path: ResourcePath, Query(asked): Query<Page>) -> Answer {
    let name = job_name(&path);
    let jobs = platform.jobs();
    let job = jobs.get(&name).ok_or_else(|| Refusal::not_found(&name))?;
    page("executions", job.executions.iter().rev().map(|execution| execution.json(&name)), &asked)
}

/// A request to run a job.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Run {
    overrides: Overrides,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Overrides {
    container_overrides: Vec<ContainerOverride>,
    timeout: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerOverride {
    name: String,
    args: Vec<String>,
    env: Vec<Value>,
}

impl Overrides {
    /// The task of a job as this execution runs it.
    fn apply(self, mut task: Value) -> Result<Value, Refusal> {
        let fields = task.as_object_mut().ok_or_else(|| Refusal::invalid("the job has no task"))?;
        if let Some(timeout) = self.timeout {
            fields.insert("timeout".to_owned(), timeout.into());
        }
        for overrides in self.container_overrides {
            let containers = fields.get_mut("containers").and_then(Value::as_array_mut);
            let mut containers = containers.into_iter().flatten().filter_map(Value::as_object_mut);
            let is_named = |container: &&mut serde_json::Map<String, Value>| {
                container.get("name").and_then(Value::as_str).unwrap_or_default() == overrides.name
            };
            let container = containers
                .find(is_named)
                .ok_or_else(|| Refusal::invalid(format!("the job has no container '{}'", overrides.name)))?;
            if !overrides.args.is_empty() {
                container.insert("args".to_owned(), overrides.args.into());
            }
            let env = container.entry("env").or_insert_with(|| json!([])).as_array_mut();
            let env = env.ok_or_else(|| Refusal::invalid("the variables are no list"))?;
            env.extend(overrides.env);
        }
        Ok(task)
    }
}

async fn run(State(platform): Shared, path: ResourcePath, Json(asked): Json<Run>) -> Answer {
    if !part(&path, "job").ends_with(":run") {
        return Err(Refusal::invalid("a job is posted to with :run"));
    }
    let name = job_name(&path);
    let mut jobs = platform.jobs();
    let job = jobs.get_mut(&name).ok_or_else(|| Refusal::not_found(&name))?;
    let task = asked.overrides.apply(job.made.pointer("/template/template").cloned().unwrap_or_default())?;
    let spec: Spec = serde_json::from_value(task.clone())
        .map_err(|error| Refusal::invalid(format!("the job {name} cannot be run: {error}")))?;
    let short = name.rsplit('/').next().unwrap_or_default();
    let id = format!("{short}-{}", job.executions.len());
    let stop = CancellationToken::new();
    let execution = Execution {
        id: id.clone(),
        task,
        created: Timestamp::now(),
        end: None,
        log: Vec::new(),
        stop: stop.clone(),
    };
    let shown = execution.json(&name);
    job.executions.push(execution);
    drop(jobs);
    let answer = operation_json(&path, &id, shown, false);
    tokio::spawn(async move {
        let (end, log) = process::work(spec, platform.storage.clone(), &stop).await;
        let mut jobs = platform.jobs();
        let executions = jobs.get_mut(&name).map(|job| job.executions.iter_mut()).into_iter().flatten();
        for execution in executions.filter(|execution| execution.id == id) {
            execution.end = Some(end.clone());
            execution.log.clone_from(&log);
        }
    });
    Ok(answer)
}

fn operation_json(path: &ResourcePath, id: &str, execution: Value, done: bool) -> Json<Value> {
    let mut shown = json!({
        "name": format!("{}/operations/{id}", parent(path)),
        "metadata": typed(execution.clone(), "Execution"),
        "done": done,
    });
    if let (true, Some(fields)) = (done, shown.as_object_mut()) {
        fields.insert("response".to_owned(), typed(execution, "Execution"));
    }
    Json(shown)
}

async fn operation(State(platform): Shared, path: ResourcePath) -> Answer {
    let wanted = part(&path, "operation");
    let jobs = platform.jobs();
    for (name, job) in &*jobs {
        if let Some(execution) = job.executions.iter().find(|execution| execution.id == wanted) {
            return Ok(operation_json(&path, wanted, execution.json(name), execution.end.is_some()));
        }
    }
    Err(Refusal::not_found(&format!("the operation {wanted}")))
}

async fn delete(State(platform): Shared, path: ResourcePath) -> Answer {
    let name = job_name(&path);
    let job = platform.jobs().remove(&name).ok_or_else(|| Refusal::not_found(&name))?;
    for execution in &job.executions {
        execution.stop.cancel();
    }
    let operation = format!("{}/operations/delete-{}", parent(&path), part(&path, "job"));
    Ok(Json(json!({"name": operation, "done": true, "response": typed(job.json(&name), "Job")})))
}

/// Changes the execution that a path names. The path may end with an action.
fn with_execution(
    platform: &Platform,
    path: &ResourcePath,
    then: impl FnOnce(&Execution, &str) -> Value,
) -> Answer {
    let name = job_name(path);
    let id = part(path, "execution").split(':').next().unwrap_or_default();
    let jobs = platform.jobs();
    let found = jobs.get(&name).and_then(|job| job.executions.iter().find(|execution| execution.id == id));
    let execution = found.ok_or_else(|| Refusal::not_found(&format!("{name}/executions/{id}")))?;
    Ok(Json(then(execution, &name)))
}

async fn execution(State(platform): Shared, path: ResourcePath) -> Answer {
    with_execution(&platform, &path, Execution::json)
}

async fn cancel(State(platform): Shared, path: ResourcePath) -> Answer {
    with_execution(&platform, &path, |execution, name| {
        execution.stop.cancel();
        operation_json(&path, &execution.id, execution.json(name), false).0
    })
}

/// A request to Cloud Logging.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entries {
    resource_names: Vec<String>,
    filter: String,
    #[serde(flatten)]
    page: Page,
}

/// The lines of the execution that the filter names.
async fn entries(State(platform): Shared, Json(asked): Json<Entries>) -> Answer {
    let project = asked.resource_names.first().ok_or_else(|| Refusal::invalid("no resource is named"))?;
    let named = |name: &str| {
        let (_, rest) = asked.filter.split_once(&format!("{name}=\""))?;
        rest.split('"').next()
    };
    let wanted = named("labels.\"run.googleapis.com/execution_name\"")
        .zip(named("resource.labels.job_name"))
        .ok_or_else(|| Refusal::invalid("the filter names no execution of a job"))?;
    let jobs = platform.jobs();
    let here = jobs
        .iter()
        .filter(|(name, _)| name.starts_with(project) && name.ends_with(&format!("/{}", wanted.1)));
    let executions = here.flat_map(|(_, job)| &job.executions).filter(|execution| execution.id == wanted.0);
    let lines = executions.flat_map(|execution| &execution.log).map(|(stream, text)| {
        let log = format!("{project}/logs/run.googleapis.com%2F{stream}");
        // A line that is a JSON object arrives as an object.
        match serde_json::from_str::<serde_json::Map<String, Value>>(text) {
            Ok(object) => json!({"logName": log, "jsonPayload": object}),
            Err(_) => json!({"logName": log, "textPayload": text}),
        }
    });
    page("entries", lines, &asked.page)
}

async fn tasks(State(platform): Shared, path: ResourcePath) -> Answer {
    with_execution(&platform, &path, |execution, name| {
        let mut task = json!({"name": format!("{name}/executions/{}/tasks/0", execution.id)});
        if let (Some(end), Some(fields)) = (&execution.end, task.as_object_mut()) {
            let result = json!({"exitCode": end.code, "termSignal": end.signal});
            fields.insert("lastAttemptResult".to_owned(), result);
        }
        json!({"tasks": [task]})
    })
}
