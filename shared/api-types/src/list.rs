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
