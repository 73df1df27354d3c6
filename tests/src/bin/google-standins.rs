//! Serves stand-ins for Cloud Tasks, Cloud Run jobs, Cloud Scheduler, Secret Manager and Cloud Build on loopback, and prints
//! their address.

use anyhow::Context;
use clap::Parser;
use segue_tests::standins::google;
use std::io::Write;
use tokio::net::TcpListener;

/// Serve stand-ins for Cloud Tasks, Cloud Run jobs, Cloud Scheduler and Secret Manager on 127.0.0.1, and for Cloud Build
/// below `/cloud-build`. The first printed line is the address. Containers run as processes of this machine.
#[derive(Parser)]
struct Arguments {
    /// The port. Default: a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The address of Cloud Storage's emulator, for the files that containers mount.
    #[arg(long, env = "STORAGE_EMULATOR_HOST")]
    storage: Option<String>,
    /// The address of Pub/Sub's emulator, for the jobs of Cloud Scheduler.
    #[arg(long, env = "PUBSUB_EMULATOR_HOST")]
    pubsub: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {} of 127.0.0.1 cannot be used", arguments.port))?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, google::app(arguments.storage, arguments.pubsub)).await?;
    Ok(())
}
