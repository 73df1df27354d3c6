//! The `executor` service: wiring only.

use segue_executor::ExecutorConfig;
use segue_runtime::{connect, serve_handlers, start};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(segue_fn_executor::FUNCTION)?;
    let rules = ExecutorConfig::from_environment(&config.environment, config.platform.name())?;
    let ports = connect(&config).await?;
    let executor = segue_fn_executor::executor(ports.clone(), rules)?;
    Ok(serve_handlers(&config, &ports, executor.clone(), Some(executor)).await?)
}
