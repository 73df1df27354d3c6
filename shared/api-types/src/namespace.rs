//! Namespaces, their files and the names of their secrets.

use crate::flow::FlowId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Namespace {
    /// The name.
    pub id: String,
    /// True if the namespace itself has no flow. Namespaces below it can have flows.
    #[serde(default)]
    pub disabled: bool,
}

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SecretOrigin {
    /// A variable of the server or its file `.env`. The secret can be changed only there.
    Environment,
    /// The secret store, in which secrets can be set.
    Store,
}

/// What is known of a secret. The value is never answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// The name.
    pub key: String,
    /// The outermost namespace that can read the secret. Absent in the list of one namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where the secret comes from. Absent from an older server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<SecretOrigin>,
    /// When the secret was set last. Absent if this is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// The flows of the namespace that name the secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowId>,
}

/// One page of the names of secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretPage {
    /// Whether the API cannot change secrets. Always false.
    pub read_only: bool,
    /// The names of this page.
    pub results: Vec<SecretKey>,
    /// The number of names on all pages.
    pub total: u64,
}

/// A request for the names of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Autocomplete {
    /// A part of the names. If absent, all names.
    pub q: Option<String>,
    /// Names that are listed in any case, if they exist.
    pub ids: Option<Vec<String>>,
    /// Lists only namespaces that have flows.
    pub existing_only: Option<bool>,
}

/// The type of a path.
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
    /// The size in bytes. 0 for directories.
    pub size: u64,
    /// The last part of the path. Empty for the root directory.
    pub file_name: String,
    /// The date of the last change, in milliseconds since 1970-01-01 UTC. 0 for directories.
    pub last_modified_time: i64,
    /// The same value as `lastModifiedTime`, because the creation date is not stored.
    pub creation_time: i64,
}

/// A revision of a file of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRevision {
    /// The number of the revision.
    pub revision: u32,
}

impl NamespaceFile {
    /// A directory with this name.
    pub fn directory(name: &str) -> Self {
        Self {
            kind: NamespaceFileKind::Directory,
            size: 0,
            file_name: name.to_owned(),
            last_modified_time: 0,
            creation_time: 0,
        }
    }

    /// A file. `size` is in bytes, `updated` in milliseconds since 1970-01-01 UTC.
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
