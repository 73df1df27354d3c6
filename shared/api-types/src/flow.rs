//! Flows: the properties in the source, and the values that the state store adds.

use crate::TENANT;
use crate::lenient::{read, take};
use crate::trigger::TriggerHit;
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::label::Label;
use segue_model::state::State as StateName;
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
    /// Whether the flow is a draft. Always false: Segue has no drafts.
    #[serde(default)]
    pub draft: bool,
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

/// A flow in a list, with the parts that the request asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedFlow {
    /// The flow.
    #[serde(flatten)]
    pub flow: Flow,
    /// The newest executions, newest first, at most 20. Absent unless the request asks for `history`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_executions: Option<Vec<ListedRun>>,
    /// The triggers that have a state. Absent unless the request asks for `triggers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_states: Option<Vec<TriggerHit>>,
}

/// One of the newest executions of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedRun {
    /// The id.
    pub id: String,
    /// The current state.
    pub state: StateName,
    /// The date of the first state.
    pub start_date: Timestamp,
    /// The date of the end. Absent if the execution has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
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
    /// The triggers in the source. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub triggers: Option<Vec<FlowPart>>,
    /// `description`, `errors`, `finally` and `afterExecution` in the source.
    #[serde(flatten)]
    pub document: Map,
    /// Whether the flow is disabled. A disabled flow cannot be executed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub disabled: Option<bool>,
    /// Whether the flow is a draft. Always false: Segue has no drafts.
    #[serde(default)]
    pub draft: bool,
    /// Whether the flow was deleted.
    #[serde(default)]
    pub deleted: bool,
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

/// A flow with tasks or triggers that have an older type name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedFlow {
    /// The namespace.
    pub namespace: String,
    /// The id.
    pub flow_id: String,
    /// The latest revision.
    pub revision: u32,
    /// The tasks and triggers.
    pub deprecated_tasks: Vec<DeprecatedTask>,
}

/// A task or trigger with an older type name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedTask {
    /// The id of the task or trigger.
    pub task_id: String,
    /// The older name.
    pub task_type: String,
    /// The name that replaces it.
    pub replacement: String,
}

/// The expressions that a flow can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expressions {
    /// The expressions by their origin.
    pub categories: ExpressionCategories,
}

/// Expressions by their origin. Each is written without braces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionCategories {
    /// Outputs of the tasks before the given task: `outputs.TASK`.
    pub task_outputs: Vec<String>,
    /// Values of the flow, the execution, the task and the trigger.
    pub execution_context: Vec<String>,
    /// `inputs.ID`.
    pub inputs: Vec<String>,
    /// `vars.NAME`.
    pub variables: Vec<String>,
    /// `secret('NAME')`.
    pub secrets: Vec<String>,
    /// `kv('KEY')`.
    pub kv_pairs: Vec<String>,
    /// `read('PATH')`.
    pub namespace_files: Vec<String>,
    /// The names of the filters.
    pub filters: Vec<String>,
    /// The names of the functions.
    pub functions: Vec<String>,
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
        for known in ["id", "namespace", "revision", "tenantId", "draft", "deleted", "updated"] {
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
            draft: false,
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
        let Flow {
            id,
            namespace,
            revision,
            labels,
            inputs,
            tasks,
            triggers,
            mut document,
            disabled,
            draft,
            deleted,
            ..
        } = flow;
        let shown = [
            "description",
            "inputs",
            "labels",
            "tasks",
            "triggers",
            "errors",
            "finally",
            "afterExecution",
            "disabled",
        ];
        document.retain(|key, _| shown.contains(&key.as_str()));
        Self { id, namespace, revision, labels, inputs, tasks, triggers, document, disabled, draft, deleted }
    }
}
