//! The environment of a running task: message, platform, rendering, log, metrics, files, cancellation.

use crate::containers::ContainerRules;
use crate::error::TaskError;
use crate::journal::{Journal, storage_dir};
use crate::overlay::Overlay;
use crate::settings::Service;
use crate::working_dir::WorkingDir;
use segue_lookups::outbound::Clients;
use segue_lookups::{PortAnswers, answered, mask_lines_by, until_answered};
use segue_model::cipher::CipherError;
use segue_model::event::{Metric, MetricKind};
use segue_model::log::LogLevel;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_ports::wire::{AttemptKey, TaskRunMessage};
use segue_ports::{InternalStorage, Ports};
use segue_template::{
    Ambient, LookupTable, Masker, RenderError, Renderer, Scope, computes, value_computes, value_to_json,
};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The shortest and the longest time between two checks of work outside the service.
const SOONEST_LOOK: Duration = Duration::from_secs(5);
const LATEST_LOOK: Duration = Duration::from_secs(300);

/// The environment of one attempt of a task. Cheap to clone.
#[derive(Clone)]
pub struct TaskContext(Arc<Attempt>);

struct Attempt {
    service: Arc<Service>,
    message: TaskRunMessage,
    storage: InternalStorage,
    scope: Scope,
    answers: PortAnswers,
    lookups: LookupTable,
    masker: Arc<Masker>,
    /// Set if the secrets in the context cannot be decrypted.
    unreadable: Option<CipherError>,
    journal: Journal,
    dir: WorkingDir,
    cancelled: CancellationToken,
    elsewhere: Arc<AtomicBool>,
    renders: AtomicU64,
    warned: AtomicBool,
    metrics: Mutex<Vec<Metric>>,
    dynamic: Mutex<Vec<TaskRun>>,
}

impl TaskContext {
    pub(crate) fn new(
        service: Arc<Service>,
        message: TaskRunMessage,
        cancelled: CancellationToken,
        elsewhere: Arc<AtomicBool>,
    ) -> Self {
        let dir = WorkingDir::new(&service.settings.work_root, &message);
        let mut own = Map::new();
        own.insert("workingDir".to_owned(), Json::String(dir.path().to_string_lossy().into_owned()));
        let lookups = LookupTable::new();
        let ambient =
            Ambient { now: message.dispatched_at, seed: 0, time_zone: service.settings.time_zone.clone() };
        let masker = Arc::new(Masker::default());
        mask_lines_by(&masker);
        let mut variables = message.context.clone();
        let unreadable = service.ports.cipher.open(&mut variables, &mut |secret| masker.add(secret)).err();
        let mut scope = Scope::from_json(variables, Arc::new(lookups.clone()), ambient);
        scope.variables = Arc::new(Overlay::new(own, scope.variables));
        let Ports { storage, state, .. } = &service.ports;
        let storage = storage.for_execution(state.clone(), &message.namespace, &message.execution_id);
        let answers =
            PortAnswers::with_masker(service.ports.clone(), service.clients.clone(), masker.clone());
        Self(Arc::new(Attempt {
            storage,
            answers,
            journal: Journal::new(&message, service.ports.clock.clone()),
            service,
            message,
            scope,
            lookups,
            masker,
            unreadable,
            dir,
            cancelled,
            elsewhere,
            renders: AtomicU64::new(0),
            warned: AtomicBool::new(false),
            metrics: Mutex::default(),
            dynamic: Mutex::default(),
        }))
    }

    /// The message with the task run.
    pub fn message(&self) -> &TaskRunMessage {
        &self.0.message
    }

    /// The name of the service that runs the task. Services can share a task type.
    pub fn service(&self) -> &'static str {
        self.0.service.name
    }

    /// The adapters of all ports.
    pub fn ports(&self) -> &Ports {
        &self.0.service.ports
    }

    /// The files of executions, as the execution of this task run may use them: files of other namespaces are refused
    /// according to [`segue_ports::ForeignFiles`].
    pub fn storage(&self) -> &InternalStorage {
        &self.0.storage
    }

    /// HTTP clients for the addresses that flows name.
    pub fn clients(&self) -> &Clients {
        &self.0.service.clients
    }

    /// What a task that asks for a container may do.
    pub fn containers(&self) -> ContainerRules {
        self.0.service.settings.containers
    }

    /// The variables that the platform adds to those of a script on this machine.
    ///
    /// # Errors
    /// An error of the platform.
    pub async fn script_variables(&self) -> Result<BTreeMap<String, String>, TaskError> {
        match &self.0.service.settings.script_variables {
            Some(variables) => Ok(variables.variables().await?),
            None => Ok(BTreeMap::new()),
        }
    }

    /// How long to wait for work outside the service before the task returns [`Self::unfinished`]. None:
    /// until the work ends.
    pub fn patience(&self) -> Option<Duration> {
        self.0.service.settings.patience
    }

    /// The result of a task that must wait for work outside the service. The task finds the work again by a
    /// name that follows from [`Self::attempt_key`]. The task is run again after a delay, which grows with
    /// the age of the attempt.
    pub fn unfinished(&self) -> TaskError {
        let look_again = (self.age() / 4).clamp(SOONEST_LOOK, LATEST_LOOK);
        TaskError::Unfinished { look_again }
    }

    /// The age of the attempt if it checks on work outside the service. Otherwise 0.
    pub fn age(&self) -> Duration {
        let Some(resumed) = &self.0.message.resumed else { return Duration::ZERO };
        let age = self.0.service.ports.clock.now().duration_since(resumed.begun_at);
        Duration::try_from(age).unwrap_or_default()
    }

    /// The key of the attempt. It is the same for every delivery of the message.
    pub fn attempt_key(&self) -> AttemptKey {
        self.0.message.key()
    }

    /// The holder of the claim.
    pub fn holder(&self) -> &str {
        &self.0.service.holder
    }

    /// Adds a line to the task run's log. Secrets are masked.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.0.journal.push(level, &message.into(), &self.0.masker);
    }

    /// Waits until the log has room: until most lines so far are written, or the attempt must stop. For a task that logs
    /// the output of a program.
    pub async fn log_room(&self) {
        tokio::select! {
            () = self.0.journal.room() => {}
            () = self.0.cancelled.cancelled() => {}
        }
    }

    /// Logs a detail for finding errors.
    pub fn debug(&self, message: impl Into<String>) {
        self.log(LogLevel::Debug, message);
    }

    /// Logs progress.
    pub fn info(&self, message: impl Into<String>) {
        self.log(LogLevel::Info, message);
    }

    /// Logs something that needs attention.
    pub fn warn(&self, message: impl Into<String>) {
        self.log(LogLevel::Warn, message);
    }

    /// Logs a failure.
    pub fn error(&self, message: impl Into<String>) {
        self.log(LogLevel::Error, message);
    }

    /// Reports a count as a metric.
    pub fn metric_counter(&self, name: &str, value: f64) {
        self.metric(name, MetricKind::Counter, value);
    }

    /// Reports a duration in seconds as a metric.
    pub fn metric_timer(&self, name: &str, seconds: f64) {
        self.metric(name, MetricKind::Timer, seconds);
    }

    fn metric(&self, name: &str, kind: MetricKind, value: f64) {
        self.report(Metric { name: name.to_owned(), kind, value, tags: Json::Object(Map::new()) });
    }

    /// Reports a metric with its kind and tags.
    pub fn report(&self, metric: Metric) {
        self.0.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(metric);
    }

    /// Reports a task run that the task itself created, such as a dbt model.
    pub fn dynamic_task_run(&self, task_run: TaskRun) {
        self.0.dynamic.lock().unwrap_or_else(PoisonError::into_inner).push(task_run);
    }

    /// If the attempt succeeds, it ends WARNING.
    pub fn end_with_warning(&self) {
        self.0.warned.store(true, Ordering::Relaxed);
    }

    /// The variables of the task run's expressions, with decrypted values. Only the outputs that the task can reach are
    /// among them.
    pub fn variables(&self) -> Map {
        let variables = &self.0.scope.variables;
        let keys = self.0.message.context.as_object().into_iter().flat_map(Map::keys);
        keys.filter_map(|key| Some((key.clone(), value_to_json(&variables.get(key)?)))).collect()
    }

    /// Renders a template. Answers for `kv()`, `secret()`, `read()` and similar functions are fetched.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the template is wrong. [`TaskError::Platform`] if an answer cannot be
    /// fetched.
    pub async fn render(&self, template: &str) -> Result<String, TaskError> {
        let scope = self.scope();
        let renderer = &self.0.service.renderer;
        self.until_answered(computes(template), || renderer.render(template, &scope)).await
    }

    /// Renders every text inside a value, keys included.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub async fn render_json(&self, value: &Json) -> Result<Json, TaskError> {
        let scope = self.scope();
        let renderer = &self.0.service.renderer;
        self.until_answered(value_computes(value), || renderer.render_json(value, &scope)).await
    }

    /// Renders a template with additional variables. A variable in `extra` replaces one with the same name.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub async fn render_with(&self, template: &str, extra: Map) -> Result<String, TaskError> {
        let mut scope = self.scope();
        scope.variables = Arc::new(Overlay::new(extra, scope.variables));
        let renderer = &self.0.service.renderer;
        self.until_answered(computes(template), || renderer.render(template, &scope)).await
    }

    /// Renders every text inside a value to a value with a type, with additional variables. A text that is one
    /// expression becomes the value of the expression. An entry of a map with the value null is left out.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub async fn render_typed_with(&self, value: &Json, extra: Map) -> Result<Json, TaskError> {
        let mut scope = self.scope();
        scope.variables = Arc::new(Overlay::new(extra, scope.variables));
        let renderer = &self.0.service.renderer;
        self.until_answered(value_computes(value), || typed(renderer, value, &scope)).await
    }

    /// The address of Segue's pages as people see it, without a slash at the end. None if it is not configured.
    pub fn url(&self) -> Option<&str> {
        self.0.service.settings.url.as_deref()
    }

    /// The directory of this attempt, `{{ workingDir }}` in expressions. The directory is created empty on
    /// the first call and removed after the attempt. The children of a WorkingDirectory share one directory,
    /// which is not removed.
    pub fn working_dir(&self) -> &Path {
        if let Err(error) = self.0.dir.make() {
            self.error(format!(
                "the working directory {} cannot be created: {error}",
                self.0.dir.path().display()
            ));
        }
        self.0.dir.path()
    }

    /// The path of a file of this task run in internal storage, for [`InternalStorage::put`] and similar
    /// methods.
    pub fn storage_path(&self, file_name: &str) -> String {
        format!("{}/{}", storage_dir(&self.0.message), file_name.trim_start_matches('/'))
    }

    /// Masks a text in log, outputs and errors from now on, also if it is encoded in base64 or URL-encoded.
    pub fn mask(&self, secret: &str) {
        self.0.masker.add(secret);
    }

    /// A secret as an output: masked in the log from now on, and encrypted. Expressions read it as any other output.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the platform cannot encrypt it.
    pub fn sealed(&self, secret: &str) -> Result<Json, TaskError> {
        self.mask(secret);
        let message = self.message();
        let owner = [message.execution_id.as_str(), message.task_run_id.as_str()];
        self.ports()
            .cipher
            .seal(&Json::String(secret.to_owned()), &owner)
            .map_err(|error| TaskError::failed(format!("an output cannot be encrypted: {error}")))
    }

    /// The token that is cancelled when the attempt must stop: it was killed, it timed out, or its lease is
    /// lost. A task that started something outside this process stops it. The task itself is dropped a few
    /// seconds later.
    pub fn cancelled(&self) -> CancellationToken {
        self.0.cancelled.clone()
    }

    /// After [`Self::cancelled`] has fired: whether another worker may run the attempt now. If so, the task
    /// must not stop its work outside this process.
    pub fn goes_on_elsewhere(&self) -> bool {
        self.0.elsewhere.load(Ordering::Relaxed)
    }

    /// Checks that the encrypted values in the message could be decrypted.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the message was encrypted with another key.
    pub(crate) fn check_secrets(&self) -> Result<(), TaskError> {
        self.0.unreadable.as_ref().map_or(Ok(()), |error| Err(TaskError::failed(error.to_string())))
    }

    pub(crate) fn masker(&self) -> &Masker {
        &self.0.masker
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn working_directory(&self) -> &WorkingDir {
        &self.0.dir
    }

    pub(crate) fn warned(&self) -> bool {
        self.0.warned.load(Ordering::Relaxed)
    }

    /// Returns and removes what the task has reported so far.
    pub(crate) fn take_reports(&self) -> (Vec<Metric>, Vec<TaskRun>) {
        self.0.warned.store(false, Ordering::Relaxed);
        let metrics = std::mem::take(&mut *self.0.metrics.lock().unwrap_or_else(PoisonError::into_inner));
        let dynamic = std::mem::take(&mut *self.0.dynamic.lock().unwrap_or_else(PoisonError::into_inner));
        (metrics, dynamic)
    }

    async fn until_answered<T: Send>(
        &self,
        computes: bool,
        render: impl Fn() -> Result<T, RenderError> + Send,
    ) -> Result<T, TaskError> {
        let Attempt { answers, message, lookups, .. } = &*self.0;
        let render = move || answered(render());
        let (namespace, id) = (&message.namespace, &message.execution_id);
        Ok(until_answered(answers, namespace, id, lookups, computes, render).await??)
    }

    /// The time of every rendering is the time of the dispatch, and each rendering has its own random numbers. Both are
    /// the same in every delivery of the message, so that a delivery that continues work outside renders the same text.
    fn scope(&self) -> Scope {
        let mut hasher = DefaultHasher::new();
        self.0.message.key().hash(&mut hasher);
        self.0.renders.fetch_add(1, Ordering::Relaxed).hash(&mut hasher);
        self.0.message.dispatched_at.hash(&mut hasher);
        let mut scope = self.0.scope.clone();
        scope.ambient.seed = hasher.finish();
        scope
    }
}

fn typed(renderer: &Renderer, value: &Json, scope: &Scope) -> Result<Json, RenderError> {
    Ok(match value {
        Json::String(text) => renderer.render_typed(text, scope)?,
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| typed(renderer, item, scope)).collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let mut rendered = Map::new();
            for (name, item) in fields {
                let item = typed(renderer, item, scope)?;
                if !item.is_null() {
                    rendered.insert(name.clone(), item);
                }
            }
            Json::Object(rendered)
        }
        other => other.clone(),
    })
}
