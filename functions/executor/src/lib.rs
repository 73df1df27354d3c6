//! The executor as a service: a push endpoint for events of executions, and for the dead letters of every
//! service. The work is in `segue-executor`; this crate builds an executor for its own process.

use segue_catalog::{CatalogError, catalog};
use segue_executor::{Executor, ExecutorConfig, ExecutorParts};
use segue_ports::Ports;
use std::sync::Arc;

/// The text of the service's `function.yaml`.
pub const FUNCTION: &str = include_str!("../function.yaml");

/// The executor on these ports. It has no observers.
///
/// # Errors
/// [`CatalogError`] if the list of task types cannot be read.
pub fn executor(ports: Ports, config: ExecutorConfig) -> Result<Arc<Executor>, CatalogError> {
    Ok(Arc::new(Executor::new(ExecutorParts::on_ports(ports, catalog()?, config))))
}
