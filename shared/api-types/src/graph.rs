//! Graphs: the tasks of a flow, and the flows that call each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A flow as a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Graph {
    /// Tasks, triggers, and the beginning and end of every cluster.
    pub nodes: Vec<GraphNode>,
    /// The edges from each node to the next.
    pub edges: Vec<GraphEdge>,
    /// The flowable tasks with their inside.
    pub clusters: Vec<GraphCluster>,
    /// The ids of the flowable tasks.
    pub flowables: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphNode {
    /// The id within the graph.
    pub uid: String,
    /// Kestra's name for the kind of node.
    #[serde(rename = "type")]
    pub kind: String,
    /// The task. Absent for all other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<GraphTask>,
    /// The trigger. Absent for all other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_declaration: Option<GraphTrigger>,
}

/// The task of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphTask {
    /// The id.
    pub id: String,
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// A text for people; null if there is none.
    pub description: Option<String>,
    /// Whether the task is disabled.
    pub disabled: bool,
}

/// The trigger of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphTrigger {
    /// The id.
    pub id: String,
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether the trigger is disabled.
    pub disabled: bool,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphEdge {
    /// The uid of the node that comes first.
    pub source: String,
    /// The uid of the node that follows.
    pub target: String,
    /// Why it follows.
    pub relation: GraphRelation,
}

/// Why a node follows another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphRelation {
    /// `SEQUENTIAL`, `PARALLEL`, `CHOICE`, `DYNAMIC`, `ERROR`, `FINALLY` or `AFTER_EXECUTION`.
    pub relation_type: String,
    /// The case of a choice. Absent for all other relations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A flowable task with its inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphCluster {
    /// The cluster itself.
    pub cluster: GraphClusterId,
    /// The uids of the nodes inside.
    pub nodes: Vec<String>,
    /// The uids of the clusters around it, the outermost first.
    pub parents: Vec<String>,
    /// The uid of the node at the beginning.
    pub start: String,
    /// The uid of the node at the end.
    pub end: String,
}

/// The id of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphClusterId {
    /// The id within the graph.
    pub uid: String,
    /// Kestra's name for clusters.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Flows, and the calls between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependencies {
    /// The flows.
    pub nodes: Vec<FlowNode>,
    /// The calls.
    pub edges: Vec<Dependency>,
}

/// A flow among the dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlowNode {
    /// The id among the dependencies.
    pub uid: String,
    /// The namespace.
    pub namespace: String,
    /// The id of the flow.
    pub id: String,
}

/// One flow follows another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// The uid of the flow that comes first.
    pub source: String,
    /// The uid of the flow that follows.
    pub target: String,
    /// `FLOW_TASK` for a task that runs a subflow, `FLOW_TRIGGER` for a trigger that waits for a flow.
    pub relation: String,
}
