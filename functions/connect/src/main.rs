//! The `connect` service: wiring only.

use segue_runtime::{own_connectors, serve_tasks_with};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let function = include_str!("../function.yaml");
    let tasks = |config: &segue_runtime::Config| {
        let own = own_connectors(&config.environment, &config.data_dir)?;
        Ok(segue_fn_connect::tasks_with(own))
    };
    Ok(serve_tasks_with(function, tasks).await?)
}
