//! Concurrency limits of flows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many executions of a flow with a concurrency limit hold a permit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConcurrencyLimit {
    /// Always the same tenant.
    pub tenant_id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The number of executions that hold a permit.
    pub running: u64,
}

/// A request to set the number of executions that hold a permit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConcurrencyUpdate {
    /// Always the same tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The namespace of the flow. The address has it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The id of the flow. The address has it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The number of executions that hold a permit.
    pub running: u64,
}
