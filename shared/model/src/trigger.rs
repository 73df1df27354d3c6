//! Triggers, which start executions (docs/kestra.md 5). The properties of a trigger's type are kept as written; the
//! scheduler reads them.

use crate::label::Label;
use crate::log::LogLevel;
use crate::state::State;
use crate::{Json, Map};
use serde::{Deserialize, Serialize};

/// A trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The id, unique within the flow.
    pub id: String,
    /// The canonical type name.
    #[serde(rename = "type")]
    pub type_name: String,
    /// A text for readers of the flow.
    pub description: Option<String>,
    /// Whether the trigger is switched off. It then never fires.
    pub disabled: bool,
    /// The conditions, from `conditions` and from `when` of Kestra 2.x. The trigger fires if all are true.
    pub conditions: Vec<Json>,
    /// Labels of the executions. They may contain templates.
    pub labels: Vec<Label>,
    /// Inputs of the executions. They may contain templates.
    pub inputs: Map,
    /// Final states of an execution that switch the trigger off.
    pub stop_after: Vec<State>,
    /// Log lines below this level are dropped. `None`: no line is dropped.
    pub log_level: Option<LogLevel>,
    /// All properties except those that every trigger has.
    pub properties: Map,
}
