//! Counts of flows and executions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is stored. Segue sends these numbers to nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// The flows.
    pub flows: FlowUsage,
    /// The executions.
    pub executions: ExecutionUsage,
}

/// Counts of flows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowUsage {
    /// The number of flows.
    pub count: u64,
    /// The number of namespaces with flows.
    pub namespaces_count: u64,
    /// The number of tasks of each type.
    pub task_type_count: BTreeMap<String, u64>,
    /// The number of triggers of each type.
    pub trigger_type_count: BTreeMap<String, u64>,
}

/// Counts of executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionUsage {
    /// The number of executions of today and of the day before, by their states.
    pub daily_executions_count: Vec<DailyExecutions>,
}

/// The executions that started on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DailyExecutions {
    /// The start of the day in UTC.
    pub start_date: jiff::Timestamp,
    /// The number of executions in each state. States without executions are 0.
    pub execution_counts: BTreeMap<String, u64>,
    /// `DAY`.
    pub group_by: String,
}
