//! The ports on Google Cloud.
//!
//! What it is: [`connect`], which puts the adapters of [`segue_ports`] together: [`FirestoreStateStore`] on
//! Firestore, [`PubSubBus`] on Pub/Sub and Cloud Tasks, [`PubSubTopics`] on Pub/Sub, [`CloudObjectStore`] on Cloud Storage,
//! [`BigQueryWarehouse`] on BigQuery, [`CloudRunJobs`] on Cloud Run jobs, [`CloudBuilds`] on Cloud Build,
//! [`SecretManagerStore`] on Secret Manager, [`CloudSchedulerJobs`] on Cloud Scheduler. Each uses Google's service, or its
//! emulator if [`PlatformConfig`] names one, and counts its operations as Google bills them.
//!
//! What it must not know: what executions mean, who calls it, how messages are delivered (`segue-service`
//! receives them).
//!
//! How to add one more: a port's adapter is its own file or folder, is connected from a [`PlatformConfig`],
//! and runs the port's conformance suite in `tests/` against the emulator.

mod api_error;
mod auth;
mod builds;
mod bus;
mod config;
mod containers;
mod database;
mod denied;
mod logging;
mod objects;
mod platform;
mod rest;
mod schedules;
mod secrets;
mod state;
mod topics;
mod warehouse;

pub use auth::GoogleTokens;
pub use builds::CloudBuilds;
pub use bus::emulator::{DEAD_LETTERS, PushSubscription, ensure_subscription, ensure_topic};
pub use bus::{PubSubBus, PublishCounts};
pub use config::{Emulators, PlatformConfig};
pub use containers::CloudRunJobs;
pub use database::counts::OperationCounts;
pub use objects::CloudObjectStore;
pub use objects::counts::StorageCounts;
pub use platform::connect;
pub use schedules::CloudSchedulerJobs;
pub use secrets::SecretManagerStore;
pub use state::FirestoreStateStore;
pub use topics::PubSubTopics;
pub use warehouse::{BigQueryWarehouse, WarehouseCounts};
