//! Shows which task runs a worker has begun (docs/kestra.md 2.2).
//!
//! A worker writes its claim when it begins an attempt, and its result at the end. The engine stores a task run at its
//! end, so that an execution on Google Cloud costs no write for each begin. Between the two, a stored task run is
//! CREATED. Displays call [`mark_begun`]. It reads the claims and makes those task runs RUNNING, with an open attempt.

use jiff::Timestamp;
use segue_model::id::ExecutionId;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_ports::wire::AttemptKey;
use segue_ports::{PortError, StateStore};

/// The most claims that one call reads. Of an execution with more open task runs, the first ones are marked.
const MOST: usize = 200;

/// The result of [`mark_begun`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// The number of task runs that this call made RUNNING.
    pub marked: usize,
    /// The number of task runs that still wait for a worker. A later call may find them begun.
    pub waiting: usize,
}

/// Makes task runs of one execution RUNNING if a worker has begun them, and gives each running task run its open
/// attempt.
///
/// # Errors
/// An error of the store.
pub async fn mark_begun(
    state: &dyn StateStore,
    execution: &ExecutionId,
    task_runs: impl IntoIterator<Item = &mut TaskRun>,
) -> Result<Begun, PortError> {
    let mut waiting = Vec::new();
    for run in task_runs {
        match run.current() {
            State::Created | State::Restarted if waiting.len() < MOST => waiting.push(run),
            State::Running => open_attempt(run),
            _ => {}
        }
    }
    let keys: Vec<AttemptKey> = waiting
        .iter()
        .map(|run| AttemptKey {
            execution_id: execution.clone(),
            task_run_id: run.id.clone(),
            attempt: run.ended_attempts(),
        })
        .collect();
    if keys.is_empty() {
        return Ok(Begun::default());
    }
    let dates = state.begun_attempts(&keys).await?;
    let mut begun = Begun::default();
    for (run, date) in waiting.into_iter().zip(dates) {
        match date {
            Some(date) => {
                begun.marked += 1;
                // Clocks of two machines may differ. A history never goes back.
                let last = run.state.histories().last().map_or(date, |change| change.date);
                run.state.enter(State::Running, date.max(last));
                open_attempt(run);
            }
            None => begun.waiting += 1,
        }
    }
    Ok(begun)
}

/// Adds the attempt that runs, unless the task run has it.
fn open_attempt(run: &mut TaskRun) {
    if run.attempts.last().is_some_and(|attempt| !attempt.state.current().is_terminal()) {
        return;
    }
    let changes = run.state.histories();
    let Some(since) = changes.iter().rev().find(|change| change.state == State::Running) else { return };
    let since: Timestamp = since.date;
    // The first attempt begins with its task run, and a later one after the attempt before it.
    let created = match run.attempts.last() {
        Some(attempt) => attempt.state.end_date().unwrap_or(since).min(since),
        None => run.state.start_date(),
    };
    let mut state = StateHistory::new(State::Created, created);
    state.enter(State::Running, since);
    run.attempts.push(Attempt { state, log_file: None });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn states(history: &StateHistory) -> Vec<(State, i64)> {
        history.histories().iter().map(|change| (change.state, change.date.as_second())).collect()
    }

    #[tokio::test]
    async fn a_claimed_task_run_runs_and_has_an_open_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let state = segue_embedded::connect(folder.path()).unwrap().state;
        let execution = ExecutionId::from("e1");
        let mut runs = ["claimed", "waiting", "ended"].map(|id| TaskRun::created(id.into(), id, at(10)));
        runs[2].state.enter(State::Success, at(11));
        let key = AttemptKey { execution_id: execution.clone(), task_run_id: runs[0].id.clone(), attempt: 0 };
        state.claim(&key, "worker", at(12), at(60)).await.unwrap();

        let begun = mark_begun(&*state, &execution, &mut runs).await.unwrap();
        assert_eq!(begun, Begun { marked: 1, waiting: 1 });
        let expected = [(State::Created, 10), (State::Running, 12)];
        assert_eq!(states(&runs[0].state), expected);
        assert_eq!(runs[0].attempts.len(), 1);
        assert_eq!(states(&runs[0].attempts[0].state), expected);
        assert_eq!((runs[1].current(), runs[1].attempts.len()), (State::Created, 0));
        assert_eq!((runs[2].current(), runs[2].attempts.len()), (State::Success, 0));
        assert_eq!(mark_begun(&*state, &execution, &mut runs).await.unwrap().marked, 0, "marked once");
        assert_eq!(runs[0].attempts.len(), 1);
    }

    #[tokio::test]
    async fn a_clock_that_is_behind_turns_no_history_around() {
        let folder = tempfile::tempdir().unwrap();
        let state = segue_embedded::connect(folder.path()).unwrap().state;
        let mut run = TaskRun::created("one".into(), "one", at(10));
        let mut before = StateHistory::new(State::Created, at(10));
        before.enter(State::Failed, at(20));
        run.attempts.push(Attempt { state: before, log_file: None });
        run.state.enter(State::Restarted, at(30));
        let key = AttemptKey { execution_id: "e1".into(), task_run_id: run.id.clone(), attempt: 1 };
        state.claim(&key, "worker", at(5), at(60)).await.unwrap();
        mark_begun(&*state, &"e1".into(), [&mut run]).await.unwrap();
        assert_eq!(states(&run.state), [(State::Created, 10), (State::Restarted, 30), (State::Running, 30)]);
        assert_eq!(states(&run.attempts[1].state), [(State::Created, 20), (State::Running, 30)]);
    }
}
