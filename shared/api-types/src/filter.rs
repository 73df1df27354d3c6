//! Conditions of a search in a JSON body.

use schemars::JsonSchema;
use segue_model::Json;
use serde::{Deserialize, Serialize};

/// A condition, or a group of conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryFilter {
    /// The field, such as `namespace` or `NAMESPACE`. Absent for a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The operator, such as `EQUALS`. If absent, `EQUALS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The value: a text, a list of texts, or a map from the keys of labels to their values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// How a group combines its conditions. If absent, `AND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical: Option<Logical>,
    /// The conditions of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<QueryFilter>>,
}

/// How a group combines its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Logical {
    /// All conditions must hold.
    And,
    /// At least one condition must hold.
    Or,
}

/// A request with conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// The conditions. All of them must hold. If absent, everything is selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<QueryFilter>>,
}
