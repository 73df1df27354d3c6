//! A declared output of a flow, or of a loop.

use crate::Json;
use crate::input::InputKind;
use serde::{Deserialize, Serialize};

/// A declared output (docs/kestra.md 1.6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowOutput {
    /// Its name in `execution.outputs`.
    pub id: String,
    /// An input type's name; the value is converted to it.
    pub kind: InputKind,
    /// Any value, templates inside.
    pub value: Json,
    /// A text for people.
    pub description: Option<String>,
    /// The name a page shows.
    pub display_name: Option<String>,
    /// Whether null is refused.
    pub required: bool,
}
