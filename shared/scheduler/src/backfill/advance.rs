//! Advances a backfill: creates executions for its next slots, as many as may be open, and counts those that
//! end.
//!
//! First the executions are created, with ids that follow from backfill and slot. Then the record is written,
//! on the version that was read. Then the new executions are checked, because one may have ended before the
//! record named it. After an interruption anywhere, the same steps are repeated, with the same result.

use super::{slot_id, wants};
use crate::error::SchedulerError;
use crate::fire::{Extra, Fired};
use crate::scheduler::Scheduler;
use segue_engine::schedule::{Calendar, schedule_calendar};
use segue_model::backfill::{ActiveSlot, Backfill, BackfillMode, BackfillState};
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::trigger::Trigger;
use segue_ports::PortError;
use segue_ports::schedule::Versioned;

/// The largest number of slots that are handled before the record is written.
const MOST_SLOTS: usize = 50;

impl Scheduler {
    /// Advances a backfill as far as possible now.
    pub(super) async fn advance(&self, id: &str) -> Result<(), PortError> {
        loop {
            let Some(Versioned { value: backfill, version }) = self.ports().state.backfill(id).await? else {
                return Ok(());
            };
            let has_room = backfill.active.len() < usize::try_from(backfill.max_active).unwrap_or(usize::MAX);
            let is_done = backfill.next.is_none() && backfill.active.is_empty();
            if backfill.state != BackfillState::Running || !(is_done || backfill.next.is_some() && has_room) {
                return Ok(());
            }
            let mut changed = backfill.clone();
            self.take_slots(&mut changed).await?;
            finish(&mut changed);
            changed.updated = self.now();
            match self.ports().state.put_backfill(&changed, version).await {
                Ok(_) => {}
                Err(PortError::Conflict { .. }) => continue,
                Err(error) => return Err(error),
            }
            let known = |slot: &&ActiveSlot| !backfill.active.contains(slot);
            let made: Vec<_> =
                changed.active.iter().filter(known).map(|slot| slot.execution_id.clone()).collect();
            for execution in made {
                self.look_again(id, &execution).await?;
            }
        }
    }

    /// Creates executions until the limit of open ones is reached, or enough slots are handled for one step.
    async fn take_slots(&self, backfill: &mut Backfill) -> Result<(), PortError> {
        let key = backfill.trigger.clone();
        let flow = self.flow(&key.namespace, &key.flow_id).await?;
        let Some((flow, trigger, calendar)) = flow.as_ref().and_then(|flow| {
            let trigger = flow.trigger(&key.trigger_id)?;
            Some((flow, trigger, schedule_calendar(trigger).ok()?))
        }) else {
            backfill.state = BackfillState::Cancelled;
            backfill.message = Some(format!("the Schedule '{}' no longer exists", key.trigger_id));
            return Ok(());
        };
        for _ in 0..MOST_SLOTS {
            if backfill.active.len() >= usize::try_from(backfill.max_active).unwrap_or(usize::MAX) {
                return Ok(());
            }
            // The schedule may have changed in the meantime. Its current slots count.
            let slot =
                backfill.next.and_then(|next| calendar.first_from(next)).filter(|slot| *slot <= backfill.end);
            let Some(slot) = slot else {
                backfill.next = None;
                return Ok(());
            };
            backfill.next = Some(slot);
            if !self.take_permit(backfill, flow, trigger, &calendar, slot).await? {
                backfill.state = BackfillState::Paused;
                backfill.message = Some("the flow is disabled".to_owned());
                return Ok(());
            }
            backfill.next = calendar.next(slot).filter(|slot| *slot <= backfill.end);
        }
        Ok(())
    }

    /// Handles one slot. Returns false if the flow is disabled.
    async fn take_permit(
        &self,
        backfill: &mut Backfill,
        flow: &Flow,
        trigger: &Trigger,
        calendar: &Calendar,
        slot: jiff::Timestamp,
    ) -> Result<bool, PortError> {
        if backfill.mode != BackfillMode::All {
            let latest = self.latest(&backfill.trigger, (slot, slot), backfill.created, &backfill.id).await?;
            if !wants(backfill.mode, latest.get(&slot)) {
                return Ok(true);
            }
        }
        let extra = Extra {
            id: slot_id(&backfill.id, slot),
            backfill: Some(&backfill.id),
            inputs: &backfill.inputs,
            labels: &backfill.labels,
        };
        match self.fire(flow, trigger, calendar, slot, extra).await? {
            Fired::Off => return Ok(false),
            Fired::Passed => count(backfill, State::Skipped),
            Fired::Made(execution) => {
                let state = execution.state.current();
                if state.is_terminal() && state != State::Retried {
                    count(backfill, state);
                } else {
                    backfill.active.push(ActiveSlot { date: slot, execution_id: execution.id });
                }
            }
        }
        Ok(true)
    }

    /// Counts an execution of a backfill that has ended, and starts the next slot.
    pub(crate) async fn backfill_goes_on(
        &self,
        id: &str,
        execution: &ExecutionId,
        state: State,
    ) -> Result<(), PortError> {
        let changed = self.change_backfill(id, |backfill| Ok(folded(backfill, execution, state))).await;
        match changed {
            Ok(_) => self.advance(id).await,
            // The record is gone, so nothing is counted.
            Err(SchedulerError::NotFound(_)) => Ok(()),
            Err(SchedulerError::Port(error)) => Err(error),
            Err(error) => Err(PortError::invalid(error.to_string())),
        }
    }

    /// Counts an execution that has ended in the meantime, or follows it to the one that replaced it.
    async fn look_again(&self, id: &str, execution: &ExecutionId) -> Result<(), PortError> {
        let mut execution = execution.clone();
        loop {
            let state = match self.ports().state.execution(&execution).await? {
                Some(stored) => stored.execution.state.current(),
                // Somebody deleted the execution, so there is nothing to wait for.
                None => State::Cancelled,
            };
            if !state.is_terminal() {
                return Ok(());
            }
            match self.change_backfill(id, |backfill| Ok(folded(backfill, &execution, state))).await {
                Ok(_) | Err(SchedulerError::NotFound(_)) => {}
                Err(SchedulerError::Port(error)) => return Err(error),
                Err(error) => return Err(PortError::invalid(error.to_string())),
            }
            if state != State::Retried {
                return Ok(());
            }
            execution = segue_executor::retry_id(&execution);
        }
    }

    /// After a crash: counts the executions that have ended, and continues the backfill.
    pub(crate) async fn recover_backfill(&self, id: &str) -> Result<(), PortError> {
        let Some(known) = self.ports().state.backfill(id).await? else { return Ok(()) };
        for slot in &known.value.active {
            self.look_again(id, &slot.execution_id).await?;
        }
        self.advance(id).await
    }
}

/// The backfill with an execution's end counted. None if the end was counted already, or the execution does
/// not belong to the backfill.
fn folded(backfill: &Backfill, execution: &ExecutionId, state: State) -> Option<Backfill> {
    let mut changed = backfill.clone();
    let index = changed.active.iter().position(|slot| slot.execution_id == *execution)?;
    if state == State::Retried {
        changed.active.get_mut(index)?.execution_id = segue_executor::retry_id(execution);
        return Some(changed);
    }
    changed.active.remove(index);
    count(&mut changed, state);
    finish(&mut changed);
    Some(changed)
}

fn count(backfill: &mut Backfill, state: State) {
    *backfill.ended.entry(state).or_default() += 1;
}

/// Finishes a backfill with all slots handled and ended.
fn finish(backfill: &mut Backfill) {
    let is_open = matches!(backfill.state, BackfillState::Running | BackfillState::Paused);
    if is_open && backfill.next.is_none() && backfill.active.is_empty() {
        backfill.state = BackfillState::Finished;
        backfill.total = backfill.ended.values().sum();
    }
}
