//! What starts executions (docs/kestra.md 5). A trigger's own properties are kept as written and read by
//! the scheduler.

use crate::label::Label;
use crate::log::LogLevel;
use crate::state::State;
use crate::{Json, Map};
use serde::{Deserialize, Serialize};

/// One trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Unique within the flow.
    pub id: String,
    /// The canonical type name.
    #[serde(rename = "type")]
    pub type_name: String,
    /// A text for people.
    pub description: Option<String>,
    /// Never fires.
    pub disabled: bool,
    /// All must hold: `conditions`, and 2.x's `when`.
    pub conditions: Vec<Json>,
    /// Labels of the executions it starts, templates inside.
    pub labels: Vec<Label>,
    /// Inputs of the executions it starts, templates inside.
    pub inputs: Map,
    /// End states that disable it.
    pub stop_after: Vec<State>,
    /// Lines below are dropped.
    pub log_level: Option<LogLevel>,
    /// All but the common properties.
    pub properties: Map,
}
