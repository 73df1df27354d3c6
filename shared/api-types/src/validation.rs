//! Results of the validation of flows, tasks and inputs. A validation saves nothing and runs nothing.

use crate::lenient::present;
use schemars::JsonSchema;
use segue_model::Json;
use segue_model::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// The problems of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FlowValidation {
    /// The position of the flow in the source, from 0.
    pub index: u64,
    /// The id of the flow. Absent if the source has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The namespace of the flow. Absent if the source has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// All errors, one on each line. Absent if the flow is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// Whether the source names a `revision` that is not the next one.
    pub outdated: bool,
    /// The deprecated names in the source.
    pub deprecation_paths: Vec<String>,
    /// The warnings. A flow with warnings can be saved.
    pub warnings: Vec<String>,
    /// The remarks. A flow with remarks can be saved.
    pub infos: Vec<String>,
    /// All errors, warnings and remarks with their positions. Kestra's API does not have this field.
    #[schemars(with = "Vec<Diagnostic>")]
    pub diagnostics: Option<Vec<Diagnostic>>,
}

/// The problems of a task or a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskValidation {
    /// Always 0.
    pub index: u64,
    /// Always false: only flows have revisions.
    pub outdated: bool,
    /// All errors, one on each line. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// The warnings. A task with warnings is valid.
    pub warnings: Vec<String>,
    /// The remarks. A task with remarks is valid.
    pub infos: Vec<String>,
}

/// The result of each input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputsValidation {
    /// The id of the flow.
    pub id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// One result for each declared input.
    pub inputs: Vec<InputReport>,
    /// Always empty.
    pub checks: Vec<Json>,
}

/// The result of an input: its value, or its problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InputReport {
    /// The input.
    pub input: InputField,
    /// Whether the input is shown. False if the condition of its `dependsOn` is false.
    pub enabled: bool,
    /// Whether the request has no value for the input.
    pub is_default: bool,
    /// The problems of the value. Empty if the value is valid.
    pub errors: Vec<InputError>,
    /// The resolved value, or the value in the request if it cannot be resolved. Null for an optional input without a
    /// value. Absent if there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub value: Option<Json>,
}

/// An input as the flow declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputField {
    /// The id.
    pub id: String,
    /// The type, such as `STRING`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the input requires a value.
    pub required: bool,
}

/// A problem of the value of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputError {
    /// The error message.
    pub message: String,
}
