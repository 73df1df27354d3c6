//! Serves a folder of data files on loopback, and prints its address.

use anyhow::Context;
use clap::Parser;
use segue_tests::{sample_data, sample_server};
use std::io::Write;
use std::path::PathBuf;
use tokio::net::TcpListener;

/// Serve a folder of data files on 127.0.0.1. The first printed line is the address.
#[derive(Parser)]
struct Arguments {
    /// The folder. Default: the sample data.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The port. Default: a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let dir = arguments.dir.unwrap_or_else(sample_data);
    anyhow::ensure!(dir.is_dir(), "there is no folder {}", dir.display());
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {} of 127.0.0.1 cannot be used", arguments.port))?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, sample_server::app(dir)).await?;
    Ok(())
}
