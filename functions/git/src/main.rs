//! The `git` service: wiring only.

fn main() -> anyhow::Result<()> {
    // The keeper of the program git is this program, started a second time. This call must come before any thread starts.
    segue_process::enter();
    serve()
}

#[tokio::main]
async fn serve() -> anyhow::Result<()> {
    let function = include_str!("../function.yaml");
    Ok(segue_runtime::serve_tasks(function, segue_fn_git::tasks()).await?)
}
