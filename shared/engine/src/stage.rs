//! The stages of a WorkingDirectory.

use serde::{Deserialize, Serialize};

/// Where a WorkingDirectory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// Files are laid out.
    Setup,
    /// The children are at work.
    #[default]
    Children,
    /// Files are collected.
    Collect,
}
