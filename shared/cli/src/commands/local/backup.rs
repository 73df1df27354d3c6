//! `segue backup` and `segue restore`: a data directory in one file, and back.

use segue_embedded::Contents;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

/// Copies a data directory into one file, also while a server works on it.
///
/// The file (tar, compressed by gzip) has the database, the tables and the objects, each as of one moment. Key-values
/// and logs are plain in it, so keep it as you keep the directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue backup segue-2024-03-01.tar.gz
  segue backup --data-dir .segue --with-key segue.tar.gz")]
pub(crate) struct BackupArgs {
    /// The new file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Puts the key for SECRET inputs and outputs (secret.key) into the file as well. Without it, keep that file
    /// elsewhere: a restored directory cannot read them otherwise.
    #[arg(long)]
    with_key: bool,
}

/// Makes a data directory of a backup.
///
/// The file is checked to its end before anything of it is used. A server on the new directory goes on with the
/// executions that were under way.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue restore segue-2024-03-01.tar.gz --data-dir .segue-restored
  segue restore segue-2024-03-01.tar.gz --force")]
pub(crate) struct RestoreArgs {
    /// What `segue backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Moves a data directory that is there aside.
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
    println!("{} holds {}", args.file.display(), told(made));
    if !made.key {
        println!(
            "The key for SECRET inputs and outputs is not in it; keep {} too",
            data_dir.join("secret.key").display()
        );
    }
    Ok(crate::OK)
}

pub(crate) fn restore(args: &RestoreArgs, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let data_dir = crate::kept_data_dir(data_dir);
    let (contents, before) = segue_embedded::restore(&args.file, &data_dir, args.force)?;
    println!("{} holds {}", data_dir.display(), told(contents));
    if let Some(before) = before {
        println!("The old content is in {}", before.display());
    }
    if !contents.key {
        println!(
            "The backup has no key: put the old secret.key into {} (or set SEGUE_ENCRYPTION_KEY) before the first \
             start, or SECRET values of earlier executions cannot be read",
            data_dir.display()
        );
    }
    Ok(crate::OK)
}

fn told(contents: Contents) -> String {
    format!("{} files, {:.1} MB", contents.files, contents.bytes as f64 / 1e6)
}
