//! Flows as they are written, with what the state store knows of them.

use crate::TENANT;
use crate::lenient::{read, take};
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::label::Label;
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};

/// A flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// The id.
    pub id: String,
    /// The namespace.
    pub namespace: String,
    /// The tenant, always `main`.
    #[serde(default)]
    pub tenant_id: String,
    /// The revision, from 1.
    pub revision: u32,
    /// The labels. Absent if none are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub labels: Option<Vec<Label>>,
    /// The inputs as they are written. Absent if none are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub inputs: Option<Vec<FlowPart>>,
    /// The tasks as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub tasks: Option<Vec<FlowPart>>,
    /// The triggers as they are written. Absent if none are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub triggers: Option<Vec<FlowPart>>,
    /// Everything else that is written.
    #[serde(flatten)]
    pub document: Map,
    /// Whether the flow is disabled: its triggers start nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub disabled: Option<bool>,
    /// Whether the flow was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated: Option<Timestamp>,
    /// The source. Absent unless the request asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Why the stored source cannot be read. Absent if it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
}

/// The parts of a flow that a form needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowToExecute {
    /// The id.
    pub id: String,
    /// The namespace.
    pub namespace: String,
    /// The revision, from 1.
    pub revision: u32,
    /// The labels. Absent if none are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub labels: Option<Vec<Label>>,
    /// The inputs as they are written. Absent if none are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub inputs: Option<Vec<FlowPart>>,
    /// The tasks as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub tasks: Option<Vec<FlowPart>>,
    /// `errors` and `finally` as they are written.
    #[serde(flatten)]
    pub document: Map,
    /// Whether the flow is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub disabled: Option<bool>,
}

/// An input, a task or a trigger, as written in the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowPart {
    /// The id.
    pub id: String,
    /// The type. Absent if none is written.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// All other properties.
    #[serde(flatten)]
    pub properties: Map,
}

/// Names a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlowId {
    /// The id.
    pub id: String,
    /// The namespace.
    pub namespace: String,
}

/// A flow with the places in its source where a text was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowSearchHit {
    /// The flow, without its source.
    pub model: Flow,
    /// Lines of the source, with the text between `[mark]` and `[/mark]`.
    pub fragments: Vec<String>,
}

impl Flow {
    /// A flow as it is written in a document, without its source. `document` is None if the source cannot be read.
    pub fn written(
        id: &str,
        namespace: &str,
        revision: u32,
        updated: Timestamp,
        document: Option<Map>,
    ) -> Self {
        let exception =
            document.is_none().then(|| "the stored source is no YAML that can be read".to_owned());
        let mut document = document.unwrap_or_default();
        // What the store knows counts, whatever is written.
        for known in ["id", "namespace", "revision", "tenantId", "deleted", "updated"] {
            document.shift_remove(known);
        }
        if let Some(written) = document.get_mut("labels") {
            // Labels may be written as a map or as a list; they are answered as a list.
            if let Ok(labels) = segue_model::label::from_any(&*written) {
                *written = labels.into_iter().map(|Label { key, value }| label_json(key, value)).collect();
            }
        }
        let disabled = take(&mut document, "disabled").or(match document.contains_key("disabled") {
            true => None,
            false => Some(false),
        });
        Self {
            id: id.to_owned(),
            namespace: namespace.to_owned(),
            tenant_id: TENANT.to_owned(),
            revision,
            labels: take(&mut document, "labels"),
            inputs: take(&mut document, "inputs"),
            tasks: take(&mut document, "tasks"),
            triggers: take(&mut document, "triggers"),
            document,
            disabled,
            deleted: false,
            updated: Some(updated),
            source: None,
            exception,
        }
    }
}

impl Flow {
    /// The same flow with its source.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        self.document.shift_remove("source");
        self.source = Some(source.to_owned());
        self
    }
}

fn label_json(key: String, value: String) -> Json {
    Json::Object(Map::from_iter([
        ("key".to_owned(), Json::from(key)),
        ("value".to_owned(), Json::from(value)),
    ]))
}

impl From<Flow> for FlowToExecute {
    fn from(flow: Flow) -> Self {
        let Flow { id, namespace, revision, labels, inputs, tasks, mut document, disabled, .. } = flow;
        let shown = ["inputs", "labels", "tasks", "errors", "finally", "disabled"];
        document.retain(|key, _| shown.contains(&key.as_str()));
        Self { id, namespace, revision, labels, inputs, tasks, document, disabled }
    }
}
