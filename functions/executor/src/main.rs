//! The `executor` service: wiring only.

use segue_service::{Config, serve, telemetry};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let ports = segue_embedded::connect(&config.data_dir)?;
    serve(config, Arc::new(segue_fn_executor::executor(ports))).await?;
    Ok(())
}
