//! Who watches executions inside this process: the command line's progress, live followers.

use segue_model::execution::Execution;
use segue_model::log::LogEntry;
use segue_model::task_run::TaskRun;

/// Is told of every commit, after it is in.
pub trait Observer: Send + Sync {
    /// An execution has changed.
    fn committed(&self, execution: &Execution, task_runs: &[(u64, TaskRun)], logs: &[LogEntry]);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn committed(&self, _: &Execution, _: &[(u64, TaskRun)], _: &[LogEntry]) {}
}
