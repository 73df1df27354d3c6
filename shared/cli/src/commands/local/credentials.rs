//! `segue credentials`: the key file of a service account.

use crate::commands::local::google;
use crate::environment::environment;
use anyhow::Context as _;
use segue_embedded::local_project;
use segue_standalone::make_key;
use std::io::Write as _;
use std::path::PathBuf;

/// Makes the key file of a service account for Google's clients.
///
/// The key works with Google's APIs of `segue server` on this data directory, and nowhere else. The server keeps only the
/// public half of the key. The address of the server is part of the file, so choose its port with --google-port if the
/// file must work for a long time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue credentials dbt --output dbt.json
  segue credentials > key.json")]
pub(crate) struct Args {
    /// The name of the account: lower-case letters, digits and '-'.
    #[arg(default_value = "local", value_name = "NAME")]
    name: String,
    /// The file, which only its user can read. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let data_dir = crate::existing_data_dir(data_dir)?;
    let (url, project) = match google::running(&data_dir) {
        Ok(access) => (access.url, access.project),
        Err(_) => (format!("http://127.0.0.1:{}", google::DEFAULT_PORT), local_project(&environment())),
    };
    let key = make_key(&data_dir, &url, &project, &args.name)?;
    let text = serde_json::to_string_pretty(&key)?;
    match &args.output {
        None => crate::print::line(text),
        Some(file) => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let write = || -> std::io::Result<()> {
                let mut written =
                    tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?;
                written.write_all(text.as_bytes())?;
                written.persist(file)?;
                Ok(())
            };
            write().with_context(|| format!("{} cannot be written", file.display()))?;
            eprintln!("the key of {} is in {}", key.client_email, file.display());
        }
    }
    Ok(crate::OK)
}
