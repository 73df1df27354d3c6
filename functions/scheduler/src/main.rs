//! The `scheduler` service: wiring only.

use segue_catalog::catalog_with;
use segue_executor::{Executor, ExecutorConfig, ExecutorParts};
use segue_fn_scheduler::FUNCTION;
use segue_runtime::{connect, own_connectors, serve_handlers, start};
use segue_scheduler::{Scheduler, SchedulerParts};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(FUNCTION)?;
    let rules = ExecutorConfig::from_environment(&config.environment, config.platform.name())?;
    let ports = connect(&config).await?;
    let catalog = catalog_with(own_connectors(&config.environment, &config.data_dir)?)?;
    let executor = Arc::new(Executor::new(ExecutorParts::on_ports(ports.clone(), catalog, rules)));
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(&executor)));
    Ok(serve_handlers(&config, &ports, scheduler, None).await?)
}
