//! Metrics: numbers that tasks reported, such as rows, bytes or durations.

use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::Map;
use serde::{Deserialize, Serialize};

/// A metric of a task run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the execution.
    pub execution_id: String,
    /// The id of the task.
    pub task_id: String,
    /// The id of the task run.
    pub task_run_id: String,
    /// The name of the metric.
    pub name: String,
    /// `counter`, `timer` or `gauge`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sum of a counter, the milliseconds of a timer, or the last value of a gauge.
    pub value: f64,
    /// The end of the task run. The start before the task run has ended.
    pub timestamp: Timestamp,
    /// More about the metric, by name. Metrics with other tags are other metrics.
    pub tags: Map,
}

/// The daily values of a metric of a flow or a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricAggregation {
    /// Always `day`.
    pub group_by: String,
    /// The daily values, oldest first. Days without numbers are left out.
    pub aggregations: Vec<MetricValue>,
}

/// The value of a metric on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricValue {
    /// The day in UTC, such as `2024-01-31`.
    pub date: String,
    /// The sum, average, minimum or maximum of the numbers on this day.
    pub value: f64,
}
