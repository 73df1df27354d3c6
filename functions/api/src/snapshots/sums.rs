//! What a page shows of all task runs of a snapshot.

use super::Snapshot;
use jiff::Timestamp;
use segue_api_types::{Busy, Execution, ExecutionHead, TaskRun};
use segue_model::id::TaskRunId;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::TaskRun as Run;
use std::collections::{BTreeMap, HashSet};

/// The number of failed task runs in a head.
const MOST_FAILED: usize = 5;
/// A pause of all work that is shorter than this part of the whole is left out.
const SHORT: i128 = 50;

impl Snapshot {
    /// The execution without its task runs, and what a page shows of all of them.
    pub(crate) fn head(&self, execution: Execution) -> ExecutionHead {
        let mut states = BTreeMap::new();
        for run in self.runs() {
            *states.entry(run.current()).or_default() += 1;
        }
        let is_open = self.runs().any(|run| !run.current().is_terminal());
        let first = self.runs().map(|run| run.state.start_date()).min();
        let last = self.runs().filter_map(|run| run.state.histories().last()).map(|change| change.date).max();
        ExecutionHead {
            execution,
            position: self.version,
            total: self.entries.len() as u64,
            states,
            telling: self.telling(),
            first,
            last: last.filter(|_| !is_open),
            busy: busy(self.runs(), first.zip(last)),
        }
    }

    /// The task runs that explain the state, in the order of their creation.
    fn telling(&self) -> Vec<TaskRun> {
        let is_failure = |run: &&Run| matches!(run.current(), State::Failed | State::Warning | State::Killed);
        // A flowable task fails because of a task in it.
        let parents: HashSet<&TaskRunId> =
            self.runs().filter(is_failure).filter_map(|run| run.parent_task_run_id.as_ref()).collect();
        let failed = self.runs().filter(is_failure).filter(|run| !parents.contains(&run.id));
        let restartable = |run: &&Run| !run.dynamic && matches!(run.current(), State::Failed | State::Paused);
        let mut found: Vec<&Run> = failed.take(MOST_FAILED).collect();
        found.extend(self.runs().find(restartable));
        found.extend(self.runs().find(|run| run.current() == State::Paused));
        found.extend(self.runs().filter(|run| run.current() == State::Breakpoint).take(MOST_FAILED));
        let wanted: HashSet<&TaskRunId> = found.into_iter().map(|run| &run.id).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let found = self.runs().filter(|run| wanted.contains(&run.id));
        found.map(|run| TaskRun::without_outputs(&self.execution, run)).collect()
    }
}

/// A stretch of work, in nanoseconds. One that goes on has no end.
type Stretch = (i128, Option<i128>);

/// When at least one task run worked.
fn busy<'a>(runs: impl Iterator<Item = &'a Run>, whole: Option<(Timestamp, Timestamp)>) -> Vec<Busy> {
    let Some((first, last)) = whole else { return Vec::new() };
    let short = (last.as_nanosecond() - first.as_nanosecond()) / SHORT;
    let mut all: Vec<Stretch> = runs.flat_map(work).collect();
    all.sort_unstable_by_key(|(from, _)| *from);
    let mut merged: Vec<Stretch> = Vec::new();
    for (from, to) in all {
        match merged.last_mut() {
            Some((_, end)) if end.is_none_or(|end| from - end <= short) => {
                *end = end.zip(to).map(|(end, to)| end.max(to));
            }
            _ => merged.push((from, to)),
        }
    }
    let date = |nanos: i128| Timestamp::from_nanosecond(nanos).unwrap_or(first);
    merged.into_iter().map(|(from, to)| Busy { from: date(from), to: to.map(date) }).collect()
}

/// When a task run worked. A task run without attempts, such as a flowable task, works by its own history.
fn work(run: &Run) -> Vec<Stretch> {
    if run.attempts.is_empty() {
        return working(&run.state);
    }
    run.attempts.iter().flat_map(|attempt| working(&attempt.state)).collect()
}

fn working(history: &StateHistory) -> Vec<Stretch> {
    let changes = history.histories();
    let ends = changes.iter().skip(1).map(Some).chain([None]);
    let works = |state: State| {
        let waits = matches!(
            state,
            State::Created | State::Queued | State::Restarted | State::Retrying | State::Paused
        );
        !waits && !state.is_terminal()
    };
    let stretches = changes.iter().zip(ends).filter(|(change, _)| works(change.state));
    stretches
        .map(|(change, end)| (change.date.as_nanosecond(), end.map(|end| end.date.as_nanosecond())))
        .collect()
}
