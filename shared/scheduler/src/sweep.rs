//! The sweep: a regular search for lost work. On a platform without a process that always runs, a timer is a
//! message that is delivered when it is due, and a message can be lost between the commit and its
//! publication.

use crate::scheduler::Scheduler;
use segue_model::trigger_state::TriggerState;
use segue_ports::PortError;
use segue_ports::schedule::TriggerFilter;

impl Scheduler {
    /// Fires overdue timers, publishes a tick for each trigger with a due slot, has every open execution checked,
    /// continues triggers and backfills that missed the end of an execution, and compares the jobs of the platform with
    /// the schedules. All of this can be done twice without harm.
    pub(crate) async fn sweep(&self) -> Result<(), PortError> {
        let executor = &self.parts.executor;
        let timers = executor.fire_timers().await?;
        let ticks = self.tick_all_due().await?;
        let executions = executor.recover_idle().await?;
        let triggers = self.ports().state.triggers(&TriggerFilter::default()).await?;
        let held = self.tick_held(&triggers).await?;
        let backfills = self.recover_backfills().await?;
        let jobs = self.check_jobs(&triggers).await?;
        self.keep_delays_awake().await?;
        tracing::info!(timers, ticks, executions, held, backfills, jobs, "the sweep is done");
        Ok(())
    }

    /// Publishes a tick for each trigger that waits for the end of an execution: the message about the end may be
    /// lost. Returns the number of ticks.
    async fn tick_held(&self, triggers: &[TriggerState]) -> Result<usize, PortError> {
        let held = triggers.iter().filter(|state| state.execution_id.is_some() && !state.disabled);
        let keys: Vec<_> = held.map(|state| state.key.clone()).collect();
        let count = keys.len();
        if count > 0 {
            self.publish_ticks(keys).await?;
        }
        Ok(count)
    }
}
