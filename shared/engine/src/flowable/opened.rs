//! The result of opening a flowable, or why it could not be opened.

use crate::effect::SubflowRequest;
use jiff::Timestamp;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_template::RenderError;

/// The result of opening a flowable.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) outputs: Map,
    pub(crate) memo: Json,
    pub(crate) state: State,
    /// When the engine checks the flowable again. None: no timer.
    pub(crate) timer: Option<Timestamp>,
    pub(crate) subflows: Vec<SubflowRequest>,
    /// A log line at level WARN; `None` for no line.
    pub(crate) warning: Option<String>,
}

impl Opened {
    /// A flowable that runs, without outputs.
    pub(super) fn running() -> Self {
        Self {
            outputs: Map::new(),
            memo: Json::Null,
            state: State::Running,
            timer: None,
            subflows: Vec::new(),
            warning: None,
        }
    }
}

/// Why a flowable could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Pending,
    Failed(String),
}

impl From<RenderError> for OpenError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Pending => Self::Pending,
            other => Self::Failed(other.to_string()),
        }
    }
}
