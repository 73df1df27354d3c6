//! The `api` service: wiring only.

use axum::Router;
use segue_executor::{Executor, ExecutorParts, Watch};
use segue_families::{PortAnswers, catalog};
use segue_fn_api::{ApiParts, BasicAuth, router};
use segue_fn_scheduler::{Scheduler, SchedulerParts};
use segue_model::Map;
use segue_service::{Config, telemetry};
use segue_template::Renderer;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let listener = tokio::net::TcpListener::bind(config.address).await?;
    axum::serve(listener, app(&config)?).await?;
    Ok(())
}

fn app(config: &Config) -> anyhow::Result<Router> {
    let ports = segue_embedded::connect(&config.data_dir)?;
    let (answers, catalog) = (Arc::new(PortAnswers::new(ports.clone())), Arc::new(catalog()));
    let (renderer, globals, watch) = (Renderer::new(), Arc::new(Map::new()), Arc::new(Watch::default()));
    let executor = Arc::new(Executor::new(ExecutorParts {
        ports: ports.clone(),
        catalog: catalog.clone(),
        renderer: renderer.clone(),
        answers: answers.clone(),
        globals: globals.clone(),
        observer: watch.clone(),
        announce_ends: true,
    }));
    let scheduler = Arc::new(Scheduler::new(SchedulerParts {
        ports: ports.clone(),
        executor: executor.clone(),
        catalog: catalog.clone(),
        renderer: renderer.clone(),
        globals,
        answers: answers.clone(),
    }));
    Ok(router(ApiParts {
        ports,
        executor,
        scheduler,
        catalog,
        renderer,
        answers,
        watch,
        auth: BasicAuth::from_env(|name| std::env::var(name).ok())?,
        url: std::env::var("SEGUE_URL").unwrap_or_else(|_| format!("http://{}", config.address)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}
