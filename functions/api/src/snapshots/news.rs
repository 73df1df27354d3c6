//! What a client does not have yet of an execution.

use super::Snapshot;
use segue_model::task_run::TaskRun;
use std::sync::Arc;

/// The largest number of changed task runs that a client gets. A client shows fewer, and reads those again.
const MOST: usize = 500;

/// What a client does not have yet.
#[derive(Debug)]
pub(crate) struct News {
    /// The task runs that have changed. None: the client must read what it shows again.
    pub(crate) task_runs: Option<Vec<Arc<TaskRun>>>,
    /// Whether the client has this version.
    pub(crate) is_known: bool,
}

impl News {
    /// Whether the client has everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_known && self.task_runs.as_ref().is_some_and(Vec::is_empty)
    }
}

impl Snapshot {
    /// What is new for a client with the version `sent`. `last` is what the client was sent in this stream.
    pub(crate) fn news(&self, sent: Option<u64>, last: Option<&Self>) -> News {
        let task_runs = match (sent, last) {
            (_, Some(last)) => self.after(last),
            // Changes before the first known version cannot be told from what the client has.
            (Some(sent), None) if self.base <= sent => Some(self.changed_since(sent)),
            _ => None,
        };
        News {
            task_runs: task_runs.filter(|runs| runs.len() <= MOST),
            is_known: sent.is_some_and(|sent| sent >= self.version),
        }
    }

    fn changed_since(&self, version: u64) -> Vec<Arc<TaskRun>> {
        self.entries.iter().filter(|entry| entry.changed > version).map(|entry| entry.run.clone()).collect()
    }

    /// The task runs that the other snapshot does not have. None if it has task runs that were removed.
    fn after(&self, last: &Self) -> Option<Vec<Arc<TaskRun>>> {
        let mut changed = Vec::new();
        let mut old = last.entries.iter().peekable();
        for entry in &self.entries {
            match old.next_if(|old| old.position == entry.position) {
                Some(known) if known.run.id != entry.run.id => return None,
                // A whole read makes new values of the same content.
                Some(known) if Arc::ptr_eq(&known.run, &entry.run) || known.run == entry.run => {}
                _ => changed.push(entry.run.clone()),
            }
        }
        old.next().is_none().then_some(changed)
    }
}
