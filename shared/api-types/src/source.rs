//! Searches in the sources of flows, and replacements.

use crate::Flow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A flow with the lines of its source that contain a text. It has the fields of Kestra 1 and of Kestra 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowSearchHit {
    /// The flow, without its source.
    pub model: Flow,
    /// The lines of the source with the text. `[mark]` and `[/mark]` surround the text.
    pub fragments: Vec<String>,
    /// The namespace of the flow.
    #[serde(default)]
    pub namespace: String,
    /// The id of the flow.
    #[serde(default)]
    pub id: String,
    /// Whether the flow can be changed. Always true.
    #[serde(default)]
    pub editable: bool,
    /// Where the text is.
    #[serde(default)]
    pub matches: Vec<SourceMatch>,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceMatch {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 0.
    pub column: u64,
    /// The length of what was found, in characters. 0 without a searched text.
    #[serde(default)]
    pub length: u64,
    /// The line as it is written.
    pub snippet: String,
}

/// The part of a flow that a search looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SourceScope {
    /// The whole source.
    #[default]
    All,
    /// `tasks`, `errors`, `finally` and `afterExecution`.
    Tasks,
    /// `triggers`.
    Triggers,
    /// `inputs`.
    Inputs,
}

/// What is searched, and what it is replaced by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Replacement {
    /// The text or the regular expression to search.
    #[schemars(required)]
    pub query: String,
    /// Whether upper and lower case are different. If absent, false.
    pub case_sensitive: bool,
    /// Whether only whole words match. If absent, false.
    pub whole_word: bool,
    /// Whether `query` is a regular expression. If absent, false.
    pub regex: bool,
    /// The new text. For a regular expression, `$1` is the first group.
    #[schemars(required)]
    pub replacement: String,
    /// The part of the flow. If absent, the whole source.
    pub scope: SourceScope,
}

/// A request to show what a replacement would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplacePreview {
    /// What is searched, and what it is replaced by.
    #[serde(flatten)]
    pub replacement: Replacement,
    /// Only flows of this namespace and of the namespaces below it. If absent, all flows.
    pub namespace: Option<String>,
    /// Only the flow with this id. If absent, all flows.
    pub flow_id: Option<String>,
}

/// What a replacement would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplacePreviewed {
    /// The number of changed lines.
    pub total_matches: u64,
    /// The number of changed flows.
    pub total_flows: u64,
    /// The number of changed flows that can be saved.
    pub editable_flow_count: u64,
    /// The flows with their changed lines.
    pub flows: Vec<ReplacedLines>,
}

/// The changed lines of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplacedLines {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub id: String,
    /// Whether the flow can be changed. Always true.
    pub editable: bool,
    /// The changed lines.
    pub matches: Vec<ReplacedLine>,
}

/// A changed line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplacedLine {
    /// The line, from 1.
    pub line: u64,
    /// The line as it is written.
    pub before: String,
    /// The new line.
    pub after: String,
}

/// A request to replace a text in flows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplaceApply {
    /// What is searched, and what it is replaced by.
    #[serde(flatten)]
    pub replacement: Replacement,
    /// The flows to change.
    #[schemars(required)]
    pub flows: Vec<crate::FlowId>,
}

/// A request to replace a text in one line of one flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplaceLine {
    /// What is searched, and what it is replaced by.
    #[serde(flatten)]
    pub replacement: Replacement,
    /// The namespace of the flow.
    #[schemars(required)]
    pub namespace: String,
    /// The id of the flow.
    #[schemars(required)]
    pub id: String,
    /// The line, from 1.
    #[schemars(required)]
    pub line: u64,
    /// The column of the one match to replace, from 0. If absent, all matches of the line.
    pub column: Option<u64>,
}

/// The result of a replacement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replaced {
    /// The changed flows with their new revisions.
    pub updated: Vec<Flow>,
    /// The flows that did not change, each with the reason.
    pub skipped: Vec<NotReplaced>,
}

/// A flow that a replacement did not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotReplaced {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub id: String,
    /// The reason.
    pub reason: NotReplacedReason,
    /// The error of a flow that would be invalid. Absent for other reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why a replacement did not change a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotReplacedReason {
    /// There is no such flow.
    NotFound,
    /// The text is not in the flow.
    NoMatch,
    /// The new source is the same as the old one.
    NoChange,
    /// The new source is not a valid flow, or it has another id or namespace.
    InvalidFlow,
}
