//! The verbs and options of the command line.
//!
//! To add a verb, add an arm to [`Command`]. If the verb never sends a request to a server, add its name to
//! [`WITHOUT_SERVER`].

use crate::client::Connection;
use clap::{CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// Kestra-style YAML flows, on one machine or on Google Cloud without a server.
#[derive(Debug, Parser)]
#[command(name = "segue", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The directory of executions, files and tables.
    ///
    /// Default: .segue, and for `run` a temporary directory that is deleted at the end.
    #[arg(long, global = true, env = "SEGUE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  segue init my-flows
  segue run hello.yaml
  segue run flows/zoomcamp/03_gcp_taxi.yaml -i taxi=yellow -i year=2021 -i month=01 --data-dir .segue
  segue validate flows/**/*.yaml
  segue expr -- \"{{ '2024-03-01' | date('yyyyMM') }}\"
  segue tables --data-dir .segue";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs one flow to its end and prints it.
    Run(crate::commands::local::run::Args),
    /// Serves the API and runs triggers, until it is stopped.
    Server(crate::commands::local::server::Args),
    /// Creates a folder with a flow to start from.
    Init(crate::commands::local::init::Args),
    /// Prints every problem of flow files with its position and a hint.
    Validate(crate::commands::local::validate::Args),
    /// Prints what a run of a flow would do, without doing it.
    Plan(crate::commands::local::plan::Args),
    /// Runs the tests of flows, without running their tasks.
    Test(crate::commands::local::test::Args),
    /// Prints the page of a type of task, trigger or condition.
    Docs(crate::commands::local::docs::Args),
    /// Explains an error code, such as SEG0402.
    Explain(crate::commands::local::explain::Args),
    /// Prints the JSON Schema of flows, for editors.
    Schema(crate::commands::local::schema::Args),
    /// Prints a rendered expression.
    Expr(crate::commands::local::expr::Args),
    /// Lists the tables of the local warehouse with their row counts.
    Tables(crate::commands::local::tables::Args),
    /// Copies a data directory into one file, even while a server uses the directory.
    Backup(crate::commands::local::backup::BackupArgs),
    /// Creates a data directory from a backup.
    Restore(crate::commands::local::backup::RestoreArgs),
    /// Prints the variables with which Google's clients use the tables and buckets of a running server.
    Env(crate::commands::local::env::Args),
    /// Makes the key file of a service account for Google's clients.
    Credentials(crate::commands::local::credentials::Args),
    /// Runs BigQuery SQL on the local warehouse and prints the rows.
    Query(crate::commands::local::query::Args),
    /// The flows of a server: import, list, get, validate, delete, watch, export.
    #[command(visible_alias = "flows")]
    Flow(crate::commands::remote::flow::Args),
    /// Executions on a server: run, list, get, kill, restart, replay, pause, resume, logs, delete.
    #[command(visible_alias = "executions")]
    Execution(crate::commands::remote::execution::Args),
    /// The key-values of namespaces on a server: set, get, list, delete.
    Kv(crate::commands::remote::kv::Args),
    /// Backfills on a server: start, preview, list, get, pause, resume, cancel.
    Backfill(crate::commands::remote::backfill::Args),
    /// Triggers on a server: list, enable, disable, unlock.
    Trigger(crate::commands::remote::trigger::Args),
    /// The logs of a server: search, follow.
    Logs(crate::commands::remote::logs::Args),
    /// Namespaces on a server, and their files: list, files.
    #[command(visible_alias = "ns")]
    Namespace(crate::commands::remote::namespace::Args),
    /// Shows what a server does now, updated every second.
    Top(crate::commands::remote::top::Args),
    /// Lists the names of the secrets that a namespace can read.
    Secrets(crate::commands::remote::secrets::Args),
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

/// The options that say which server a verb calls.
pub(crate) const OF_A_SERVER: [&str; 2] = ["server", "user"];

/// The verbs that never send a request to a server. Their help does not have the options of a server.
pub(crate) const WITHOUT_SERVER: [&str; 15] = [
    "run",
    "server",
    "init",
    "validate",
    "test",
    "docs",
    "explain",
    "schema",
    "expr",
    "backup",
    "restore",
    "env",
    "credentials",
    "version",
    "completion",
];

/// The command line, with the options that each verb really has in its help.
pub(crate) fn command() -> clap::Command {
    let all = Cli::command();
    let hidden: Vec<clap::Arg> = all
        .get_arguments()
        .filter(|argument| OF_A_SERVER.contains(&argument.get_id().as_str()))
        .map(|argument| argument.clone().hide(true))
        .collect();
    WITHOUT_SERVER
        .into_iter()
        .fold(all, |all, verb| all.mut_subcommand(verb, |verb| verb.args(hidden.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::parser::ValueSource;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_help_of_a_verb_has_the_options_that_the_verb_accepts() {
        let help = |line: &[&str]| command().try_get_matches_from(line).unwrap_err().to_string();
        for verb in WITHOUT_SERVER {
            let help = help(&["segue", verb, "--help"]);
            assert!(!help.contains("--server") && !help.contains("--user"), "{verb}: {help}");
        }
        for line in [&["segue", "kv", "list", "--help"] as &[&str], &["segue", "query", "--help"]] {
            let help = help(line);
            assert!(help.contains("--server") && help.contains("--user"), "{line:?}: {help}");
        }
        let given =
            command().try_get_matches_from(["segue", "run", "x.yaml", "--server", "http://a"]).unwrap();
        assert_eq!(given.value_source("server"), Some(ValueSource::CommandLine));
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
        let cli = command();
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
                if let Err(error) = command().try_get_matches_from(words(&line)) {
                    panic!("{name}: {line}\n{error}");
                }
            }
        }
    }

    /// The words that complete the last of these arguments.
    fn completed(line: &[&str]) -> Vec<String> {
        let args: Vec<std::ffi::OsString> = line.iter().map(Into::into).collect();
        let last = args.len() - 1;
        let found = clap_complete::engine::complete(&mut command(), args, last, None).unwrap();
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
            let script = crate::complete::script(&shell.to_string()).unwrap_or_else(|| panic!("{shell}"));
            assert!(script.contains(crate::complete::VARIABLE) && script.contains("segue"), "{script}");
        }
    }
}
