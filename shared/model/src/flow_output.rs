//! A declared output of a flow, or of a loop.

use crate::Json;
use crate::input::InputKind;
use serde::{Deserialize, Serialize};

/// A declared output (docs/kestra.md 1.6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowOutput {
    /// The name in `execution.outputs`.
    pub id: String,
    /// The type, one of the input types. The value is converted to this type.
    pub kind: InputKind,
    /// The value. It may contain templates.
    pub value: Json,
    /// A text for readers of the flow.
    pub description: Option<String>,
    /// The name that a page shows.
    pub display_name: Option<String>,
    /// Whether null is rejected.
    pub required: bool,
}
