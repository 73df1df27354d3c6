//! The `pubsub` service: wiring only.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let function = include_str!("../function.yaml");
    Ok(segue_runtime::serve_tasks(function, segue_fn_pubsub::tasks()).await?)
}
