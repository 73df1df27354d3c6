//! The stages of a WorkingDirectory.

use serde::{Deserialize, Serialize};

/// The current stage of a WorkingDirectory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// Files are written into the directory.
    Setup,
    /// The children run.
    #[default]
    Children,
    /// Output files are collected, and the directory is removed.
    Collect,
}
