//! The `duckdb` service.

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("duckdb").deployed_as(include_str!("../function.yaml"))
}
