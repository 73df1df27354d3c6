//! Namespaces, their files and the names of their secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Namespace {
    /// The name.
    pub id: String,
    /// True if no flow is in the namespace itself; there may be flows below it.
    #[serde(default)]
    pub disabled: bool,
}

/// The name of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretKey {
    /// The name.
    pub key: String,
}

/// Whether a path is a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NamespaceFileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// A file or directory of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceFile {
    /// Whether the entry is a file or a directory.
    #[serde(rename = "type")]
    pub kind: NamespaceFileKind,
    /// The size in bytes; 0 for directories.
    pub size: u64,
    /// The last part of the path; empty for the root.
    pub file_name: String,
    /// The last change in milliseconds since 1970; 0 for directories.
    pub last_modified_time: i64,
    /// As `lastModifiedTime`: the date of creation is not kept.
    pub creation_time: i64,
}

impl NamespaceFile {
    /// A directory.
    pub fn directory(name: &str) -> Self {
        Self {
            kind: NamespaceFileKind::Directory,
            size: 0,
            file_name: name.to_owned(),
            last_modified_time: 0,
            creation_time: 0,
        }
    }

    /// A file; `updated` is in milliseconds since 1970.
    pub fn file(name: &str, size: u64, updated: i64) -> Self {
        Self {
            kind: NamespaceFileKind::File,
            size,
            file_name: name.to_owned(),
            last_modified_time: updated,
            creation_time: updated,
        }
    }
}
