//! Flows to start from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A flow to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blueprint {
    /// The name of the blueprint, which `segue init --template` takes too.
    pub id: String,
    /// What the flow shows, in a few words.
    pub title: String,
    /// What the flow does, in Markdown.
    pub description: String,
    /// Words to find the blueprint by.
    pub tags: Vec<String>,
    /// The types of the tasks and triggers.
    pub types: Vec<String>,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
}

/// A flow to start from, with its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlueprintSource {
    /// What the flow is.
    pub blueprint: Blueprint,
    /// The flow, in YAML.
    pub source: String,
    /// The tests of the flow, in YAML.
    pub tests: String,
}
