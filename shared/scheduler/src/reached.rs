//! An execution has ended or is paused: its trigger continues, its backfill continues, and Flow triggers are
//! checked.

use crate::fire::slot_id;
use crate::memo::Memo;
use crate::scheduler::Scheduler;
use crate::triggers::{ON_DATES, SCHEDULE};
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::state::State;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use segue_ports::wire::ExecutionStateReached;

impl Scheduler {
    /// Handles the end or the pause of an execution.
    pub(crate) async fn state_reached(&self, reached: &ExecutionStateReached) -> Result<(), PortError> {
        let Some(stored) = self.ports().state.execution(&reached.execution_id).await? else { return Ok(()) };
        let execution = stored.execution;
        if reached.state.is_terminal()
            && let Some(trigger) = execution.trigger.as_ref().filter(|trigger| trigger.parent.is_none())
        {
            self.trigger_goes_on(&execution, trigger, reached.state).await?;
            if let Some(backfill) = &trigger.backfill {
                self.backfill_goes_on(backfill, &execution.id, reached.state).await?;
            }
        }
        let task_runs: Vec<_> = stored.task_runs.into_iter().map(|(_, run)| run).collect();
        self.ask_listeners(&execution, &task_runs, reached.state).await
    }

    /// Releases the trigger from the execution that held it, and disables the trigger if its `stopAfter` says
    /// so.
    async fn trigger_goes_on(
        &self,
        execution: &Execution,
        fired_by: &ExecutionTrigger,
        state: State,
    ) -> Result<(), PortError> {
        let key = TriggerKey::new(&execution.namespace, &execution.flow_id, &fired_by.id);
        let flow = self.flow(&key.namespace, &key.flow_id).await?;
        let trigger = flow.as_ref().and_then(|flow| flow.trigger(&key.trigger_id));
        let Some(trigger) = trigger.filter(|trigger| trigger.type_name == fired_by.type_name) else {
            return Ok(());
        };
        let stops = trigger.stop_after.contains(&state) && is_own(execution, fired_by, &key);
        self.change_trigger(&key, |current| {
            let mut changed = current.clone();
            if current.execution_id.as_ref() == Some(&execution.id) {
                changed.execution_id =
                    (state == State::Retried).then(|| segue_executor::retry_id(&execution.id));
            }
            let mut memo = Memo::from_state(current);
            if stops && memo.stopped_by.as_ref() != Some(&execution.id) {
                memo.stopped_by = Some(execution.id.clone());
                memo.resume = changed.next_execution_date.take().or(memo.resume);
                changed.disabled = true;
                changed.memo = memo.json();
            }
            (changed != *current).then_some(changed)
        })
        .await?;
        if !self.is_ticked(trigger) {
            return Ok(());
        }
        // Also if the trigger was stopped or released already: the next step may have been interrupted.
        if stops {
            self.announce(vec![key.clone()]).await?;
        }
        if fired_by.backfill.is_none() { self.tick(&key).await } else { Ok(()) }
    }
}

/// Whether a trigger itself created the execution, and not a backfill of its slots or a person.
fn is_own(execution: &Execution, fired_by: &ExecutionTrigger, key: &TriggerKey) -> bool {
    if !matches!(fired_by.type_name.as_str(), SCHEDULE | ON_DATES) {
        return true;
    }
    fired_by.slot.is_some_and(|slot| execution.original_id == slot_id(key, slot))
}
