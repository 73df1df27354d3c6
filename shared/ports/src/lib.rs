//! The ports: what Segue asks of a platform, and the messages that travel between services.
//!
//! What it is: a handful of coarse traits ([`StateStore`], [`EventBus`], [`ObjectStore`],
//! [`warehouse::Warehouse`], [`SecretStore`], [`ContainerJobs`]), their requests and answers, errors named by meaning, and the
//! versioned [`wire`] messages. Every trait says what is atomic.
//!
//! What it must not know: any technology behind a port, expressions, the engine's rules.
//!
//! How to add one more: a port is added only for what is really swapped between platforms. It gets a module
//! here, a suite in `conformance`, an adapter in `embedded` and one in `gcp`.

pub mod bus;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod container;
pub mod credentials;
pub mod error;
pub mod kv;
pub mod object;
pub mod schedule;
pub mod secret;
pub mod state;
pub mod storage;
pub mod warehouse;
pub mod wire;

pub use bus::{DeadLetterHandler, EventBus, MessageHandler, Outgoing, Topic, Verdict};
pub use container::ContainerJobs;
pub use credentials::Credentials;
pub use error::PortError;
pub use object::ObjectStore;
pub use schedule::ScheduleStore;
pub use secret::SecretStore;
pub use state::StateStore;
pub use storage::{ForeignFiles, InternalStorage};

use std::collections::BTreeMap;
use std::sync::Arc;

/// One of each: all that a service needs of its platform.
#[derive(Clone)]
pub struct Ports {
    /// Flows, executions, task runs, KV, logs, timers, slots, triggers, backfills.
    pub state: Arc<dyn StateStore>,
    /// Messages between services.
    pub bus: Arc<dyn EventBus>,
    /// Buckets.
    pub objects: Arc<dyn ObjectStore>,
    /// Where executions keep their files.
    pub storage: InternalStorage,
    /// Tables.
    pub warehouse: Arc<dyn warehouse::Warehouse>,
    /// Secrets, by name.
    pub secrets: Arc<dyn SecretStore>,
    /// Encrypts what is secret and stays: inputs and outputs of type SECRET.
    pub cipher: segue_model::Cipher,
    /// Containers beside the services; none where a service runs them itself.
    pub containers: Option<Arc<dyn ContainerJobs>>,
    /// How timers come due.
    pub timers: TimersBy,
    /// What the platform was asked for so far, where that is billed.
    pub usage: Option<Arc<dyn Usage>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Counts what is billed.
pub trait Usage: Send + Sync {
    /// How much of what was asked for since the process began: `firestore.writes`, `pubsub.messages`, …
    fn usage(&self) -> BTreeMap<&'static str, u64>;
}

/// How the timers of the state store come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimersBy {
    /// A process that is always up watches them ([`StateStore::next_timer`]).
    Watching,
    /// Nothing is up: whoever sets one has its message delivered at that time ([`EventBus::publish_at`]). A sweep
    /// now and then finds those whose message was lost.
    Delivery,
}

/// The time, so that tests can hold it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> jiff::Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
