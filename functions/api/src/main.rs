//! The `api` service. This file only reads the configuration and connects the parts.

use segue_catalog::catalog_with;
use segue_executor::{Executor, ExecutorConfig, ExecutorParts, Watch};
use segue_fn_api::{ApiConfig, ApiParts, router};
use segue_runtime::{connect, own_connectors, start};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_service::serve_router;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(include_str!("../function.yaml"))?;
    let ApiConfig { access, url } = ApiConfig::from_config(&config)?;
    let rules = ExecutorConfig::from_environment(&config.environment, config.platform.name())?;
    let (ports, watch) = (connect(&config).await?, Arc::new(Watch::default()));
    let catalog = catalog_with(own_connectors(&config.environment, &config.data_dir)?)?;
    let executor = Arc::new(Executor::new(ExecutorParts {
        observer: watch.clone(),
        ..ExecutorParts::on_ports(ports, catalog, rules)
    }));
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(&executor)));
    let parts = ApiParts { access, url, ..ApiParts::from_executor(&executor, &scheduler, &watch) };
    Ok(serve_router(&config, router(parts)).await?)
}
