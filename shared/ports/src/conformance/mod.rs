//! What every adapter of a port must do, as checks. The tests of an adapter call the checks.
//!
//! What it is: a suite for each port. Each check is an async function that is named after what it checks. A
//! check returns the port's error if the adapter fails, and panics if the adapter returns something wrong.
//! This holds for every check, so the checks have no sections about errors and panics.
//!
//! What it must not know: any adapter, and anything that an adapter does in addition to its port.
//!
//! How to add one more: a function in the suite of its port, and a line in the suite's `all`.

pub mod event_bus;
pub mod object_store;
pub mod secret;
pub mod state_store;
pub mod tick_jobs;
pub mod topics;
pub mod warehouse;
