//! A backfill is paused, resumed, cancelled. Its record stays.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use segue_model::backfill::{Backfill, BackfillState};

impl Scheduler {
    /// Pauses a backfill: no more executions are made; those that run, run on. Paused already, nothing changes.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`]; [`SchedulerError::IllegalState`] when it has ended.
    pub async fn pause_backfill(&self, id: &str) -> Result<Backfill, SchedulerError> {
        self.enter(id, BackfillState::Paused, "paused").await
    }

    /// Lets a paused backfill go on. Running already, nothing changes.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`]; [`SchedulerError::IllegalState`] when it has ended.
    pub async fn resume_backfill(&self, id: &str) -> Result<Backfill, SchedulerError> {
        let resumed = self.enter(id, BackfillState::Running, "resumed").await?;
        self.advance(id).await?;
        Ok(self.ports().state.backfill(id).await?.map_or(resumed, |known| known.value))
    }

    /// Ends a backfill before its last slot; its executions that run, run on and are counted. Cancelled already,
    /// nothing changes.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`]; [`SchedulerError::IllegalState`] when it has ended otherwise.
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
