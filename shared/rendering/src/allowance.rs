//! How long a render may take, and how much memory.

use crate::memory;
use segue_template::{Meter, Watch};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a render may take.
const TIME: Duration = Duration::from_secs(5);
/// How much memory a render may hold, bytes.
const MEMORY: u64 = 256 * 1024 * 1024;
/// The renders of one piece of work may together take so many times as long as one render.
const RENDERS: u32 = 4;

thread_local! {
    /// When the work on this thread must have ended; none outside of [`crate::off_thread`].
    static WORK_BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What a render is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// How long one render may take. All renders within one [`crate::off_thread`] may take four times as long.
    pub time: Duration,
    /// How much memory one render may hold, bytes.
    pub memory: u64,
}

impl Default for Allowance {
    /// 5 seconds and 256 MiB.
    fn default() -> Self {
        Self { time: TIME, memory: MEMORY }
    }
}

impl Allowance {
    /// What `SEGUE_EXPRESSION_SECONDS` and `SEGUE_EXPRESSION_MEGABYTES` allow; what is not set, or is no whole number
    /// above 0, is as in [`Self::default`].
    pub fn from_env() -> Self {
        let number = |name: &str| {
            std::env::var(name)
                .ok()
                .and_then(|text| text.trim().parse::<u32>().ok())
                .filter(|number| *number > 0)
        };
        let default = Self::default();
        Self {
            time: number("SEGUE_EXPRESSION_SECONDS").map_or(default.time, |n| Duration::from_secs(n.into())),
            memory: number("SEGUE_EXPRESSION_MEGABYTES")
                .map_or(default.memory, |n| u64::from(n) * 1024 * 1024),
        }
    }
}

/// Runs work whose renders share a time.
pub(crate) fn share_time<T>(work: impl FnOnce() -> T) -> T {
    /// Work that panics must not leave its time to the next work of the thread.
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

/// A render that is under way.
#[derive(Debug)]
struct Render {
    allowed: Allowance,
    until: Instant,
    /// Until when all renders of this work must have ended.
    together: Option<Instant>,
    /// What the thread held when the render began.
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
