//! The looks at work that the platform does outside the service: a container or a build. Knows neither.

use segue_task::{TaskContext, TaskError};
use std::time::Duration;
use tokio::time::Instant;

/// The longest time between two looks.
const LATEST: Duration = Duration::from_secs(10);
/// How long work that was just started may seem absent.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);

/// The times of the looks. Each pause is twice as long as the one before, up to [`LATEST`].
pub(crate) struct Looks<'a> {
    context: &'a TaskContext,
    begun: Instant,
    pause: Duration,
}

impl<'a> Looks<'a> {
    /// Begins with the pause `soonest`.
    pub(crate) fn new(context: &'a TaskContext, soonest: Duration) -> Self {
        Self { context, begun: Instant::now(), pause: soonest }
    }

    /// Whether work that still seems absent is gone.
    pub(crate) fn is_overdue(&self) -> bool {
        self.begun.elapsed() > APPEARS_WITHIN
    }

    /// Makes the looks rare, because the platform is asked too often.
    pub(crate) fn slow_down(&mut self) {
        self.pause = LATEST;
    }

    /// Waits for the next look. Returns false if the task is cancelled meanwhile.
    ///
    /// # Errors
    /// [`TaskError::Unfinished`] if the service may not wait longer.
    pub(crate) async fn wait(&mut self) -> Result<bool, TaskError> {
        let left = self.context.patience().map(|patience| patience.saturating_sub(self.begun.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(self.context.unfinished());
        }
        let cancelled = self.context.cancelled();
        tokio::select! {
            biased;
            () = cancelled.cancelled() => return Ok(false),
            () = tokio::time::sleep(left.map_or(self.pause, |left| left.min(self.pause))) => {}
        }
        self.pause = (self.pause * 2).min(LATEST);
        Ok(true)
    }
}
