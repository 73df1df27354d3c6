//! The executor as a service: a push endpoint for events of executions, and for the dead letters of every
//! service. The work is in `segue-executor`; this crate builds an executor for its own process.

use segue_catalog::catalog;
use segue_executor::{Executor, ExecutorParts, globals};
use segue_ports::Ports;
use std::sync::Arc;

/// The text of the service's `function.yaml`.
pub const FUNCTION: &str = include_str!("../function.yaml");

/// The executor on these ports, with the environment of the process. It has no observers.
pub fn executor(ports: Ports) -> Arc<Executor> {
    let globals = globals(std::env::vars(), "gcp");
    Arc::new(Executor::new(ExecutorParts::on_ports(ports, catalog(), globals)))
}
