//! Stand-in for Cloud Run jobs. The first container of a job runs as a process of this machine. The image is ignored,
//! and the environment has only the variables of the job. The mounted bucket is a directory at the path where the
//! container expects it.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

use super::answer::{Answer, Refusal};
use super::objects::Mounted;
use anyhow::Context as _;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// The routes. `storage` is the address of the API with the mounted buckets.
pub fn app(storage: Option<String>) -> Router {
    let jobs = "/v2/projects/{project}/locations/{location}/jobs";
    let executions = format!("{jobs}/{{job}}/executions/{{execution}}");
    Router::new()
        .route(jobs, post(create))
        .route(&format!("{jobs}/{{job}}"), get(job).post(run).delete(delete))
        .route(&executions, get(execution).post(cancel))
        .route(&format!("{executions}/tasks"), get(tasks))
        .route("/v2/projects/{project}/locations/{location}/operations/{operation}", get(operation))
        .with_state(Arc::new(Platform { storage, jobs: Mutex::default() }))
}

struct Platform {
    storage: Option<String>,
    jobs: Mutex<BTreeMap<String, Job>>,
}

/// A job with its executions.
struct Job {
    made: Value,
    executions: Vec<Execution>,
}

struct Execution {
    id: String,
    created: Timestamp,
    end: Option<End>,
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
            fields.insert("executionCount".to_owned(), self.executions.len().into());
            let ready = json!({"type": "Ready", "state": "CONDITION_SUCCEEDED"});
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
    let job = Job { made, executions: Vec::new() };
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

async fn run(State(platform): Shared, path: ResourcePath) -> Answer {
    if !part(&path, "job").ends_with(":run") {
        return Err(Refusal::invalid("a job is posted to with :run"));
    }
    let name = job_name(&path);
    let mut jobs = platform.jobs();
    let job = jobs.get_mut(&name).ok_or_else(|| Refusal::not_found(&name))?;
    let spec: Spec =
        serde_json::from_value(job.made.pointer("/template/template").cloned().unwrap_or_default())
            .map_err(|error| Refusal::invalid(format!("the job {name} cannot be run: {error}")))?;
    let short = name.rsplit('/').next().unwrap_or_default();
    let id = format!("{short}-{}", job.executions.len());
    let stop = CancellationToken::new();
    let execution = Execution { id: id.clone(), created: Timestamp::now(), end: None, stop: stop.clone() };
    let shown = execution.json(&name);
    job.executions.push(execution);
    drop(jobs);
    let answer = operation_json(&path, &id, shown, false);
    tokio::spawn(async move {
        let end = work(spec, platform.storage.clone(), &stop).await;
        let mut jobs = platform.jobs();
        let executions = jobs.get_mut(&name).map(|job| job.executions.iter_mut()).into_iter().flatten();
        for execution in executions.filter(|execution| execution.id == id) {
            execution.end = Some(end.clone());
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

/// The parts of a job that the stand-in uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    containers: Vec<Container>,
    #[serde(default)]
    volumes: Vec<Volume>,
    timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Container {
    command: Vec<String>,
    args: Vec<String>,
    env: Vec<Variable>,
    working_dir: Option<PathBuf>,
    volume_mounts: Vec<VolumeMount>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeMount {
    name: String,
    mount_path: PathBuf,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    gcs: Bucket,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    bucket: String,
    #[serde(default)]
    mount_options: Vec<String>,
}

/// Runs an execution to its end.
async fn work(spec: Spec, storage: Option<String>, stop: &CancellationToken) -> End {
    let ended = |code, signal, message: String| End {
        at: Timestamp::now(),
        code,
        signal,
        cancelled: stop.is_cancelled(),
        message,
    };
    match execute(spec, storage, stop).await {
        Ok((0, 0)) => ended(0, 0, "Execution completed successfully.".to_owned()),
        Ok((code, signal)) => {
            let how = if signal == 0 { format!("exit code: {code}") } else { format!("signal: {signal}") };
            ended(code, signal, format!("The container exited with an error, {how}."))
        }
        Err(error) => ended(0, 9, format!("{error:#}")),
    }
}

/// Exit code and signal of the container.
async fn execute(
    spec: Spec,
    storage: Option<String>,
    stop: &CancellationToken,
) -> anyhow::Result<(i32, i32)> {
    let container = spec.containers.into_iter().next().context("the job has no container")?;
    let mut mounted = Vec::new();
    for mount in &container.volume_mounts {
        let bucket = spec.volumes.iter().find(|volume| volume.name == mount.name).map(|volume| &volume.gcs);
        let bucket = bucket.with_context(|| format!("there is no volume '{}'", mount.name))?;
        let storage =
            storage.clone().context("STORAGE_EMULATOR_HOST is not set, and the job has a volume")?;
        anyhow::ensure!(
            mount.mount_path.starts_with(std::env::temp_dir()),
            "only what lies below {} can be a mount here, which {} does not",
            std::env::temp_dir().display(),
            mount.mount_path.display()
        );
        let prefix = bucket.mount_options.iter().find_map(|option| option.strip_prefix("only-dir="));
        let prefix = prefix.context("a whole bucket is not mounted here: only-dir is missing")?;
        mounted.push(Mounted::mount(storage, bucket.bucket.clone(), prefix, mount.mount_path.clone()).await?);
    }
    let timeout = spec.timeout.as_deref().and_then(|text| text.strip_suffix('s')?.parse::<f64>().ok());
    let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let ended = process(container, timeout.unwrap_or(Duration::from_secs(600)), stop).await;
    for mount in mounted {
        mount.unmount().await?;
    }
    ended
}

async fn process(
    container: Container,
    timeout: Duration,
    stop: &CancellationToken,
) -> anyhow::Result<(i32, i32)> {
    let mut words = container.command.into_iter().chain(container.args);
    let program = words.next().context("what the image would run by itself is not known here")?;
    let elsewhere = tempfile::tempdir()?;
    let mut command = Command::new(&program);
    command
        .args(words)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", elsewhere.path())
        .envs(container.env.into_iter().map(|variable| (variable.name, variable.value)))
        .current_dir(container.working_dir.as_deref().unwrap_or(elsewhere.path()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let status = tokio::select! {
        status = child.wait() => Some(status?),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(timeout) => None,
    };
    // The other processes of the container end with its first process.
    if let Some(group) = group {
        let _gone_already = kill_process_group(group, Signal::KILL);
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok((status.code().unwrap_or(0), status.signal().unwrap_or(0)))
}
