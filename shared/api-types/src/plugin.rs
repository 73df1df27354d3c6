//! Types of tasks, triggers, conditions and inputs (docs/kestra.md 6.7).

use schemars::JsonSchema;
use segue_model::Json;
use serde::{Deserialize, Serialize};

/// The types of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginGroup {
    /// The last part of the group's name.
    pub name: String,
    /// The same text as `name`.
    pub title: String,
    /// The name of the group, such as `io.kestra.plugin.core`.
    pub group: String,
    /// The package inside of the group. Absent in the list of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_group: Option<String>,
    /// Segue's version.
    pub version: String,
    /// The names of the task types.
    pub tasks: Vec<String>,
    /// The names of the trigger types.
    pub triggers: Vec<String>,
    /// The names of the condition types.
    pub conditions: Vec<String>,
    /// Always empty.
    pub storages: Vec<String>,
    /// Always empty.
    pub task_runners: Vec<String>,
}

/// A type by its names, for a list to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginType {
    /// The name.
    pub name: String,
    /// What the type is for.
    pub kind: PluginKind,
    /// Older names for the same type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What the type does, in one paragraph. Empty if the type has no description.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// Where a type can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginKind {
    /// In `tasks`.
    Task,
    /// In `triggers`.
    Trigger,
    /// In the `conditions` of a trigger.
    Condition,
}

/// The names that an expression can call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpressionNames {
    /// The functions, as in `now()`.
    pub functions: Vec<String>,
    /// The filters, as in `value | upper`.
    pub filters: Vec<String>,
    /// The tests, as in `value is empty`.
    pub tests: Vec<String>,
}

/// A type with the schema of its properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginDoc {
    /// The name and description of the type, in Markdown.
    pub markdown: String,
    /// The schemas of the properties and of the outputs.
    pub schema: PluginSchema,
}

/// The schemas of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PluginSchema {
    /// The JSON Schema of the properties.
    pub properties: Json,
    /// The JSON Schema of the outputs of a task, or of the variables of a trigger. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
}

/// The values that a page needs to draw a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginIcon {
    /// The last part of the type's name.
    pub name: String,
    /// The picture: SVG in base64.
    #[serde(default)]
    pub icon: String,
    /// Whether the type is a flowable task.
    pub flowable: bool,
}

/// The picture of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginIconAnswer {
    /// The picture.
    pub icon: PluginIcon,
}

/// The versions of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginVersions {
    /// The name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The versions. There is always one: Segue's own.
    pub versions: Vec<String>,
}

/// A type of triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerPlugin {
    /// The name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The last part of the name.
    pub name: String,
    /// The group.
    pub plugin_title: String,
    /// The description of the type.
    pub description: String,
    /// `core` for types of `io.kestra.plugin.core`, and `app` for other types.
    pub group: String,
    /// Whether the type needs Kestra's Enterprise Edition. Always false.
    pub ee: bool,
    /// Whether the type is deprecated. Always false.
    pub deprecated: bool,
}

/// Types of a flow that Segue does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingPlugins {
    /// The names of the types.
    pub missing_types: Vec<String>,
    /// Always empty: Segue installs no plugins.
    pub artifacts: Vec<String>,
}

/// A type of inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputType {
    /// The type, such as `STRING`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same text as `type`.
    pub cls: String,
}
