//! The `execution` service: wiring only.

use segue_service::{Config, serve, telemetry};
use segue_task::TaskService;
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let ports = segue_embedded::connect(&config.data_dir)?;
    let service = TaskService::new(segue_fn_execution::tasks(), ports, Arc::default(), &config.holder);
    serve(config, Arc::new(service)).await?;
    Ok(())
}
