//! The `scheduler` service: wiring only.

use segue_executor::{Executor, ExecutorParts, NoObserver};
use segue_families::{PortAnswers, catalog};
use segue_fn_scheduler::{Scheduler, SchedulerParts};
use segue_model::Map;
use segue_service::{Config, serve, telemetry};
use segue_template::Renderer;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let ports = segue_embedded::connect(&config.data_dir)?;
    let (answers, catalog) = (Arc::new(PortAnswers::new(ports.clone())), Arc::new(catalog()));
    let (renderer, globals) = (Renderer::new(), Arc::new(Map::new()));
    let executor = Arc::new(Executor::new(ExecutorParts {
        ports: ports.clone(),
        catalog: catalog.clone(),
        renderer: renderer.clone(),
        answers: answers.clone(),
        globals: globals.clone(),
        observer: Arc::new(NoObserver),
        announce_ends: true,
    }));
    let scheduler = Scheduler::new(SchedulerParts { ports, executor, catalog, renderer, globals, answers });
    serve(config, Arc::new(scheduler)).await?;
    Ok(())
}
