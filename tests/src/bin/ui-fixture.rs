//! Writes what the web pages are tested with into an empty data directory: large amounts, and requests as messages.
//! Prints the ids of the executions that it made as JSON.

use anyhow::Context as _;
use clap::Parser;
use segue_ports::bus::{Outgoing, Topic};
use segue_ports::wire::Message;
use segue_tests::server::volumes;
use std::io::Write as _;
use std::path::PathBuf;

/// Fill a data directory for tests of the web pages.
#[derive(Parser)]
struct Arguments {
    /// The data directory. No server may use it.
    #[arg(long)]
    data_dir: PathBuf,
    /// The number of flows.
    #[arg(long, default_value_t = 0)]
    flows: usize,
    /// The number of past executions.
    #[arg(long, default_value_t = 0)]
    executions: usize,
    /// The number of task runs of one execution.
    #[arg(long, default_value_t = 0)]
    task_runs: usize,
    /// The number of lines of one log.
    #[arg(long, default_value_t = 0)]
    lines: usize,
    /// The body of a message to the topic of backfills.
    #[arg(long)]
    backfill: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let opened = segue_embedded::open_with(&arguments.data_dir, segue_embedded::EmbeddedOptions::default())?;
    let store = &*opened.ports.state;
    volumes::flows(store, arguments.flows).await?;
    volumes::executions(store, arguments.executions).await?;
    let mut made = serde_json::Map::new();
    if arguments.task_runs > 0 {
        made.insert("wide".to_owned(), volumes::wide(store, arguments.task_runs).await?.to_string().into());
    }
    if arguments.lines > 0 {
        made.insert("long".to_owned(), volumes::log(store, arguments.lines).await?.to_string().into());
    }
    if let Some(body) = &arguments.backfill {
        let message = Message::from_body(body.as_bytes(), "ui-fixture").context("--backfill")?;
        opened.ports.bus.publish(vec![Outgoing { topic: Topic::Backfills, message }]).await?;
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::Object(made))?;
    Ok(())
}
