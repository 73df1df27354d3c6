//! The executor as a service: a push endpoint for what happens to executions. The work is in
//! `segue-executor`; here it is put together for one process of its own.

use segue_executor::{Executor, ExecutorParts, NoObserver};
use segue_families::{PortAnswers, catalog};
use segue_model::Map;
use segue_ports::Ports;
use segue_template::Renderer;
use std::sync::Arc;

/// The executor on these ports. It watches nobody, and nobody watches it.
pub fn executor(ports: Ports) -> Executor {
    Executor::new(ExecutorParts {
        answers: Arc::new(PortAnswers::new(ports.clone())),
        ports,
        catalog: Arc::new(catalog()),
        renderer: Renderer::new(),
        globals: Arc::new(Map::new()),
        observer: Arc::new(NoObserver),
        announce_ends: true,
    })
}
