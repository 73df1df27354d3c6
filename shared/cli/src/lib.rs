//! The command line: a thin shell over `segue-standalone`.
//!
//! What it is: one file for each verb in `commands/`, and how executions are shown in `report/`.
//!
//! What it must not know: how flows run.
//!
//! How to add one more: a file in `commands/` with its arguments and a `run`, and one arm in `Command`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line does")]

mod commands;
mod diagnostics;
mod report;

use clap::{CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Ended well.
const OK: u8 = 0;
/// Ended in a state other than SUCCESS and WARNING, or a fault.
const FAILED: u8 = 1;
/// A flow or an input is refused; nothing has run.
const REFUSED: u8 = 2;

/// Kestra-style YAML flows, on one machine or on Google Cloud without a server.
#[derive(Debug, Parser)]
#[command(name = "segue", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    /// Where executions, files and tables are kept.
    ///
    /// `run` keeps them in a temporary directory unless one is named; the other verbs use .segue.
    #[arg(long, global = true, env = "SEGUE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  segue run hello.yaml
  segue run flows/zoomcamp/03_gcp_taxi.yaml -i taxi=yellow -i year=2021 -i month=01 --data-dir .segue
  segue validate flows/**/*.yaml
  segue expr -- \"{{ '2024-03-01' | date('yyyyMM') }}\"
  segue tables --data-dir .segue";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one flow to its end and prints it.
    Run(commands::run::Args),
    /// Prints every problem of flow files with its place and what to do.
    Validate(commands::validate::Args),
    /// Prints a rendered expression.
    Expr(commands::expr::Args),
    /// Lists the tables of the local warehouse with their row counts.
    Tables(commands::tables::Args),
    /// Runs BigQuery SQL on the local warehouse and prints the rows.
    Query(commands::query::Args),
    /// Prints the script that completes this command's words in a shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        Command::Validate(args) => commands::validate::run(&args),
        Command::Expr(args) => commands::expr::run(&args),
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "segue", &mut std::io::stdout());
            Ok(OK)
        }
        Command::Run(args) => block_on(commands::run::run(args, cli.data_dir)),
        Command::Tables(args) => block_on(commands::tables::run(args, cli.data_dir)),
        Command::Query(args) => block_on(commands::query::run(args, cli.data_dir)),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("SEGUE_LOG").unwrap_or_else(|_| "error".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// The data directory of verbs that need one that stays.
fn kept_data_dir(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| PathBuf::from(".segue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
