//! How the warehouse's errors become the task's.

use segue_ports::PortError;
use segue_ports::warehouse::WarehouseError;
use segue_task::{TaskContext, TaskError};

/// A fault that may pass is the platform's; a job that is still at work is looked at again later; anything else fails
/// the task.
pub(crate) fn refusal(error: WarehouseError, context: &TaskContext) -> TaskError {
    match error {
        WarehouseError::StillRunning { .. } => context.unfinished(),
        error if error.is_transient() => TaskError::Platform(PortError::unavailable("warehouse", error)),
        error => TaskError::failed(error.to_string()),
    }
}
