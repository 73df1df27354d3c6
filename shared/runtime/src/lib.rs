//! What a function's `main.rs` calls: it selects the platform and starts the server.
//!
//! What it is: [`start`] reads the configuration and sets up telemetry, [`connect`] opens the configured
//! platform, and [`serve_tasks`] or [`serve_handlers`] handle messages until the platform stops the process.
//! This crate is a composition root: it names the adapters, so that a function's own library need not.
//!
//! What it must not know: any single task type or function. They depend on this crate.
//!
//! How to add one more platform: a variant of [`segue_service::Platform`], a feature with its crate, and an
//! arm in [`connect`].

mod allocator;

use segue_connectors::{Connector, ConnectorError, folder};
use segue_lookups::Limits;
use segue_ports::{DeadLetterHandler, Environment, MessageHandler, PortError, Ports, Tokens, VariableError};
pub use segue_service::Config;
use segue_service::{ConfigError, Handlers, Platform, ServeError, serve, telemetry};
use segue_task::{ContainerRules, ContainerRulesError, TaskList, TaskService, TaskSettings};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// How long before the time limit of a request an attempt is stopped, so that its result can still be
/// written. The limit also covers the time that Pub/Sub and Cloud Run count before the request arrives: the queue for an
/// instance and the start of the instance.
const MARGIN: Duration = Duration::from_secs(45);
/// How long a service waits for work outside before its message is sent again with a delay. Most BigQuery
/// jobs end sooner, and waiting costs almost nothing while other requests are served.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an attempt is delivered again while a service of Google fails or refuses requests because of a quota.
const PLATFORM_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// The lease of claims on Google Cloud. Every write is billed there, so claims are renewed and logs are
/// written less often than on one machine.
const LEASE: Duration = Duration::from_secs(60);
const LOG_INTERVAL: Duration = Duration::from_secs(2);

/// Why a service did not start, or failed.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// The environment is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A variable has an invalid value.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A connector of the user's own is invalid.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The settings for containers are invalid.
    #[error(transparent)]
    Containers(#[from] ContainerRulesError),
    /// The platform failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The server failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Reads the configuration of a service from the environment and the text of its `function.yaml`, and sets up
/// telemetry.
///
/// # Errors
/// [`ConfigError`].
pub fn start(function: &str) -> Result<Config, ConfigError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a composition root: every setting of a service comes from here"
    )]
    let environment = Environment::of_process();
    let config = Config::from_environment(function, environment)?;
    telemetry::init(&config, Arc::new(segue_lookups::mask_line));
    if let Err(error) = segue_process::harden() {
        tracing::warn!(%error, "this process could not be protected from other processes of the same user");
    }
    Ok(config)
}

/// Opens the platform that the configuration names.
///
/// # Errors
/// An error of the platform. [`PortError::Invalid`] for the local platform if this program was built without
/// it.
pub async fn connect(config: &Config) -> Result<Ports, PortError> {
    match config.platform {
        #[cfg(feature = "gcp")]
        Platform::Gcp => {
            let platform = segue_gcp::PlatformConfig::from_variables(|name| config.environment.get(name))?;
            segue_gcp::connect(&platform).await
        }
        #[cfg(not(feature = "gcp"))]
        Platform::Gcp => Err(PortError::invalid(
            "this program is built for one machine alone (without the feature `gcp`); set SEGUE_PLATFORM=local",
        )),
        #[cfg(feature = "local")]
        Platform::Local => {
            let options = segue_embedded::EmbeddedOptions::from_environment(&config.environment)?;
            let mut ports = segue_embedded::open_with(&config.data_dir, options)?.ports;
            ports.tokens = tokens();
            Ok(ports)
        }
        #[cfg(not(feature = "local"))]
        Platform::Local => Err(PortError::invalid(
            "this program is built for Google Cloud alone (without the feature `local`); set SEGUE_PLATFORM=gcp",
        )),
    }
}

/// Google's access tokens of this machine: the metadata server's, or those of the application default credentials.
#[cfg(feature = "gcp")]
pub fn tokens() -> Arc<dyn Tokens> {
    Arc::new(segue_gcp::GoogleTokens::of_this_machine())
}

/// No tokens, because this program is built without Google Cloud, and so without a client for them.
#[cfg(not(feature = "gcp"))]
pub fn tokens() -> Arc<dyn Tokens> {
    Arc::new(segue_ports::tokens::NoTokens)
}

/// Runs the task runs of one service until the platform stops the process. The `main.rs` of a function with
/// task types needs nothing else.
///
/// # Errors
/// [`RuntimeError`].
pub async fn serve_tasks(function: &str, tasks: TaskList) -> Result<(), RuntimeError> {
    serve_tasks_with(function, |_| Ok(tasks)).await
}

/// Like [`serve_tasks`], for task types that depend on the configuration.
///
/// # Errors
/// [`RuntimeError`].
pub async fn serve_tasks_with(
    function: &str,
    tasks: impl FnOnce(&Config) -> Result<TaskList, RuntimeError>,
) -> Result<(), RuntimeError> {
    let config = start(function)?;
    let tasks = tasks(&config)?;
    let containers = ContainerRules::from_variables(|name| config.environment.get(name))?;
    let limits = Limits::from_environment(&config.environment)?;
    let ports = connect(&config).await?;
    let allow_metadata = limits.allow_metadata;
    let settings = TaskSettings { containers, allow_metadata, ..task_settings(&config) };
    let renderer = Arc::new(limits.renderer());
    let service = TaskService::with_settings(tasks, ports.clone(), renderer, &config.holder, settings);
    serve_handlers(&config, &ports, Arc::new(service), None).await
}

/// The user's own connectors: those in the folder `SEGUE_CONNECTORS`, or else in `connectors` of the data directory.
///
/// # Errors
/// [`ConnectorError`] for a file that is not a connector.
pub fn own_connectors(
    environment: &Environment,
    data_dir: &Path,
) -> Result<&'static [Connector], ConnectorError> {
    folder::own(environment.filled(folder::VARIABLE), data_dir)
}

/// The address of Segue's pages as people see it: `SEGUE_URL`, without a slash at the end.
pub fn address_of_pages(environment: &Environment) -> Option<String> {
    environment.filled("SEGUE_URL").map(|url| url.trim_end_matches('/').to_owned())
}

/// Handles messages until the platform stops the process.
///
/// # Errors
/// [`RuntimeError`].
pub async fn serve_handlers(
    config: &Config,
    ports: &Ports,
    messages: Arc<dyn MessageHandler>,
    dead_letters: Option<Arc<dyn DeadLetterHandler>>,
) -> Result<(), RuntimeError> {
    let storage = Some(ports.storage.clone());
    Ok(serve(config, Handlers { messages, dead_letters, usage: ports.usage.clone(), storage }).await?)
}

/// The time limits of task runs on the configured platform.
pub fn task_settings(config: &Config) -> TaskSettings {
    let settings = match config.platform {
        Platform::Local => TaskSettings::default(),
        Platform::Gcp => {
            let settings = cloud_settings(config.facts.timeout);
            let lease = config.claim.unwrap_or(settings.lease);
            TaskSettings { lease, heartbeat: lease / 3, ..settings }
        }
    };
    let max_deliveries = config.max_deliveries.map_or(settings.max_deliveries, NonZeroU32::get);
    TaskSettings { max_deliveries, url: address_of_pages(&config.environment), ..settings }
}

/// The time limits of task runs on Google Cloud, where a request must be answered within `timeout`.
pub fn cloud_settings(timeout: Duration) -> TaskSettings {
    TaskSettings {
        lease: LEASE,
        heartbeat: LEASE / 3,
        log_interval: LOG_INTERVAL,
        patience: Some(PATIENCE.min(timeout / 4)),
        platform_patience: Some(PLATFORM_PATIENCE),
        request_limit: Some(timeout.saturating_sub(MARGIN).max(timeout / 2)),
        ..TaskSettings::default()
    }
}
