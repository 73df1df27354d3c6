//! How the warehouse's errors become the task's.

use segue_ports::PortError;
use segue_ports::warehouse::WarehouseError;
use segue_task::TaskError;

/// A fault that may pass is the platform's; anything else fails the task.
pub(crate) fn refusal(error: WarehouseError) -> TaskError {
    if error.is_transient() {
        TaskError::Platform(PortError::unavailable("warehouse", error))
    } else {
        TaskError::failed(error.to_string())
    }
}
