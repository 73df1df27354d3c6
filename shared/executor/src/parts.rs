//! The parts of an executor.

use crate::config::ExecutorConfig;
use crate::observer::{NoObserver, Observer};
use segue_lookups::{Answers, PortAnswers};
use segue_model::Map;
use segue_model::catalog::Catalog;
use segue_ports::{Ports, TimersBy};
use segue_template::Renderer;
use std::sync::Arc;

/// The parts of an executor.
pub struct ExecutorParts {
    /// The adapters of all ports.
    pub ports: Ports,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers what expressions ask: `kv()`, `secret()`, `read()`.
    pub answers: Arc<dyn Answers>,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Receives every commit.
    pub observer: Arc<dyn Observer>,
    /// Whether ends and pauses of executions are published for the scheduler. False if no scheduler listens.
    pub announce_states: bool,
    /// The largest number of values of a loop.
    pub most_values: usize,
    /// Whether the results of wide executions wait up to a second for each other, to be one commit. For stores where a
    /// write is billed and slow.
    pub gathers_results: bool,
}

impl ExecutorParts {
    /// Parts on these ports. The executor has no observer, and a scheduler listens.
    pub fn on_ports(ports: Ports, catalog: Catalog, config: ExecutorConfig) -> Self {
        let gathers_results = ports.timers == TimersBy::Delivery;
        Self {
            answers: Arc::new(PortAnswers::new(ports.clone(), config.limits.clients())),
            ports,
            catalog: Arc::new(catalog),
            renderer: config.limits.renderer(),
            globals: Arc::new(config.globals),
            observer: Arc::new(NoObserver),
            announce_states: true,
            most_values: config.most_values,
            gathers_results,
        }
    }
}
