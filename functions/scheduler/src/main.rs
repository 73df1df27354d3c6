//! The `scheduler` service: wiring only.

use segue_executor::NoObserver;
use segue_families::{executor, globals};
use segue_fn_scheduler::FUNCTION;
use segue_runtime::{connect, serve_handlers, start};
use segue_scheduler::{Scheduler, SchedulerParts};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(FUNCTION)?;
    let ports = connect(&config).await?;
    let executor = executor(ports.clone(), globals(std::env::vars(), "gcp"), Arc::new(NoObserver), true);
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::beside(&executor)));
    Ok(serve_handlers(&config, &ports, scheduler, None).await?)
}
