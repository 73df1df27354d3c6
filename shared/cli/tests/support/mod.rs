//! The command `segue`, for the tests that start it.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// The command with its data in `data_dir`, without the environment's settings. Dropping the process kills it.
pub(crate) fn segue(data_dir: &Path) -> Command {
    let mut command = without_data();
    command.arg("--data-dir").arg(data_dir);
    command
}

/// The command without a data directory, and without the environment's settings. Dropping the process kills it.
pub(crate) fn without_data() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEGUE_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}
