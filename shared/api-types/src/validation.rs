//! What is wrong with flows, tasks and inputs before anything is saved or run.

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
    /// The id of the flow. Absent if none is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The namespace of the flow. Absent if none is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Every error, a line each. Absent if the flow is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// Whether the source names an older revision than the latest.
    pub outdated: bool,
    /// Deprecated names in the source.
    pub deprecation_paths: Vec<String>,
    /// Warnings; the flow can be saved.
    pub warnings: Vec<String>,
    /// Remarks; the flow can be saved.
    pub infos: Vec<String>,
    /// Every error, warning and remark with its position. Kestra does not answer this field.
    #[schemars(with = "Vec<Diagnostic>")]
    pub diagnostics: Option<Vec<Diagnostic>>,
}

/// The problems of a task or a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskValidation {
    /// Every error, a line each. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// Remarks.
    pub infos: Vec<String>,
}

/// The result of each input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputsValidation {
    /// The id of the flow.
    pub id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// One report for each declared input.
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
    /// Whether the input is asked for: false if its `dependsOn` does not hold.
    pub enabled: bool,
    /// Whether the request gives no value for it.
    pub is_default: bool,
    /// The problems of the value. Empty if the value is valid.
    pub errors: Vec<InputError>,
    /// The resolved value, which is null for an optional input without a value, or else the value in the request. Absent
    /// if there is none.
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
    /// Whether a value must be given.
    pub required: bool,
}

/// A problem of the value of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputError {
    /// The text for people.
    pub message: String,
}
