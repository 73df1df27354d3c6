//! One process with all functions.

use crate::families::families_with;
use crate::google::{Google, GoogleAccess, GoogleOptions};
use crate::work::Work;
use jiff::Timestamp;
use segue_catalog::catalog_with;
use segue_embedded::{Durability, Embedded, EmbeddedOptions, SqliteTopics};
use segue_engine::check::read_flow;
use segue_executor::{CreateError, Executor, ExecutorConfig, ExecutorParts, NewExecution, Watch};
use segue_model::catalog::Catalog;
use segue_model::diagnostic::{Diagnostic, Severity};
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::parse::Parsed;
use segue_ports::state::{StoredExecution, StoredFlow};
use segue_ports::{Environment, PortError, Ports};
use segue_task::{ContainerRules, TaskService, TaskSettings};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

/// The settings of the process.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The environment variables, with the settings of all functions, secrets, and `ENV_*` for `envs`.
    pub environment: Environment,
    /// Whether a task that asks for a container fails without Docker. If false, the task runs on this
    /// machine. `SEGUE_CONTAINERS` overrides this.
    pub isolate: bool,
    /// Whether ends and pauses of executions are published for a scheduler.
    pub triggers: bool,
    /// What an answered write survives. None: the value of `SEGUE_DURABILITY`. If the variable is not set either, a
    /// write survives a loss of power.
    pub durability: Option<Durability>,
    /// The address of the pages for people, which messages about executions link to. `SEGUE_URL` overrides this.
    pub url: Option<String>,
    /// Whether a data directory is opened even if data in it is lost.
    pub accept_loss: bool,
    /// Google's APIs for programs of this machine.
    pub google: GoogleOptions,
}

/// One process with all functions.
pub struct Standalone {
    pub(crate) embedded: Embedded,
    pub(crate) executor: Arc<Executor>,
    pub(crate) services: Vec<Arc<TaskService>>,
    catalog: Arc<Catalog>,
    watch: Arc<Watch>,
    work: Work,
    google: Arc<Google>,
}

impl Standalone {
    /// Opens the data directory. Nothing runs yet.
    ///
    /// # Errors
    /// An error if the directory cannot be used, or another process uses it.
    pub fn open(options: &Options) -> Result<Self, PortError> {
        let containers = container_rules(&options.environment, options.isolate)?;
        let rules = ExecutorConfig::from_environment(&options.environment, "local")
            .map_err(|error| PortError::invalid(error.to_string()))?;
        let allow_metadata = rules.limits.allow_metadata;
        let mut platform = EmbeddedOptions::from_environment(&options.environment)?;
        platform.database.accept_loss = options.accept_loss;
        platform.database.durability = options.durability.unwrap_or(platform.database.durability);
        let max_deliveries = platform.bus.max_unended;
        let mut embedded = segue_embedded::open_with(&options.data_dir, platform)?;
        embedded.ports.tokens = segue_runtime::tokens();
        let data_dir = std::path::absolute(&options.data_dir).map_err(|error| {
            PortError::unavailable("data directory", format!("{}: {error}", options.data_dir.display()))
        })?;
        let work = Work::in_directory(&data_dir);
        let ports = embedded.ports.clone();
        let own = segue_runtime::own_connectors(&options.environment, &data_dir)
            .map_err(|error| PortError::invalid(error.to_string()))?;
        let catalog = catalog_with(own).map_err(|error| PortError::invalid(error.to_string()))?;
        let watch = Arc::new(Watch::default());
        let executor = Arc::new(Executor::new(ExecutorParts {
            observer: watch.clone(),
            announce_states: options.triggers,
            ..ExecutorParts::on_ports(ports.clone(), catalog, rules)
        }));
        let catalog = executor.parts().catalog.clone();
        let renderer = Arc::new(executor.parts().renderer.clone());
        let work_root = work.root().to_owned();
        let url = segue_runtime::address_of_pages(&options.environment).or_else(|| options.url.clone());
        let project = segue_embedded::local_project(&options.environment);
        let google = Arc::new(Google::new(ports.clone(), &data_dir, project, options.google.clone()));
        let script_variables = Some(google.clone() as _);
        let limits = TaskSettings { work_root, max_deliveries, script_variables, ..TaskSettings::default() };
        let settings = TaskSettings { containers, allow_metadata, url, ..limits };
        let services = families_with(own)
            .into_iter()
            .map(|family| {
                // Two services can have the same task type. With different holders, only one of them claims an attempt.
                let holder = format!("standalone-{}", family.service());
                let (ports, renderer) = (ports.clone(), renderer.clone());
                Arc::new(TaskService::with_settings(family, ports, renderer, holder, settings.clone()))
            })
            .collect();
        Ok(Self { embedded, executor, services, catalog, watch, work, google })
    }

    /// Serves Google's APIs to programs of this machine, until this value is dropped. None if they are off.
    ///
    /// # Errors
    /// An error if the port cannot be used.
    pub async fn start_google(&self) -> Result<Option<GoogleAccess>, PortError> {
        self.google.start().await
    }

    /// The adapters of all ports.
    pub fn ports(&self) -> &Ports {
        &self.embedded.ports
    }

    /// The topics of flows. The server delivers their messages to triggers.
    pub(crate) fn topics(&self) -> &Arc<SqliteTopics> {
        &self.embedded.topics
    }

    /// A note about the data directory for the user. None if there is nothing to report.
    pub fn note(&self) -> Option<&str> {
        self.embedded.note.as_deref()
    }

    /// All task types.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Live changes of executions.
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// The executor.
    pub fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    /// Parses a flow's source and saves it if it has no errors.
    ///
    /// # Errors
    /// The errors in the source, or an error of the store.
    pub async fn put_flow(&self, source: &str) -> Result<(StoredFlow, Parsed), PutFlowError> {
        put_flow(self.ports(), &self.catalog, source).await
    }

    /// Creates an execution and starts it.
    ///
    /// # Errors
    /// The reason why no execution was created.
    pub async fn create(&self, request: NewExecution) -> Result<Execution, CreateError> {
        self.executor.create(request).await
    }

    /// An execution with its task runs. None if it does not exist.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn execution(&self, id: &ExecutionId) -> Result<Option<StoredExecution>, PortError> {
        self.ports().state.execution(id).await
    }

    /// Whether work is left that continues by itself: published messages, or timers of these executions.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn has_work(&self, executions: &HashSet<ExecutionId>) -> Result<bool, PortError> {
        if self.embedded.bus.pending() > 0 {
            return Ok(true);
        }
        let timers = self.ports().state.due_timers(Timestamp::MAX, 1000).await?;
        Ok(timers.iter().any(|timer| executions.contains(&timer.execution_id))
            || self.embedded.bus.pending() > 0)
    }

    /// Ends the scripts that an earlier process started here, and removes their directories. Must be called
    /// before anything runs. Otherwise a script could run twice at the same time.
    ///
    /// # Errors
    /// An error if processes cannot be ended or a directory cannot be removed.
    pub async fn clear_left_over(&self) -> Result<(), PortError> {
        self.work.clear_left_over(&*self.ports().state).await
    }

    /// The number of running task runs.
    pub fn task_runs_at_work(&self) -> usize {
        self.services.iter().map(|service| service.at_work()).sum()
    }
}

/// Why a flow was not saved.
#[derive(Debug, thiserror::Error)]
pub enum PutFlowError {
    /// The source has errors.
    #[error("the flow has errors")]
    Refused(Vec<Diagnostic>),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Reads the rules for tasks that ask for a container from the environment.
pub(crate) fn container_rules(environment: &Environment, isolate: bool) -> Result<ContainerRules, PortError> {
    let rules = ContainerRules::from_variables(|name| environment.get(name))
        .map_err(|error| PortError::invalid(error.to_string()))?;
    Ok(if isolate { rules.guarded() } else { rules })
}

/// Parses a flow's source and saves it if it has no errors.
pub(crate) async fn put_flow(
    ports: &Ports,
    catalog: &Catalog,
    source: &str,
) -> Result<(StoredFlow, Parsed), PutFlowError> {
    let parsed = read_flow(source, catalog);
    let is_error = parsed.diagnostics.iter().any(|found| found.severity == Severity::Error);
    let Some(flow) = parsed.flow.as_ref().filter(|_| !is_error) else {
        return Err(PutFlowError::Refused(parsed.diagnostics));
    };
    let now = ports.clock.now();
    let stored = ports.state.put_flow(&flow.namespace, &flow.id, source, now).await?;
    Ok((stored, parsed))
}

#[cfg(test)]
mod tests;
