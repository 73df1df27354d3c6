//! The command line. It calls `segue-standalone` for work on this machine, and the API for work on a server.
//!
//! What it is: one file for each verb in `commands/`, the display of executions in `report/`, and the client of a
//! server in `client/`.
//!
//! What it must not know: how flows run.
//!
//! How to add one more: add a file in `commands/` with the arguments and a `run`, and add an arm to `Command`.
#![allow(
    clippy::print_stderr,
    reason = "printing is what a command line does; standard output goes through `print`"
)]

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

use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use client::{Connection, Reach};
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

/// Kestra-style YAML flows, on one machine or on Google Cloud without a server.
#[derive(Debug, Parser)]
#[command(name = "segue", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    /// The directory of executions, files and tables.
    ///
    /// Default: .segue, and for `run` a temporary directory that is deleted at the end.
    #[arg(long, global = true, env = "SEGUE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  segue init my-flows
  segue run hello.yaml
  segue run flows/zoomcamp/03_gcp_taxi.yaml -i taxi=yellow -i year=2021 -i month=01 --data-dir .segue
  segue validate flows/**/*.yaml
  segue expr -- \"{{ '2024-03-01' | date('yyyyMM') }}\"
  segue tables --data-dir .segue";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one flow to its end and prints it.
    Run(commands::local::run::Args),
    /// Serves the API and runs triggers, until it is stopped.
    Server(commands::local::server::Args),
    /// Creates a folder with a flow to start from.
    Init(commands::local::init::Args),
    /// Prints every problem of flow files with its position and a hint.
    Validate(commands::local::validate::Args),
    /// Prints what a run of a flow would do, without doing it.
    Plan(commands::local::plan::Args),
    /// Runs the tests of flows, without running their tasks.
    Test(commands::local::test::Args),
    /// Prints the page of a type of task, trigger or condition.
    Docs(commands::local::docs::Args),
    /// Explains an error code, such as SEG0402.
    Explain(commands::local::explain::Args),
    /// Prints the JSON Schema of flows, for editors.
    Schema(commands::local::schema::Args),
    /// Prints a rendered expression.
    Expr(commands::local::expr::Args),
    /// Lists the tables of the local warehouse with their row counts.
    Tables(commands::local::tables::Args),
    /// Copies a data directory into one file, even while a server uses the directory.
    Backup(commands::local::backup::BackupArgs),
    /// Creates a data directory from a backup.
    Restore(commands::local::backup::RestoreArgs),
    /// Prints the variables with which Google's clients use the tables and buckets of a running server.
    Env(commands::local::env::Args),
    /// Makes the key file of a service account for Google's clients.
    Credentials(commands::local::credentials::Args),
    /// Runs BigQuery SQL on the local warehouse and prints the rows.
    Query(commands::local::query::Args),
    /// The flows of a server: import, list, get, validate, delete, watch, export.
    #[command(visible_alias = "flows")]
    Flow(commands::remote::flow::Args),
    /// Executions on a server: run, list, get, kill, restart, replay, pause, resume, logs, delete.
    #[command(visible_alias = "executions")]
    Execution(commands::remote::execution::Args),
    /// The key-values of namespaces on a server: set, get, list, delete.
    Kv(commands::remote::kv::Args),
    /// Backfills on a server: start, preview, list, get, pause, resume, cancel.
    Backfill(commands::remote::backfill::Args),
    /// Triggers on a server: list, enable, disable, unlock.
    Trigger(commands::remote::trigger::Args),
    /// The logs of a server: search, follow.
    Logs(commands::remote::logs::Args),
    /// Namespaces on a server, and their files: list, files.
    #[command(visible_alias = "ns")]
    Namespace(commands::remote::namespace::Args),
    /// Shows what a server does now, updated every second.
    Top(commands::remote::top::Args),
    /// Lists the names of the secrets that a namespace can read.
    Secrets(commands::remote::secrets::Args),
    /// Prints the version.
    #[command(after_help = "Examples:
  segue version")]
    Version,
    /// Prints the script for tab completion in a shell.
    #[command(after_help = "Examples:
  segue completion bash > ~/.local/share/bash-completion/completions/segue
  segue completion zsh > ~/.zfunc/_segue")]
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // A keeper of scripts is this program, started with another task. This call runs the keeper, and must come before
    // any thread starts.
    segue_process::enter();
    complete::answer();
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => suggestions::with_suggestion(error, Cli::command(), std::env::args().skip(1)).exit(),
    };
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let given = |option: &str| matches.value_source(option) == Some(ValueSource::CommandLine);
    if let Some(option) = ["server", "user"].into_iter().find(|option| given(option))
        && !cli.command.asks_a_server()
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

impl Command {
    /// Whether the command can send requests to a server.
    fn asks_a_server(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Server(_)
            | Self::Init(_)
            | Self::Validate(_)
            | Self::Test(_)
            | Self::Docs(_)
            | Self::Explain(_)
            | Self::Schema(_)
            | Self::Expr(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Env(_)
            | Self::Credentials(_)
            | Self::Version
            | Self::Completion { .. } => false,
            Self::Plan(_)
            | Self::Tables(_)
            | Self::Query(_)
            | Self::Flow(_)
            | Self::Execution(_)
            | Self::Kv(_)
            | Self::Backfill(_)
            | Self::Trigger(_)
            | Self::Logs(_)
            | Self::Namespace(_)
            | Self::Top(_)
            | Self::Secrets(_) => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    /// Every command without subcommands, by name.
    fn verbs(command: &clap::Command, name: &str, found: &mut Vec<(String, clap::Command)>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let name = format!("{name} {}", verb.get_name());
            if verb.has_subcommands() {
                verbs(verb, &name, found);
            } else {
                found.push((name, verb.clone()));
            }
        }
    }

    /// Splits a line into words like a shell, up to a pipe, a redirection, or the end of a `$(…)`.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            let word = words.last_mut().unwrap();
            match (letter, quote) {
                ('\'' | '"', None) => quote = Some(letter),
                (_, Some(open)) if letter == open => quote = None,
                ('\\', Some('"')) => word.push(letters.next().unwrap()),
                (' ', None) if word.is_empty() => {}
                (' ', None) => words.push(String::new()),
                ('|' | '>' | ')', None) => break,
                _ => word.push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_verb_has_examples_and_each_can_be_typed() {
        let cli = Cli::command();
        let mut found = vec![("segue".to_owned(), cli.clone())];
        for group in cli.get_subcommands().filter(|group| group.has_subcommands()) {
            found.push((format!("segue {}", group.get_name()), group.clone()));
        }
        verbs(&cli, "segue", &mut found);
        assert!(found.len() > 40, "{}", found.len());
        for (name, verb) in &found {
            let help = verb.get_after_help().unwrap_or_else(|| panic!("{name} has no examples")).to_string();
            let help = help.replace("\\\n", " ");
            let lines: Vec<_> =
                help.lines().filter_map(|line| Some(line.get(line.find("segue ")?..)?.to_owned())).collect();
            assert!(
                lines.iter().any(|line| line.starts_with(name.as_str())),
                "{name} has no example of its own"
            );
            for line in lines {
                if let Err(error) = Cli::try_parse_from(words(&line)) {
                    panic!("{name}: {line}\n{error}");
                }
            }
        }
    }

    /// The words that complete the last of these arguments.
    fn completed(line: &[&str]) -> Vec<String> {
        let args: Vec<std::ffi::OsString> = line.iter().map(Into::into).collect();
        let last = args.len() - 1;
        let found = clap_complete::engine::complete(&mut Cli::command(), args, last, None).unwrap();
        found.iter().map(|word| word.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn completion_covers_verbs_options_and_names() {
        for (line, word) in [
            (&["segue", "execution", "re"] as &[&str], "replay"),
            (&["segue", "execution", "replay", "--ta"], "--task-run"),
            (&["segue", "backfill", "start", "--max"], "--max-active"),
            (&["segue", "--ser"], "--server"),
            (&["segue", "kv", "list", "--ser"], "--server"),
            (&["segue", "explain", "SEG04"], "SEG0402"),
            (&["segue", "docs", "core.flow.F"], "core.flow.ForEach"),
            (&["segue", "init", "--template", ""], "etl"),
        ] {
            let words = completed(line);
            assert!(words.iter().any(|found| found == word), "{line:?}: {words:?}");
        }
    }

    #[test]
    fn every_shell_has_a_script() {
        use clap::ValueEnum as _;
        for shell in clap_complete::Shell::value_variants() {
            let script = complete::script(&shell.to_string()).unwrap_or_else(|| panic!("{shell}"));
            assert!(script.contains(complete::VARIABLE) && script.contains("segue"), "{script}");
        }
    }
}
