//! Flows: the properties in the source, and the values that the state store adds.

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
    /// The labels. Absent if the source has none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub labels: Option<Vec<Label>>,
    /// The inputs in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub inputs: Option<Vec<FlowPart>>,
    /// The tasks in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub tasks: Option<Vec<FlowPart>>,
    /// The triggers in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub triggers: Option<Vec<FlowPart>>,
    /// All other properties in the source.
    #[serde(flatten)]
    pub document: Map,
    /// Whether the flow is disabled. A disabled flow cannot be executed, and its triggers do not fire.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub disabled: Option<bool>,
    /// Whether the flow was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated: Option<Timestamp>,
    /// The YAML source. Absent unless the request asks for the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The reason why the stored source cannot be read. Absent for a readable source.
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
    /// The labels. Absent if the source has none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub labels: Option<Vec<Label>>,
    /// The inputs in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub inputs: Option<Vec<FlowPart>>,
    /// The tasks in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub tasks: Option<Vec<FlowPart>>,
    /// `errors` and `finally` in the source.
    #[serde(flatten)]
    pub document: Map,
    /// Whether the flow is disabled. A disabled flow cannot be executed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub disabled: Option<bool>,
}

/// An input, a task or a trigger, as written in the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowPart {
    /// The id.
    pub id: String,
    /// The type. Absent if the source has none.
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

/// A flow with the lines of its source that contain a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowSearchHit {
    /// The flow, without its source.
    pub model: Flow,
    /// The lines of the source with the text. `[mark]` and `[/mark]` surround the text.
    pub fragments: Vec<String>,
}

impl Flow {
    /// A flow with the properties of `document`, without its source. `document` is None if the source cannot be read.
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
        // The values of the store have precedence over the source.
        for known in ["id", "namespace", "revision", "tenantId", "deleted", "updated"] {
            document.shift_remove(known);
        }
        if let Some(written) = document.get_mut("labels") {
            // The source can have labels as a map or as a list. The answer always has a list.
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
    /// Adds the source to the flow.
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
