//! `segue env`: the variables of Google's clients.

use crate::commands::local::google;
use std::path::PathBuf;

/// Prints the variables with which Google's clients use the tables and buckets of a running server.
///
/// dbt, pandas, bq, gcloud and Google's client libraries read these variables. Scripts of flows have them already.
/// GOOGLE_APPLICATION_CREDENTIALS is the key of an account of this server. It opens nothing on Google Cloud.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  eval \"$(segue env)\"
  segue env --format dotenv > .env
  segue env --format json --data-dir .segue")]
pub(crate) struct Args {
    /// The format: commands of a shell, lines NAME=VALUE, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Shell)]
    format: Format,
}

/// The format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Shell,
    Dotenv,
    Json,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let variables = google::running(&crate::kept_data_dir(data_dir))?.variables();
    match args.format {
        Format::Json => crate::print::line(serde_json::to_string_pretty(&variables)?),
        Format::Dotenv => {
            let lines: Vec<String> =
                variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            crate::print::line(lines.join("\n"));
        }
        Format::Shell => {
            let lines: Vec<String> =
                variables.iter().map(|(name, value)| format!("export {name}={}", quoted(value))).collect();
            crate::print::line(lines.join("\n"));
        }
    }
    Ok(crate::OK)
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_of_the_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}
