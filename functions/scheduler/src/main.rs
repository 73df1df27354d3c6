//! The `scheduler` service: wiring only.

use segue_catalog::catalog;
use segue_executor::{Executor, ExecutorConfig, ExecutorParts};
use segue_fn_scheduler::FUNCTION;
use segue_runtime::{connect, serve_handlers, start};
use segue_scheduler::{Scheduler, SchedulerParts};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(FUNCTION)?;
    let rules = ExecutorConfig::from_environment(&config.environment, config.platform.name())?;
    let ports = connect(&config).await?;
    let executor = Arc::new(Executor::new(ExecutorParts::on_ports(ports.clone(), catalog()?, rules)));
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(&executor)));
    Ok(serve_handlers(&config, &ports, scheduler, None).await?)
}
