//! What a task runs in: its message, the platform, rendering, log, metrics, files, cancellation.

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
use segue_template::{Ambient, LookupTable, Masker, RenderError, Scope, computes, value_computes};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon, and how late, work outside the service is looked at again.
const SOONEST_LOOK: Duration = Duration::from_secs(5);
const LATEST_LOOK: Duration = Duration::from_secs(300);

/// What one attempt of a task runs in. Cheap to clone.
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
    /// Why the secrets of the context are not readable.
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
        let ambient = Ambient {
            now: service.ports.clock.now(),
            seed: 0,
            time_zone: service.settings.time_zone.clone(),
        };
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

    /// What is to be run, as it was asked for.
    pub fn message(&self) -> &TaskRunMessage {
        &self.0.message
    }

    /// The platform.
    pub fn ports(&self) -> &Ports {
        &self.0.service.ports
    }

    /// Where executions keep their files, as the execution of this task run has them: files of foreign namespaces are
    /// refused as [`segue_ports::ForeignFiles`] says.
    pub fn storage(&self) -> &InternalStorage {
        &self.0.storage
    }

    /// HTTP clients for the addresses flows name.
    pub fn clients(&self) -> &Clients {
        &self.0.service.clients
    }

    /// What a task that asks for a container may do.
    pub fn containers(&self) -> ContainerRules {
        self.0.service.settings.containers
    }

    /// How long to wait for work that goes on outside the service before [`Self::unfinished`] is the answer; none: to
    /// its end.
    pub fn patience(&self) -> Option<Duration> {
        self.0.service.settings.patience
    }

    /// The answer of a task whose work goes on outside the service, and is found again by what follows from
    /// [`Self::attempt_key`]: it is run again after a while, the longer the older the attempt is.
    pub fn unfinished(&self) -> TaskError {
        let look_again = (self.age() / 4).clamp(SOONEST_LOOK, LATEST_LOOK);
        TaskError::Unfinished { look_again }
    }

    /// How long ago the attempt began, where it comes back to see how its work is; else nothing.
    pub fn age(&self) -> Duration {
        let Some(resumed) = &self.0.message.resumed else { return Duration::ZERO };
        let age = self.0.service.ports.clock.now().duration_since(resumed.begun_at);
        Duration::try_from(age).unwrap_or_default()
    }

    /// Which attempt this is: the same for every delivery of its message.
    pub fn attempt_key(&self) -> AttemptKey {
        self.0.message.key()
    }

    /// Who holds the claim.
    pub fn holder(&self) -> &str {
        self.0.service.holder_of(&self.0.message)
    }

    /// Adds a line to the task run's log, secrets masked.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.0.journal.push(level, &message.into(), &self.0.masker);
    }

    /// A line for who looks into a fault.
    pub fn debug(&self, message: impl Into<String>) {
        self.log(LogLevel::Debug, message);
    }

    /// A line on what goes on.
    pub fn info(&self, message: impl Into<String>) {
        self.log(LogLevel::Info, message);
    }

    /// A line on something to look at.
    pub fn warn(&self, message: impl Into<String>) {
        self.log(LogLevel::Warn, message);
    }

    /// A line on something that failed.
    pub fn error(&self, message: impl Into<String>) {
        self.log(LogLevel::Error, message);
    }

    /// Reports a count.
    pub fn metric_counter(&self, name: &str, value: f64) {
        self.metric(name, MetricKind::Counter, value);
    }

    /// Reports a duration, in seconds.
    pub fn metric_timer(&self, name: &str, seconds: f64) {
        self.metric(name, MetricKind::Timer, seconds);
    }

    fn metric(&self, name: &str, kind: MetricKind, value: f64) {
        let metric = Metric { name: name.to_owned(), kind, value, tags: Json::Object(Map::new()) };
        self.0.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(metric);
    }

    /// Reports a task run of the task's own making (a dbt model).
    pub fn dynamic_task_run(&self, task_run: TaskRun) {
        self.0.dynamic.lock().unwrap_or_else(PoisonError::into_inner).push(task_run);
    }

    /// The attempt, should it succeed, ends WARNING.
    pub fn end_with_warning(&self) {
        self.0.warned.store(true, Ordering::Relaxed);
    }

    /// Renders a template; what it asks of `kv()`, `secret()`, `read()` and their like is fetched.
    ///
    /// # Errors
    /// [`TaskError::Failed`] when the template is wrong, [`TaskError::Platform`] when an answer cannot be fetched.
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

    /// Renders a template with more variables; of two with one name the one in `extra` counts.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub async fn render_with(&self, template: &str, extra: Map) -> Result<String, TaskError> {
        let mut scope = self.scope();
        scope.variables = Arc::new(Overlay::new(extra, scope.variables));
        let renderer = &self.0.service.renderer;
        self.until_answered(computes(template), || renderer.render(template, &scope)).await
    }

    /// The directory of this attempt, `{{ workingDir }}` in expressions: made, empty, when it is first asked for,
    /// removed after the attempt. The children of a WorkingDirectory share one, which stays.
    pub fn working_dir(&self) -> &Path {
        if let Err(error) = self.0.dir.make() {
            self.error(format!(
                "the working directory {} cannot be made: {error}",
                self.0.dir.path().display()
            ));
        }
        self.0.dir.path()
    }

    /// Where a file of this task run goes in internal storage, for [`InternalStorage::put`] and its like.
    pub fn storage_path(&self, file_name: &str) -> String {
        format!("{}/{}", storage_dir(&self.0.message), file_name.trim_start_matches('/'))
    }

    /// Masks a text in log, outputs and errors from now on, in base64 and URL-encoded too.
    pub fn mask(&self, secret: &str) {
        self.0.masker.add(secret);
    }

    /// Fires when the attempt is to stop: it was killed, its time is over, or its lease is lost. A task that
    /// started something outside this process stops it; the task itself is dropped a few seconds later.
    pub fn cancelled(&self) -> CancellationToken {
        self.0.cancelled.clone()
    }

    /// Once [`Self::cancelled`] has fired: whether somebody else may have the attempt now, so that what it has at work
    /// outside this process is not to be stopped.
    pub fn goes_on_elsewhere(&self) -> bool {
        self.0.elsewhere.load(Ordering::Relaxed)
    }

    /// Whether what is encrypted in the message could be read.
    ///
    /// # Errors
    /// [`TaskError::Failed`]: the message was encrypted with another key.
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

    /// What the task reported so far; it is forgotten by that.
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

    /// Each render has its own time and chance; both hold while its answers are fetched.
    fn scope(&self) -> Scope {
        let mut hasher = DefaultHasher::new();
        self.0.message.key().hash(&mut hasher);
        self.0.renders.fetch_add(1, Ordering::Relaxed).hash(&mut hasher);
        let now = self.0.service.ports.clock.now();
        now.hash(&mut hasher);
        let mut scope = self.0.scope.clone();
        scope.ambient.now = now;
        scope.ambient.seed = hasher.finish();
        scope
    }
}
