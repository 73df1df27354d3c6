//! The sweep: a regular search for lost work. On a platform without a process that always runs, a timer is a
//! message that is delivered when it is due, and a message can be lost between the commit and its
//! publication.

use crate::scheduler::Scheduler;
use segue_ports::PortError;

impl Scheduler {
    /// Fires overdue timers, publishes a tick for each trigger with a due slot, has every open execution checked, and
    /// compares the jobs of the platform with the schedules. All of this can be done twice without harm.
    pub(crate) async fn sweep(&self) -> Result<(), PortError> {
        let executor = &self.parts.executor;
        let timers = executor.fire_timers().await?;
        let ticks = self.tick_all_due().await?;
        let executions = executor.recover().await?;
        let jobs = self.check_jobs().await?;
        self.keep_delays_awake().await?;
        tracing::info!(timers, ticks, executions, jobs, "the sweep is done");
        Ok(())
    }
}
