//! Segue as it is on Google Cloud, on this machine: every function as a process of its own, woken by Pub/Sub's
//! emulator, on the emulators of Firestore and Cloud Storage and the stand-ins for BigQuery, Cloud Tasks and the rest.
//!
//! What it is: [`System`], which starts, wires and stops all of it under a prefix of its own, so that several can be
//! on the same emulators one after another; [`Proxy`], which stands between Pub/Sub and the functions and does to
//! messages what networks do.
//!
//! What it must not know: what the flows do that are run on it.

pub mod costs;
mod environment;
mod large;
mod long_work;
mod process;
mod proxy;
mod system;

pub use environment::Environment;
pub use large::large_file;
pub use long_work::long_work;
pub use process::FunctionProcess;
pub use proxy::{Faults, Proxy};
pub use system::System;
