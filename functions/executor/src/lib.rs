//! The executor as a service: a push endpoint for events of executions, and for the dead letters of every
//! service. The work is in `segue-executor`; this crate builds an executor for its own process.

use segue_executor::{Executor, ExecutorConfig, ExecutorParts};
use segue_model::catalog::Catalog;
use segue_ports::Ports;
use std::sync::Arc;

/// The text of the service's `function.yaml`.
pub const FUNCTION: &str = include_str!("../function.yaml");

/// The executor on these ports, for these task types. It has no observers.
pub fn executor(ports: Ports, catalog: Catalog, config: ExecutorConfig) -> Arc<Executor> {
    Arc::new(Executor::new(ExecutorParts::on_ports(ports, catalog, config)))
}
