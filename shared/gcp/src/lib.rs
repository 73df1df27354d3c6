//! The ports on Google Cloud.
//!
//! What it is: adapters of [`segue_ports`]: [`FirestoreStateStore`] on Firestore, [`PubSubBus`] on Pub/Sub. Each
//! speaks to Google's service, or to its emulator where [`PlatformConfig`] names one, and counts its operations as
//! Google bills them.
//!
//! What it must not know: what executions mean, who calls it, how messages are delivered (`segue-service` takes
//! them in).
//!
//! How to add one more: a port's adapter is a file or folder of its own, connected from a [`PlatformConfig`], and
//! runs the port's conformance suite in `tests/` against the emulator.

mod bus;
mod config;
mod database;
mod state;

pub use bus::emulator::{PushSubscription, ensure_subscription, ensure_topic};
pub use bus::{PubSubBus, PublishCounts};
pub use config::{Emulators, PlatformConfig};
pub use database::counts::OperationCounts;
pub use state::FirestoreStateStore;
