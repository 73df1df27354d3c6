//! Converts the warehouse's errors to the task's.

use segue_ports::PortError;
use segue_ports::warehouse::WarehouseError;
use segue_task::{TaskContext, TaskError};

/// A transient fault is a fault of the platform. A running job is checked again later. Every other error
/// fails the task.
pub(crate) fn refusal(error: WarehouseError, context: &TaskContext) -> TaskError {
    match error {
        WarehouseError::StillRunning { .. } => context.unfinished(),
        error if error.is_transient() => TaskError::Platform(PortError::unavailable("warehouse", error)),
        error => TaskError::failed(error.to_string()),
    }
}
