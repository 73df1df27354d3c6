//! `segue backup` and `segue restore`: copies a data directory into one file, and back.

use segue_embedded::Contents;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

/// Copies a data directory into one file, even while a server uses the directory.
///
/// The file (tar, compressed by gzip) has the database, the tables and the objects, each as of one moment. Key-values
/// and logs are not encrypted, so protect the file like the directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue backup segue-2024-03-01.tar.gz
  segue backup --data-dir .segue --with-key segue.tar.gz")]
pub(crate) struct BackupArgs {
    /// The new file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also saves the key of SECRET inputs and outputs (secret.key). Without this option, save secret.key
    /// yourself. A restored directory without the key cannot read SECRET values.
    #[arg(long)]
    with_key: bool,
}

/// Creates a data directory from a backup.
///
/// The whole file is checked before any of it is used. A server on the new directory continues the
/// unfinished executions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue restore segue-2024-03-01.tar.gz --data-dir .segue-restored
  segue restore segue-2024-03-01.tar.gz --force")]
pub(crate) struct RestoreArgs {
    /// The file of `segue backup`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Moves an existing data directory aside.
    #[arg(long)]
    force: bool,
}

pub(crate) fn backup(args: &BackupArgs, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let data_dir = crate::kept_data_dir(data_dir);
    let is_watched = std::io::stderr().is_terminal();
    let made = segue_embedded::backup(&data_dir, &args.file, args.with_key, &mut |files| {
        if is_watched && files.is_multiple_of(100) {
            let _ = write!(std::io::stderr(), "\r{files} files");
        }
    })?;
    if is_watched {
        eprint!("\r");
    }
    crate::print::line(format_args!("{} holds {}", args.file.display(), told(made)));
    if !made.key {
        crate::print::line(format_args!(
            "The backup does not have the key for SECRET inputs and outputs; keep {} too",
            data_dir.join("secret.key").display()
        ));
    }
    Ok(crate::OK)
}

pub(crate) fn restore(args: &RestoreArgs, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let data_dir = crate::kept_data_dir(data_dir);
    let (contents, before) = segue_embedded::restore(&args.file, &data_dir, args.force)?;
    crate::print::line(format_args!("{} holds {}", data_dir.display(), told(contents)));
    if let Some(before) = before {
        crate::print::line(format_args!("The old content is in {}", before.display()));
    }
    if !contents.key {
        crate::print::line(format_args!(
            "The backup has no key: put the old secret.key into {} (or set SEGUE_ENCRYPTION_KEY) before the first \
             start, or SECRET values of earlier executions cannot be read",
            data_dir.display()
        ));
    }
    Ok(crate::OK)
}

fn told(contents: Contents) -> String {
    format!("{} files, {:.1} MB", contents.files, contents.bytes as f64 / 1e6)
}
