//! Pauses, resumes and cancels backfills. Their records stay.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use segue_model::backfill::{Backfill, BackfillState};

impl Scheduler {
    /// Pauses a backfill: no more executions are created, and running ones continue. A paused backfill is not
    /// changed.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such backfill. [`SchedulerError::IllegalState`] if it has
    /// ended.
    pub async fn pause_backfill(&self, id: &str) -> Result<Backfill, SchedulerError> {
        self.enter(id, BackfillState::Paused, "paused").await
    }

    /// Continues a paused backfill. A running backfill is not changed.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such backfill. [`SchedulerError::IllegalState`] if it has
    /// ended.
    pub async fn resume_backfill(&self, id: &str) -> Result<Backfill, SchedulerError> {
        let resumed = self.enter(id, BackfillState::Running, "resumed").await?;
        self.advance(id).await?;
        Ok(self.ports().state.backfill(id).await?.map_or(resumed, |known| known.value))
    }

    /// Ends a backfill before its last slot. Running executions continue and are counted. A cancelled
    /// backfill is not changed.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such backfill. [`SchedulerError::IllegalState`] if it has
    /// ended in another state.
    pub async fn cancel_backfill(&self, id: &str) -> Result<Backfill, SchedulerError> {
        self.enter(id, BackfillState::Cancelled, "cancelled").await
    }

    async fn enter(&self, id: &str, state: BackfillState, what: &str) -> Result<Backfill, SchedulerError> {
        self.change_backfill(id, |backfill| {
            if backfill.state == state {
                return Ok(None);
            }
            if backfill.state.is_terminal() {
                return Err(SchedulerError::IllegalState(format!(
                    "backfill '{id}' cannot be {what}: it is {}",
                    backfill.state.as_str()
                )));
            }
            Ok(Some(Backfill { state, message: None, ..backfill.clone() }))
        })
        .await
    }
}
