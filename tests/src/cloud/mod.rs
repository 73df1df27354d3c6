//! Segue on this machine, as on Google Cloud. Every function is its own process, and Pub/Sub's emulator sends it
//! messages. The functions use the emulators of Firestore and Cloud Storage, and stand-ins for BigQuery, Cloud Tasks,
//! Cloud Run jobs and Secret Manager.
//!
//! What it is: [`System`] starts, connects and stops all functions. Each system has its own prefix, so several can use
//! the same emulators one after another. [`Proxy`] is between Pub/Sub and the functions. It duplicates, delays,
//! reorders and loses messages, as a network does.
//!
//! What it must not know: the flows that run on the system.

mod bucket;
pub mod costs;
mod disturbances;
mod environment;
pub mod faults;
mod large;
mod long_work;
mod polling;
mod process;
pub mod scenarios;
mod setup;
mod system;
mod wide;

pub use disturbances::{Counts, Disturbances};
pub use environment::Environment;
pub use faults::{Faults, FirestoreFaults, FirestoreProxy, Proxy};
pub use large::large_file;
pub use long_work::long_work;
pub use polling::{LOOKS_HEAD, Looks, looks};
pub use process::FunctionProcess;
pub use scenarios::Scenario;
pub use setup::Setup;
pub use system::System;
pub use wide::{WIDE_HEAD, Wide, wide_loop};
