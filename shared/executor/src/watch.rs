//! Live changes of executions for whoever watches in this process.

use crate::observer::Observer;
use segue_model::execution::Execution;
use segue_model::log::LogEntry;
use segue_model::task_run::TaskRun;
use std::sync::Arc;
use tokio::sync::broadcast;

/// What a commit changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The execution as it now is.
    pub execution: Arc<Execution>,
    /// Task runs that are new or changed, with their place in the order of making.
    pub task_runs: Arc<Vec<(u64, TaskRun)>>,
    /// New lines of the log.
    pub logs: Arc<Vec<LogEntry>>,
}

/// Hands every commit on to who has subscribed; nobody has to.
#[derive(Debug)]
pub struct Watch(broadcast::Sender<Change>);

impl Default for Watch {
    fn default() -> Self {
        Self(broadcast::channel(1024).0)
    }
}

impl Watch {
    /// All changes from now on. Who is too slow misses some and reads the store instead.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

impl Observer for Watch {
    fn committed(&self, execution: &Execution, task_runs: &[(u64, TaskRun)], logs: &[LogEntry]) {
        if self.0.receiver_count() > 0 {
            // Nobody may have stayed to receive; that is no fault.
            let _ = self.0.send(Change {
                execution: Arc::new(execution.clone()),
                task_runs: Arc::new(task_runs.to_vec()),
                logs: Arc::new(logs.to_vec()),
            });
        }
    }
}
