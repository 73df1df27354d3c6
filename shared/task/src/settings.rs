//! What all attempts of one service share.

use crate::containers::ContainerRules;
use async_trait::async_trait;
use jiff::tz::TimeZone;
use segue_lookups::outbound::Clients;
use segue_ports::{PortError, Ports};
use segue_template::Renderer;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What all attempts of one service share.
pub(crate) struct Service {
    /// The name of the service, which is also the name of its task list.
    pub(crate) name: &'static str,
    pub(crate) ports: Ports,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) settings: TaskSettings,
    pub(crate) holder: String,
}

/// Time limits and sizes for the attempts of a service.
#[derive(Clone, Debug)]
pub struct TaskSettings {
    /// How long a claim lasts without renewal.
    pub lease: Duration,
    /// The time between two renewals of a claim.
    pub heartbeat: Duration,
    /// The time between two writes of log lines while a task runs.
    pub log_interval: Duration,
    /// How long a cancelled task may take to stop.
    pub grace: Duration,
    /// How often a task is run again after the platform failed.
    pub platform_retries: u32,
    /// The pause before the first of these retries. Each later pause is four times as long.
    pub platform_retry_pause: Duration,
    /// How long after its start an attempt is delivered again, with growing delays, if the platform still fails after
    /// these retries. None: the attempt fails after the retries.
    pub platform_patience: Option<Duration>,
    /// How long a task waits for work outside the service before its message is sent again with a delay.
    /// None: until the work ends.
    pub patience: Option<Duration>,
    /// The longest time for an attempt that cannot continue in another delivery. None: no limit. The
    /// platform's delivery has its own limit, and would deliver a longer attempt again.
    pub request_limit: Option<Duration>,
    /// The number of deliveries that ended with their process, after which the attempt has failed.
    pub max_deliveries: u32,
    /// How long a message waits in its request for another attempt of this process that was taken over from a worker
    /// that may have died. After this time the message is sent again with the same delay.
    pub turn: Duration,
    /// The largest size of outputs, in bytes of JSON.
    pub max_output_bytes: usize,
    /// The folder for working directories.
    pub work_root: PathBuf,
    /// The time zone of expressions without their own.
    pub time_zone: TimeZone,
    /// What tasks that ask for a container may do.
    pub containers: ContainerRules,
    /// Whether flows may connect to the machine's metadata server.
    pub allow_metadata: bool,
    /// The address of Segue's pages as people see it, without a slash at the end. None: messages contain no links.
    pub url: Option<String>,
    /// Variables that the platform adds to those of scripts. None: it adds none.
    pub script_variables: Option<Arc<dyn ScriptVariables>>,
}

/// Variables that the platform adds to those of scripts on this machine, such as the address of a service for them.
#[async_trait]
pub trait ScriptVariables: Debug + Send + Sync {
    /// The variables. Called when a script starts.
    ///
    /// # Errors
    /// An error if the service behind them cannot be started.
    async fn variables(&self) -> Result<BTreeMap<String, String>, PortError>;
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
            platform_patience: None,
            patience: None,
            request_limit: None,
            max_deliveries: 3,
            turn: Duration::from_secs(5),
            max_output_bytes: 8 * 1024 * 1024,
            work_root: std::env::temp_dir().join("segue-work"),
            time_zone: TimeZone::UTC,
            containers: ContainerRules::default(),
            allow_metadata: false,
            url: None,
            script_variables: None,
        }
    }
}
