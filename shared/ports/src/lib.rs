//! The ports: what Segue asks of a platform, and the messages that travel between services.
//!
//! What it is: a handful of coarse traits ([`StateStore`], [`EventBus`], [`ObjectStore`], [`warehouse::Warehouse`],
//! [`SecretStore`], [`ContainerJobs`], [`ImageBuilds`], [`TickJobs`], [`Tokens`], [`Topics`]), their requests and answers, errors named
//! by meaning, and the versioned [`wire`] messages. Every trait says what is atomic.
//!
//! What it must not know: any technology behind a port, expressions, the engine's rules.
//!
//! How to add one more: add a port only for something that platforms implement differently. A port has a module here, a
//! suite in `conformance`, an adapter in `embedded` and an adapter in `gcp`.

pub mod builds;
pub mod bus;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod container;
pub mod credentials;
pub mod ended;
pub mod environment;
pub mod error;
mod filter;
pub mod kv;
pub mod log_line;
pub mod object;
mod random;
pub mod schedule;
pub mod secret;
pub mod state;
pub mod storage;
pub mod tick_jobs;
pub mod tokens;
pub mod topics;
pub mod warehouse;
pub mod wire;

pub use builds::ImageBuilds;
pub use bus::{Backlog, DeadLetterHandler, EventBus, Letter, MessageHandler, Outgoing, Topic, Verdict};
pub use container::ContainerJobs;
pub use credentials::Credentials;
pub use environment::{Environment, VariableError};
pub use error::PortError;
pub use object::ObjectStore;
pub use random::{random_execution_id, random_fraction, random_name};
pub use schedule::ScheduleStore;
pub use secret::{Secret, SecretSource, SecretStore};
pub use state::StateStore;
pub use storage::{ForeignFiles, InternalStorage};
pub use tick_jobs::TickJobs;
pub use tokens::Tokens;
pub use topics::Topics;

use std::collections::BTreeMap;
use std::sync::Arc;

/// One adapter of each port: everything that a service needs from its platform.
#[derive(Clone)]
pub struct Ports {
    /// Flows, executions, task runs, KV values, logs, timers, slots, triggers, backfills.
    pub state: Arc<dyn StateStore>,
    /// Messages between services.
    pub bus: Arc<dyn EventBus>,
    /// Topics and subscriptions of flows.
    pub topics: Arc<dyn Topics>,
    /// Buckets and objects.
    pub objects: Arc<dyn ObjectStore>,
    /// The files of executions.
    pub storage: InternalStorage,
    /// Datasets, tables and queries.
    pub warehouse: Arc<dyn warehouse::Warehouse>,
    /// Secrets, by name.
    pub secrets: Arc<dyn SecretStore>,
    /// Access tokens of Google Cloud.
    pub tokens: Arc<dyn Tokens>,
    /// Encrypts inputs and outputs of type SECRET before they are stored.
    pub cipher: segue_model::Cipher,
    /// Containers outside the services. None if a service runs containers itself.
    pub containers: Option<Arc<dyn ContainerJobs>>,
    /// Builds of images outside the services. None if the platform has none.
    pub builds: Option<Arc<dyn ImageBuilds>>,
    /// Whether a process watches the timers, or the bus delivers their messages.
    pub timers: TimersBy,
    /// Jobs that publish the ticks of schedules. None if the platform has none.
    pub tick_jobs: Option<Arc<dyn TickJobs>>,
    /// Counts of billed requests. None if the platform bills nothing.
    pub usage: Option<Arc<dyn Usage>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Counts billed requests.
pub trait Usage: Send + Sync {
    /// Requests since the process started, by kind: `firestore.writes`, `pubsub.messages`, …
    fn usage(&self) -> BTreeMap<&'static str, u64>;
}

/// How the timers of the state store come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimersBy {
    /// A process that always runs watches the timers ([`StateStore::next_timer`]).
    Watching,
    /// No process always runs. The process that sets a timer publishes its message with a due date
    /// ([`EventBus::publish_at`]). A regular sweep finds timers with a lost message. The same holds for the ticks
    /// of schedules without a job ([`TickJobs`]).
    Delivery,
}

/// The clock, as a trait so that tests can set the time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> jiff::Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
