//! The executor as a service: a push endpoint for what happens to executions, and for the dead letters of every
//! service. The work is in `segue-executor`; here it is put together for one process of its own.

use segue_catalog::catalog;
use segue_executor::{Executor, ExecutorParts, globals};
use segue_ports::Ports;
use std::sync::Arc;

/// The text of the service's `function.yaml`.
pub const FUNCTION: &str = include_str!("../function.yaml");

/// The executor on these ports, with the process's environment. It watches nobody, and nobody watches it.
pub fn executor(ports: Ports) -> Arc<Executor> {
    let globals = globals(std::env::vars(), "gcp");
    Arc::new(Executor::new(ExecutorParts::on_ports(ports, catalog(), globals)))
}
