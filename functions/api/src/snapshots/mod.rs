//! Executions as pages show them: kept in memory while somebody looks, and brought up to date with what was written
//! since. So a look at an execution with ten thousand task runs costs what has changed.
//!
//! What it is: [`Snapshots`], which keeps the last [`Snapshot`] of a few executions. A snapshot never changes. It
//! answers pages of task runs (`tree`), sums (`sums`), and what is new after another one (`news`).
//!
//! What it must not know: HTTP, and how an execution goes on.

mod news;
mod sums;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use news::News;

use segue_executor::mark_begun;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_ports::state::ExecutionSince;
use segue_ports::{PortError, StateStore};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Mutex as Turn;
use tree::Tree;

/// The number of executions that are kept.
const MOST: usize = 16;
/// The number of waiting task runs that one look asks about.
const MOST_WAITING: usize = 200;

/// A task run of a snapshot.
#[derive(Clone, Debug)]
struct Entry {
    position: u64,
    run: Arc<TaskRun>,
    /// The version of the execution that wrote it, or a later one.
    changed: u64,
}

/// An execution with its task runs. Task runs that a worker has begun are RUNNING.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) execution: Execution,
    pub(crate) version: u64,
    /// The first version with known changes. Task runs of earlier versions count as changed in this one.
    base: u64,
    entries: Vec<Entry>,
    /// Changes of task runs leave the tree as it is, so snapshots share it.
    tree: Arc<OnceLock<Tree>>,
}

impl Snapshot {
    fn whole(found: ExecutionSince) -> Self {
        let version = found.version;
        let entry = |(position, run)| Entry { position, run: Arc::new(run), changed: version };
        Self {
            execution: found.execution,
            version,
            base: version,
            entries: found.task_runs.into_iter().map(entry).collect(),
            tree: Arc::default(),
        }
    }

    /// This snapshot with what was written since. None if task runs were removed, or if it is another execution with the
    /// same id.
    fn with(&self, found: ExecutionSince) -> Option<Self> {
        if found.version < self.version {
            return None;
        }
        let (mut entries, mut is_same) = (self.entries.clone(), true);
        for (position, run) in found.task_runs {
            let entry = Entry { position, run: Arc::new(run), changed: found.version };
            match entries.binary_search_by_key(&position, |entry| entry.position) {
                Ok(at) => {
                    let Some(old) = entries.get_mut(at) else { continue };
                    // Some stores give all task runs, and not only those that have changed.
                    if is_newer(&old.run, &entry.run) {
                        is_same &= old.run.id == entry.run.id;
                        *old = entry;
                    }
                }
                Err(at) => {
                    is_same = false;
                    entries.insert(at, entry);
                }
            }
        }
        (entries.len() as u64 == found.total).then(|| Self {
            execution: found.execution,
            version: found.version,
            base: self.base,
            entries,
            tree: if is_same { self.tree.clone() } else { Arc::default() },
        })
    }

    /// This snapshot, with the task runs RUNNING that workers have begun. An execution that has ended has none.
    async fn marked(self: Arc<Self>, state: &dyn StateStore) -> Arc<Self> {
        if self.execution.state.current().is_terminal() {
            return self;
        }
        let mut waiting = 0;
        let mut open: Vec<(usize, TaskRun)> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let is_waiting = matches!(entry.run.current(), State::Created | State::Restarted);
            waiting += usize::from(is_waiting);
            if (is_waiting && waiting <= MOST_WAITING) || lacks_attempt(&entry.run) {
                open.push((at, TaskRun::clone(&entry.run)));
            }
        }
        // A store that does not answer may answer at the next look.
        let asked = mark_begun(state, &self.execution.id, open.iter_mut().map(|(_, run)| run)).await;
        if open.is_empty() || asked.is_err() {
            return self;
        }
        let mut entries = self.entries.clone();
        let mut has_changed = false;
        for (at, run) in open {
            let Some(entry) = entries.get_mut(at).filter(|entry| *entry.run != run) else { continue };
            has_changed = true;
            // A client that continues at this version may not have it.
            *entry = Entry {
                position: entry.position,
                run: Arc::new(run),
                changed: self.version.saturating_add(1),
            };
        }
        if !has_changed {
            return self;
        }
        Arc::new(Self {
            execution: self.execution.clone(),
            version: self.version,
            base: self.base,
            entries,
            tree: self.tree.clone(),
        })
    }

    /// Whether a worker can begin a task run.
    pub(crate) fn has_waiting(&self) -> bool {
        self.runs().any(|run| matches!(run.current(), State::Created | State::Restarted))
    }

    /// The task runs in the order of their creation.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &TaskRun> {
        self.entries.iter().map(|entry| &*entry.run)
    }

    /// A task run. None if there is no such task run.
    pub(crate) fn run(&self, id: &TaskRunId) -> Option<&TaskRun> {
        self.runs().find(|run| run.id == *id)
    }
}

/// Whether a task run is not what is known of it. A known one may be marked as begun, and the stored one is not.
fn is_newer(known: &TaskRun, stored: &TaskRun) -> bool {
    if known == stored {
        return false;
    }
    let is_marked = known.current() == State::Running
        && known.id == stored.id
        && matches!(stored.current(), State::Created | State::Restarted | State::Running)
        && known.state.histories().starts_with(stored.state.histories())
        && known.outputs == stored.outputs;
    !is_marked
}

/// Whether a task run is RUNNING without an open attempt, which displays add.
fn lacks_attempt(run: &TaskRun) -> bool {
    let is_open = run.attempts.last().is_some_and(|attempt| !attempt.state.current().is_terminal());
    run.current() == State::Running && !is_open
}

/// One execution that is kept. Requests at the same time wait for one read.
type Slot = Arc<Turn<Option<Arc<Snapshot>>>>;

/// The last snapshots of the executions that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    kept: Mutex<Kept>,
}

/// The executions that are kept.
#[derive(Debug, Default)]
struct Kept {
    uses: u64,
    /// Each slot with the number of its last use.
    slots: HashMap<ExecutionId, (u64, Slot)>,
}

impl Snapshots {
    /// The execution as it is now. None if it does not exist.
    ///
    /// # Errors
    /// An error of the store.
    pub(crate) async fn current(
        &self,
        state: &dyn StateStore,
        id: &ExecutionId,
    ) -> Result<Option<Arc<Snapshot>>, PortError> {
        self.look(state, id, true).await
    }

    /// The execution as it is stored now. Task runs that a worker has begun may not be RUNNING, so claims cost no reads.
    /// None if it does not exist.
    ///
    /// # Errors
    /// An error of the store.
    pub(crate) async fn stored(
        &self,
        state: &dyn StateStore,
        id: &ExecutionId,
    ) -> Result<Option<Arc<Snapshot>>, PortError> {
        let slot = self.slot(id);
        let mut kept = slot.lock().await;
        Self::read(&mut kept, state, id, true).await
    }

    /// The execution as it is now, or as it was at the last look if it `has_changed` not. In both cases, a worker may
    /// have begun task runs.
    ///
    /// # Errors
    /// An error of the store.
    pub(crate) async fn look(
        &self,
        state: &dyn StateStore,
        id: &ExecutionId,
        has_changed: bool,
    ) -> Result<Option<Arc<Snapshot>>, PortError> {
        let slot = self.slot(id);
        let mut kept = slot.lock().await;
        let Some(found) = Self::read(&mut kept, state, id, has_changed).await? else { return Ok(None) };
        let found = found.marked(state).await;
        *kept = Some(found.clone());
        Ok(Some(found))
    }

    /// Brings what is kept up to date.
    async fn read(
        kept: &mut Option<Arc<Snapshot>>,
        state: &dyn StateStore,
        id: &ExecutionId,
        has_changed: bool,
    ) -> Result<Option<Arc<Snapshot>>, PortError> {
        if let Some(known) = kept.as_ref() {
            if !has_changed {
                return Ok(Some(known.clone()));
            }
            let Some(found) = state.execution_since(id, Some(known.version)).await? else {
                *kept = None;
                return Ok(None);
            };
            // Without a new version, the execution is the same one.
            if found.version == known.version {
                return Ok(Some(known.clone()));
            }
            if let Some(found) = known.with(found).map(Arc::new) {
                *kept = Some(found.clone());
                return Ok(Some(found));
            }
        }
        *kept = state.execution_since(id, None).await?.map(Snapshot::whole).map(Arc::new);
        Ok(kept.clone())
    }

    /// The slot of an execution. The one that was not used for the longest time makes room.
    fn slot(&self, id: &ExecutionId) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { uses, slots } = &mut *kept;
        *uses = uses.saturating_add(1);
        if !slots.contains_key(id)
            && slots.len() >= MOST
            && let Some(oldest) = slots.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| id.clone())
        {
            slots.remove(&oldest);
        }
        let (used, slot) = slots.entry(id.clone()).or_default();
        *used = *uses;
        slot.clone()
    }
}
