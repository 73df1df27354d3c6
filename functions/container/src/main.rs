//! The `container` service: wiring only.

fn main() -> anyhow::Result<()> {
    // Before any thread starts: the keeper of scripts is this program, started once more.
    segue_process::enter();
    serve()
}

#[tokio::main]
async fn serve() -> anyhow::Result<()> {
    let function = include_str!("../function.yaml");
    Ok(segue_runtime::serve_tasks(function, segue_fn_container::tasks()).await?)
}
