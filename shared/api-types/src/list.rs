//! Pages of lists, and counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The entries of this page.
    pub results: Vec<T>,
    /// The number of entries on all pages.
    pub total: u64,
}

/// The number of items that a request has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// The number of changed items.
    pub count: u64,
}

/// The number of items that a request has deleted, under the names of Kestra 1 and of Kestra 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// The number of deleted items.
    pub count: u64,
    /// The same number.
    pub total_items: u64,
}
