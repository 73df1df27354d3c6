//! How often a follower looks at an execution, and whether there is anything new to read.
//!
//! Where every read is billed, a follower looks once a second at first, and less often as long as nothing changes. A look
//! asks the store for two numbers that change with the execution and its log, and reads the rest only after a change.

use segue_model::id::ExecutionId;
use segue_ports::{PortError, Ports, StateStore};
use std::time::Duration;

/// The shortest and the longest pause where reads are billed.
const BILLED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// The pauses between looks.
#[derive(Debug)]
pub(crate) struct Looks {
    shortest: Duration,
    longest: Duration,
    pause: Duration,
}

impl Looks {
    /// Looks every `shortest` on a platform that bills no reads.
    pub(crate) fn new(ports: &Ports, shortest: Duration) -> Self {
        let (shortest, longest) = if ports.usage.is_some() { BILLED } else { (shortest, shortest) };
        Self { shortest, longest, pause: shortest }
    }

    /// The pause before the next look. It grows as long as nothing has changed.
    pub(crate) fn pause(&mut self, has_changed: bool) -> Duration {
        self.pause = if has_changed { self.shortest } else { self.pause.saturating_mul(2).min(self.longest) };
        self.pause
    }
}

/// What a follower saw at its last look.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    execution: Option<u64>,
    log: Option<u64>,
}

impl Glance {
    /// Looks at an execution, and at its log if `with_log` is set. Returns whether there may be something new, which is
    /// always so if the store has no such numbers.
    pub(crate) async fn has_changed(
        &mut self,
        state: &dyn StateStore,
        id: &ExecutionId,
        with_log: bool,
    ) -> Result<bool, PortError> {
        let execution = state.execution_mark(id).await?;
        self.has_moved(state, id, execution, with_log).await
    }

    /// The same, for a caller that knows the number of the execution.
    pub(crate) async fn has_moved(
        &mut self,
        state: &dyn StateStore,
        id: &ExecutionId,
        execution: Option<u64>,
        with_log: bool,
    ) -> Result<bool, PortError> {
        let log = if with_log { state.log_mark(id).await? } else { None };
        let is_same = |last: Option<u64>, now: Option<u64>| now.is_some() && now == last;
        let is_all_same = is_same(self.execution, execution) && (!with_log || is_same(self.log, log));
        *self = Self { execution, log };
        Ok(!is_all_same)
    }

    /// The number of the execution at the last look. None if the store has no such number, or before the first look.
    pub(crate) fn execution(&self) -> Option<u64> {
        self.execution
    }

    /// Forgets the last look, because what it announced could not be read.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_something_changes() {
        let (shortest, longest) = BILLED;
        let mut looks = Looks { shortest, longest, pause: shortest };
        let pauses: Vec<u64> =
            [true, false, false, false, false, true].map(|changed| looks.pause(changed).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 5, 5, 1]);
    }

    /// The table of docs/cost.md multiplies this number with the reads of a look, which the test `state_costs` of the
    /// adapter counts on Firestore's emulator.
    #[test]
    fn an_open_page_looks_twelve_times_a_minute_while_nothing_changes() {
        let (shortest, longest) = BILLED;
        let mut looks = Looks { shortest, longest, pause: shortest };
        let mut passed = looks.pause(true);
        let mut count = vec![0; 60];
        while let Some(minute) = count.get_mut(passed.as_secs() as usize / 60) {
            *minute += 1;
            passed += looks.pause(false);
        }
        assert_eq!(count.first(), Some(&13), "the first minute");
        assert!(count.iter().skip(1).all(|minute| *minute == 12), "{count:?}");
    }

    #[tokio::test]
    async fn a_store_without_marks_is_always_read() {
        let directory = tempfile::tempdir().unwrap();
        let ports = segue_embedded::open_with(directory.path(), Default::default()).unwrap().ports;
        let mut glance = Glance::default();
        for _ in 0..2 {
            assert!(glance.has_changed(&*ports.state, &"e".into(), true).await.unwrap());
        }
        let mut looks = Looks::new(&ports, Duration::from_millis(200));
        assert_eq!([false, false].map(|changed| looks.pause(changed).as_millis()), [200, 200]);
    }
}
