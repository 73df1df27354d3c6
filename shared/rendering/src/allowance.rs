//! The time and the memory that rendering may take.

use crate::memory;
use segue_template::{Meter, Watch};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// The longest time of one rendering.
const TIME: Duration = Duration::from_secs(5);
/// The most memory one rendering may hold, in bytes.
const MEMORY: u64 = 256 * 1024 * 1024;
/// The renderings of one piece of work may together take this many times the time of one.
const RENDERS: u32 = 4;

thread_local! {
    /// The start of the work on this thread. None outside of [`crate::off_thread`].
    static WORK_BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The limits of a rendering.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// The longest time of one rendering. All renderings within one [`crate::off_thread`] may take four times
    /// as long.
    pub time: Duration,
    /// The most memory one rendering may hold, in bytes.
    pub memory: u64,
}

impl Default for Allowance {
    /// 5 seconds and 256 MiB.
    fn default() -> Self {
        Self { time: TIME, memory: MEMORY }
    }
}

/// Runs work with several renderings that share their time.
pub(crate) fn share_time<T>(work: impl FnOnce() -> T) -> T {
    /// If the work panics, its start must not stay for the next work of the thread.
    struct Reset(Option<Instant>);
    impl Drop for Reset {
        fn drop(&mut self) {
            WORK_BEGAN.set(self.0);
        }
    }
    let _reset = Reset(WORK_BEGAN.replace(Some(Instant::now())));
    work()
}

impl Meter for Allowance {
    fn begin(&self) -> Box<dyn Watch> {
        let now = Instant::now();
        let together = WORK_BEGAN.get().map(|began| began + self.time * RENDERS);
        Box::new(Render { allowed: *self, until: now + self.time, together, held: memory::held() })
    }
}

/// A rendering in progress.
#[derive(Debug)]
struct Render {
    allowed: Allowance,
    until: Instant,
    /// The end of the time for all renderings of this work.
    together: Option<Instant>,
    /// The bytes the thread held when the rendering began.
    held: u64,
}

impl Watch for Render {
    fn stop(&self) -> Option<String> {
        let now = Instant::now();
        if self.together.is_some_and(|together| now > together) {
            let seconds = (self.allowed.time * RENDERS).as_secs_f64();
            return Some(format!(
                "took, with the expressions before it in this step, longer than {seconds} s"
            ));
        }
        if now > self.until {
            return Some(format!("took longer than {} s", self.allowed.time.as_secs_f64()));
        }
        if memory::grown_since(self.held) > self.allowed.memory {
            return Some(format!("took more than {} MB of memory", self.allowed.memory / 1024 / 1024));
        }
        None
    }
}
