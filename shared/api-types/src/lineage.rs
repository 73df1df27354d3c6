//! The lineage of dbt: which models are built from which.

use schemars::JsonSchema;
use segue_model::state::State;
use serde::{Deserialize, Serialize};

/// What a dbt task run builds from what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lineage {
    /// The sources, seeds, models, snapshots and exposures.
    pub nodes: Vec<LineageNode>,
    /// An edge from each node to those that are built from it.
    pub edges: Vec<LineageEdge>,
}

/// A node of dbt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineageNode {
    /// dbt's id, as in `model.shop.orders`.
    pub id: String,
    /// The name. That of a source begins with the name of the group of sources.
    pub name: String,
    /// The kind: `source`, `seed`, `model`, `snapshot` or `exposure`.
    pub kind: String,
    /// The table or view in the database. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// How a model is kept, as in `table` or `view`. Absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materialized: Option<String>,
    /// The description. Absent if the project has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What became of the node in the task run. Absent if the task run did not build the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// An edge of a lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineageEdge {
    /// The node that is read.
    pub source: String,
    /// The node that is built from it.
    pub target: String,
}
