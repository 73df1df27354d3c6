//! Live changes of executions, for code that watches in this process.

use crate::observer::Observer;
use segue_model::execution::Execution;
use segue_model::log::LogEntry;
use segue_model::task_run::TaskRun;
use std::sync::Arc;
use tokio::sync::broadcast;

/// What a commit changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The execution after the commit.
    pub execution: Arc<Execution>,
    /// New and changed task runs, each with its position in the order of creation.
    pub task_runs: Arc<Vec<(u64, TaskRun)>>,
    /// New lines of the log.
    pub logs: Arc<Vec<LogEntry>>,
}

/// Sends every commit to the subscribers. There may be none.
#[derive(Debug)]
pub struct Watch(broadcast::Sender<Change>);

impl Default for Watch {
    fn default() -> Self {
        Self(broadcast::channel(1024).0)
    }
}

impl Watch {
    /// Subscribes to all changes from now on. A slow subscriber misses changes and must read the store
    /// instead.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

impl Observer for Watch {
    fn committed(&self, execution: &Execution, task_runs: &[(u64, TaskRun)], logs: &[LogEntry]) {
        if self.0.receiver_count() > 0 {
            // There may be no subscriber left. This is not an error.
            let _ = self.0.send(Change {
                execution: Arc::new(execution.clone()),
                task_runs: Arc::new(task_runs.to_vec()),
                logs: Arc::new(logs.to_vec()),
            });
        }
    }
}
