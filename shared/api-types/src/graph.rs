//! Graphs of the tasks of a flow, and of flows that depend on each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A flow as a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Graph {
    /// The tasks, the triggers, and the start and end of each cluster.
    pub nodes: Vec<GraphNode>,
    /// The edges from each node to the next.
    pub edges: Vec<GraphEdge>,
    /// The flowable tasks with their child tasks.
    pub clusters: Vec<GraphCluster>,
    /// The ids of the flowable tasks.
    pub flowables: Vec<String>,
}

/// A node in the graph of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphNode {
    /// The id of the node, unique in the graph.
    pub uid: String,
    /// Kestra's name for the type of node.
    #[serde(rename = "type")]
    pub kind: String,
    /// The task. Absent if the node is not a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<GraphTask>,
    /// The trigger. Absent if the node is not a trigger.
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
    /// The description of the task. Null if there is none.
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

/// A connection from one node to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphEdge {
    /// The uid of the first node.
    pub source: String,
    /// The uid of the next node.
    pub target: String,
    /// The reason why `target` follows `source`.
    pub relation: GraphRelation,
}

/// The reason why one node follows another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphRelation {
    /// `SEQUENTIAL`, `PARALLEL`, `CHOICE`, `DYNAMIC`, `ERROR`, `FINALLY` or `AFTER_EXECUTION`.
    pub relation_type: String,
    /// The case of a `CHOICE`. Absent for other relations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A flowable task with its child tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphCluster {
    /// The uid and type of the cluster.
    pub cluster: GraphClusterId,
    /// The uids of the nodes in the cluster.
    pub nodes: Vec<String>,
    /// The uids of the surrounding clusters, outermost first.
    pub parents: Vec<String>,
    /// The uid of the start node.
    pub start: String,
    /// The uid of the end node.
    pub end: String,
}

/// The id of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphClusterId {
    /// The id of the cluster, unique in the graph.
    pub uid: String,
    /// Kestra's name for the type of cluster.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Flows, and the calls between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependencies {
    /// The flows.
    pub nodes: Vec<FlowNode>,
    /// The dependencies between the flows.
    pub edges: Vec<Dependency>,
}

/// A flow among the dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlowNode {
    /// The id of the node, unique among the dependencies.
    pub uid: String,
    /// The namespace.
    pub namespace: String,
    /// The id of the flow.
    pub id: String,
    /// True if there is no such flow. Absent if the flow exists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// A dependency between two flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// The uid of the flow that runs first.
    pub source: String,
    /// The uid of the flow that runs next.
    pub target: String,
    /// `FLOW_TASK` if a task runs a subflow. `FLOW_TRIGGER` if a trigger waits for the end of a flow.
    pub relation: String,
}
