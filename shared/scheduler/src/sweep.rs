//! The sweep: now and then, what was lost is looked for. Where nothing is always up, a timer is a message that is
//! delivered at its time, and a message can be lost between the commit and its publishing.

use crate::scheduler::Scheduler;
use segue_ports::PortError;

impl Scheduler {
    /// Fires the timers that are overdue, publishes a tick for each trigger with a slot that is due, and has every
    /// open execution looked at again. All of it bears being done twice.
    pub(crate) async fn sweep(&self) -> Result<(), PortError> {
        let executor = &self.parts.executor;
        let timers = executor.fire_timers().await?;
        let ticks = self.tick_all_due().await?;
        let executions = executor.recover().await?;
        tracing::info!(timers, ticks, executions, "the sweep is done");
        Ok(())
    }
}
