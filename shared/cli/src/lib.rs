//! The command line. It calls `segue-standalone` for work on this machine, and the API for work on a server.
//!
//! What it is: one file for each verb in `commands/`, the display of executions in `report/`, and the client of a
//! server in `client/`.
//!
//! What it must not know: how flows run.
//!
//! How to add one more: add a file in `commands/` with the arguments and a `run`, and an arm to `Command` in `arguments`.
#![allow(
    clippy::print_stderr,
    reason = "printing is what a command line does; standard output goes through `print`"
)]

mod arguments;
mod client;
mod commands;
mod complete;
mod credentials;
mod diagnostics;
mod environment;
mod flow_files;
mod inputs;
mod print;
mod report;
mod suggestions;

use arguments::{Cli, Command, OF_A_SERVER, WITHOUT_SERVER, command};
use clap::FromArgMatches as _;
use clap::parser::ValueSource;
use client::Reach;
use segue_ports::Environment;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// The execution ended in SUCCESS or WARNING, or the command succeeded.
const OK: u8 = 0;
/// The execution ended in another state, or the command failed.
const FAILED: u8 = 1;
/// A flow or an input was refused. Nothing has run.
const REFUSED: u8 = 2;

/// How long busy threads may continue after the end of the command.
const LAST_THREADS: Duration = Duration::from_secs(2);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // A keeper of scripts is this program, started with another task. This call runs the keeper, and must come before
    // any thread starts.
    segue_process::enter();
    complete::answer();
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => suggestions::with_suggestion(error, command(), std::env::args().skip(1)).exit(),
    };
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let given = |option: &str| matches.value_source(option) == Some(ValueSource::CommandLine);
    if let Some(option) = OF_A_SERVER.into_iter().find(|option| given(option))
        && matches.subcommand_name().is_some_and(|verb| WITHOUT_SERVER.contains(&verb))
    {
        eprintln!("error: this command does not use a server; leave --{option} out");
        return ExitCode::from(REFUSED);
    }
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(client::exit_code(&error))
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    let reach = &Reach { connection: cli.connection, data_dir: cli.data_dir.clone() };
    match cli.command {
        Command::Validate(args) => commands::local::validate::run(&args, cli.data_dir),
        Command::Test(args) => commands::local::test::run(&args, cli.data_dir),
        Command::Init(args) => commands::local::init::run(&args, cli.data_dir),
        Command::Docs(args) => commands::local::docs::run(&args, cli.data_dir),
        Command::Explain(args) => Ok(commands::local::explain::run(&args)),
        Command::Schema(args) => commands::local::schema::run(&args, cli.data_dir),
        Command::Expr(args) => commands::local::expr::run(&args),
        Command::Completion { shell } => {
            print::text(complete::script(&shell.to_string()).unwrap_or_default());
            Ok(OK)
        }
        Command::Version => {
            print::line(format_args!("segue {}", env!("CARGO_PKG_VERSION")));
            Ok(OK)
        }
        Command::Backup(args) => commands::local::backup::backup(&args, cli.data_dir),
        Command::Restore(args) => commands::local::backup::restore(&args, cli.data_dir),
        Command::Env(args) => commands::local::env::run(&args, cli.data_dir),
        Command::Credentials(args) => commands::local::credentials::run(&args, cli.data_dir),
        Command::Server(args) => {
            harden();
            block_on(commands::local::server::run(args, cli.data_dir))
        }
        Command::Run(args) => {
            harden();
            block_on(commands::local::run::run(args, cli.data_dir))
        }
        Command::Plan(args) => block_on(commands::local::plan::run(args, reach)),
        Command::Tables(args) => block_on(commands::local::tables::run(args, reach)),
        Command::Query(args) => block_on(commands::local::query::run(args, reach)),
        Command::Flow(args) => block_on(commands::remote::flow::run(args, reach)),
        Command::Execution(args) => block_on(commands::remote::execution::run(args, reach)),
        Command::Kv(args) => block_on(commands::remote::kv::run(args, reach)),
        Command::Backfill(args) => block_on(commands::remote::backfill::run(args, reach)),
        Command::Trigger(args) => block_on(commands::remote::trigger::run(args, reach)),
        Command::Logs(args) => block_on(commands::remote::logs::run(args, reach)),
        Command::Namespace(args) => block_on(commands::remote::namespace::run(args, reach)),
        Command::Top(args) => block_on(commands::remote::top::run(args, reach)),
        Command::Secrets(args) => block_on(commands::remote::secrets::run(args, reach)),
    }
}

/// Protects a process with secrets against the scripts that it runs.
fn harden() {
    if let Err(error) = segue_process::harden() {
        eprintln!("warning: other processes of this user can read this one: {error}");
    }
}

/// Which lines of the log are printed: `SEGUE_LOG`, in the syntax of `tracing`. Default: `error`.
fn log_filter(environment: &Environment) -> anyhow::Result<EnvFilter> {
    let filter = environment.filled("SEGUE_LOG").unwrap_or("error");
    EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("the environment variable SEGUE_LOG is '{filter}': {error}"))
}

fn block_on(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let filter = log_filter(&environment::environment())?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(work);
    // A thread that never ends must not keep the process alive.
    runtime.shutdown_timeout(LAST_THREADS);
    ended
}

/// The data directory of verbs that need a permanent one.
fn kept_data_dir(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| PathBuf::from(".segue"))
}

/// The data directory of verbs that only read. A misspelled name must not look like lost data.
///
/// # Errors
/// An error if the directory does not exist.
fn existing_data_dir(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let dir = kept_data_dir(given);
    if !dir.is_dir() {
        anyhow::bail!(
            "there is no data directory {}; name it with --data-dir, or create it with `segue run FLOW.yaml --data-dir \
             {}`",
            dir.display(),
            dir.display()
        );
    }
    Ok(dir)
}
