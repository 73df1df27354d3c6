//! Lists of any kind of thing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The entries of this page.
    pub results: Vec<T>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// How many things a request has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// The number of things.
    pub count: u64,
}
