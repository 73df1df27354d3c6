//! How long the results of a wide loop wait for each other.
//!
//! A store that bills every write, and that takes about one write a second of the same document, must not be written once
//! for each of 10,000 results. So while many task runs of an execution are open, a result waits a little for further
//! results. All of them are one step and one commit. Narrow executions never wait.

use segue_engine::ExecutionState;
use std::time::Duration;
use tokio::time::Instant;

/// With fewer open task runs than this, nothing waits.
const FEW: usize = 16;
/// The time between two commits for each open task run.
const EACH: Duration = Duration::from_millis(2);
/// The longest time between two commits.
const LONGEST: Duration = Duration::from_secs(1);

/// The pace of one execution, after a commit of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The number of task runs that have not ended.
    open: usize,
    /// The earliest time of the next commit that only applies results. None: at once.
    next: Option<Instant>,
}

impl Pace {
    /// The pace after a commit at `now`.
    pub(crate) fn after_commit(state: &ExecutionState, now: Instant) -> Self {
        let open = state.task_runs().filter(|run| !run.state.current().is_terminal()).count();
        Self { open, next: gap(open).map(|gap| now + gap) }
    }

    /// The earliest time of the next commit that only applies results. None: at once.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// The number of results that can still come.
    pub(crate) fn open(&self) -> usize {
        self.open
    }
}

/// The time between two commits of an execution with this number of open task runs. None: no time.
fn gap(open: usize) -> Option<Duration> {
    let times = u32::try_from(open).unwrap_or(u32::MAX);
    (open >= FEW).then(|| EACH.saturating_mul(times).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wide_executions_wait_and_never_long() {
        assert_eq!(gap(0), None);
        assert_eq!(gap(15), None);
        assert_eq!(gap(16), Some(Duration::from_millis(32)));
        assert_eq!(gap(300), Some(Duration::from_millis(600)));
        assert_eq!(gap(10_000), Some(Duration::from_secs(1)));
    }
}
