//! What a function's `main.rs` says: which platform, and what is served on it.
//!
//! What it is: [`start`] reads the configuration and sets up telemetry, [`connect`] opens the platform it names, and
//! [`serve_tasks`] or [`serve_handlers`] take messages until the platform says stop. It is a composition root:
//! it names the adapters so that a function's own library need not.
//!
//! What it must not know: a single task type or function; they depend on it.
//!
//! How to add one more platform: a variant of [`segue_service::Platform`], a feature with its crate, and an arm in
//! [`connect`].

mod allocator;

use segue_ports::{DeadLetterHandler, MessageHandler, PortError, Ports};
use segue_service::{Config, ConfigError, Handlers, Platform, ServeError, serve, telemetry};
use segue_task::{ContainerRules, ContainerRulesError, TaskList, TaskService, TaskSettings};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// How long before a request must be answered an attempt is cut off, so that its end can yet be written.
const MARGIN: Duration = Duration::from_secs(10);
/// How long a service waits for work that goes on outside before it lets go of the message: most BigQuery jobs end
/// sooner, and waiting beside other requests costs next to nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where every write is billed, claims are renewed and logs written more seldom than on one machine.
const LEASE: Duration = Duration::from_secs(60);
const LOG_INTERVAL: Duration = Duration::from_secs(2);

/// Why a service did not start, or broke off.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// The environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the environment says of containers.
    #[error(transparent)]
    Containers(#[from] ContainerRulesError),
    /// The platform.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// The configuration of a service, from the environment and the text of its `function.yaml`; with telemetry set up.
///
/// # Errors
/// [`ConfigError`].
pub fn start(function: &str) -> Result<Config, ConfigError> {
    let config = Config::from_env(function)?;
    telemetry::init(&config, Arc::new(segue_lookups::mask_line));
    if let Err(error) = segue_process::harden() {
        tracing::warn!(%error, "this process could not be closed to others of the same user");
    }
    Ok(config)
}

/// The platform the configuration names.
///
/// # Errors
/// What the platform said; [`PortError::Invalid`] for the local one where it is not built in.
pub async fn connect(config: &Config) -> Result<Ports, PortError> {
    match config.platform {
        Platform::Gcp => {
            let platform = segue_gcp::PlatformConfig::from_env()?;
            segue_gcp::connect(&platform).await
        }
        #[cfg(feature = "local")]
        Platform::Local => segue_embedded::connect(&config.data_dir),
        #[cfg(not(feature = "local"))]
        Platform::Local => Err(PortError::invalid(
            "this program is built for Google Cloud alone (without the feature `local`); set SEGUE_PLATFORM=gcp",
        )),
    }
}

/// Runs the task runs of one service until the platform says stop: all that the `main.rs` of a function with task
/// types has to say.
///
/// # Errors
/// [`RuntimeError`].
pub async fn serve_tasks(function: &str, tasks: TaskList) -> Result<(), RuntimeError> {
    let config = start(function)?;
    let containers = ContainerRules::from_variables(|name| std::env::var(name).ok())?;
    let ports = connect(&config).await?;
    let settings = TaskSettings { containers, ..task_settings(&config) };
    let service = TaskService::with_settings(tasks, ports.clone(), Arc::default(), &config.holder, settings);
    serve_handlers(&config, &ports, Arc::new(service), None).await
}

/// Takes messages until the platform says stop.
///
/// # Errors
/// [`RuntimeError`].
pub async fn serve_handlers(
    config: &Config,
    ports: &Ports,
    messages: Arc<dyn MessageHandler>,
    dead_letters: Option<Arc<dyn DeadLetterHandler>>,
) -> Result<(), RuntimeError> {
    Ok(serve(config, Handlers { messages, dead_letters, usage: ports.usage.clone() }).await?)
}

/// How long things may take on a platform.
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
    TaskSettings { max_deliveries, ..settings }
}

/// How long things may take on Google Cloud, where a request must be answered in `timeout`.
pub fn cloud_settings(timeout: Duration) -> TaskSettings {
    TaskSettings {
        lease: LEASE,
        heartbeat: LEASE / 3,
        log_interval: LOG_INTERVAL,
        patience: Some(PATIENCE.min(timeout / 4)),
        request_limit: Some(timeout.saturating_sub(MARGIN).max(timeout / 2)),
        ..TaskSettings::default()
    }
}
