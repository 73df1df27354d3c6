//! What all attempts of one service share.

use crate::containers::ContainerRules;
use jiff::tz::TimeZone;
use segue_lookups::outbound::Clients;
use segue_ports::Ports;
use segue_template::Renderer;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What all attempts of one service share.
pub(crate) struct Service {
    pub(crate) ports: Ports,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) settings: TaskSettings,
    pub(crate) holder: String,
}

/// How long things may take.
#[derive(Clone, Debug)]
pub struct TaskSettings {
    /// How long a claim lasts unless it is renewed.
    pub lease: Duration,
    /// How often it is renewed.
    pub heartbeat: Duration,
    /// How often log lines are written while a task runs.
    pub log_interval: Duration,
    /// How long a task that is to stop may take to stop.
    pub grace: Duration,
    /// How often a task is run again because the platform failed.
    pub platform_retries: u32,
    /// The pause before the first of these; each later one is four times as long.
    pub platform_retry_pause: Duration,
    /// How long a task waits for work that goes on outside the service before it hands its message back to come
    /// again later; none: to its end.
    pub patience: Option<Duration>,
    /// How long an attempt may take that cannot hand its message back; none: for ever. What delivers messages has a
    /// limit of its own, and would deliver again what takes longer.
    pub request_limit: Option<Duration>,
    /// After so many deliveries of an attempt that never ended, because the process did first, it has failed.
    pub max_deliveries: u32,
    /// The largest outputs, in bytes of JSON.
    pub max_output_bytes: usize,
    /// Where working directories are made.
    pub work_root: PathBuf,
    /// The time zone of expressions that name none.
    pub time_zone: TimeZone,
    /// What tasks that ask for a container may do.
    pub containers: ContainerRules,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(1),
            log_interval: Duration::from_millis(200),
            grace: Duration::from_secs(5),
            platform_retries: 3,
            platform_retry_pause: Duration::from_millis(200),
            patience: None,
            request_limit: None,
            max_deliveries: 3,
            max_output_bytes: 8 * 1024 * 1024,
            work_root: std::env::temp_dir().join("segue-work"),
            time_zone: TimeZone::UTC,
            containers: ContainerRules::default(),
        }
    }
}
