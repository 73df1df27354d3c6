//! Numbers that tasks reported: rows, bytes, durations.

use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::Map;
use serde::{Deserialize, Serialize};

/// A number that a task run reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The execution.
    pub execution_id: String,
    /// The task.
    pub task_id: String,
    /// The task run.
    pub task_run_id: String,
    /// The name of the number.
    pub name: String,
    /// Always `counter`: the numbers of a task run are summed up by their names.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sum.
    pub value: f64,
    /// The end of the task run, or its start if it has not ended.
    pub timestamp: Timestamp,
    /// Always empty.
    pub tags: Map,
}

/// A number of a flow or a task, day by day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricAggregation {
    /// Always `day`.
    pub group_by: String,
    /// One value for each day that has any, the oldest day first.
    pub aggregations: Vec<MetricValue>,
}

/// The value of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricValue {
    /// The day in UTC, `2024-01-31`.
    pub date: String,
    /// Sum, average, minimum or maximum of the day.
    pub value: f64,
}
