//! The interface for code in this process that watches executions: the command line's progress, live
//! followers.

use segue_model::execution::Execution;
use segue_model::log::LogEntry;
use segue_model::task_run::TaskRun;

/// Receives every commit after it is written.
pub trait Observer: Send + Sync {
    /// An execution has changed.
    fn committed(&self, execution: &Execution, task_runs: &[(u64, TaskRun)], logs: &[LogEntry]);
}

/// An observer that ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn committed(&self, _: &Execution, _: &[(u64, TaskRun)], _: &[LogEntry]) {}
}
