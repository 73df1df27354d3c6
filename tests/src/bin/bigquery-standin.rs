//! Serves the stand-in for BigQuery on loopback, and prints its address.

use anyhow::Context as _;
use clap::Parser;
use segue_tests::standins::bigquery::app;
use std::io::Write as _;
use std::path::PathBuf;
use tokio::net::TcpListener;

/// Serve BigQuery's REST API on 127.0.0.1, over an embedded warehouse. The first printed line is the address.
#[derive(Parser)]
struct Arguments {
    /// The port. Default: a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The folder of the tables. It is created if it does not exist.
    #[arg(long)]
    data_dir: PathBuf,
    /// The storage emulator with the objects of external tables. Without it, objects are read from the folder
    /// `objects` of the data, as `<bucket>/<key>`.
    #[arg(long, env = "STORAGE_EMULATOR_HOST")]
    storage: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let app = app(&arguments.data_dir, arguments.storage.as_deref())
        .with_context(|| format!("the folder {} cannot be used", arguments.data_dir.display()))?;
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {} of 127.0.0.1 cannot be used", arguments.port))?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, app).await?;
    Ok(())
}
