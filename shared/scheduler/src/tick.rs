//! A tick: handles the due slots of a trigger, one after another (docs/kestra.md 5.2).
//!
//! A tick names no slot: the due slot follows from the trigger's state. First the execution is created, with
//! an id that follows from the slot. Then the state is written, on the version that was read. After an
//! interruption in between, or a second delivery, creating the same execution again has no effect.

use crate::fire::{Extra, Fired, slot_id};
use crate::memo::Memo;
use crate::scheduler::{MOST_CONFLICTS, Scheduler};
use crate::triggers::{definition, is_off};
use segue_engine::schedule::ScheduleSettings;
use segue_model::Map;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::PortError;
use segue_ports::schedule::Versioned;

/// The largest number of slots that one tick handles before it publishes the next tick, so that handling a
/// message never takes long.
const MOST_SLOTS: usize = 100;

/// What is left after one step of a trigger.
pub(crate) enum Step {
    /// There may be more to do.
    Again,
    /// The next slot is not due yet, or there is none.
    Waits(Box<TriggerState>, Box<Trigger>),
    /// Nothing. Something else than a slot comes next: a change of the flow, or the end of an execution.
    Idle,
}

impl Scheduler {
    /// Handles the due slots of a trigger.
    pub(crate) async fn tick(&self, key: &TriggerKey) -> Result<(), PortError> {
        self.steps(key, false).await
    }

    /// As [`Self::tick`], after the caller has changed the trigger's state: the next tick must be sent.
    pub(crate) async fn tick_moved(&self, key: &TriggerKey) -> Result<(), PortError> {
        self.steps(key, true).await
    }

    async fn steps(&self, key: &TriggerKey, mut moved: bool) -> Result<(), PortError> {
        for _ in 0..MOST_SLOTS {
            match self.deal_with_slot(key).await? {
                Step::Again => moved = true,
                Step::Waits(state, trigger) => return self.tick_later(&state, &trigger, moved).await,
                Step::Idle => return Ok(()),
            }
        }
        self.publish_ticks(vec![key.clone()]).await
    }

    /// Handles one slot.
    async fn deal_with_slot(&self, key: &TriggerKey) -> Result<Step, PortError> {
        let Some(Versioned { value: state, version }) = self.ports().state.trigger(key).await? else {
            return Ok(Step::Idle);
        };
        let flow = self.flow(&key.namespace, &key.flow_id).await?;
        let Some((flow, trigger)) =
            flow.as_ref().and_then(|flow| Some((flow, flow.trigger(&key.trigger_id)?)))
        else {
            self.disconnect(&state).await?;
            self.ports().state.delete_trigger(key).await?;
            self.announce(vec![key.clone()]).await?;
            return Ok(Step::Idle);
        };
        let now = self.now();
        if is_off(flow, trigger) || state.disabled {
            self.disconnect(&state).await?;
            return Ok(Step::Idle);
        }
        if state.definition != definition(trigger) {
            self.sync_trigger(flow, trigger).await?;
            if self.is_ticked(trigger) {
                self.announce(vec![key.clone()]).await?;
            }
            return Ok(Step::Again);
        }
        let settings = ScheduleSettings::from_trigger(trigger);
        if let Some(found) = Memo::from_state(&state).found {
            let found_in = Versioned { value: state, version };
            return self.fire_find(flow, trigger, found_in, found, settings.allow_concurrent).await;
        }
        if let Some(holder) = &state.execution_id {
            let holder = if settings.allow_concurrent { None } else { self.still_open(holder).await? };
            if holder.is_some() && holder == state.execution_id {
                return Ok(Step::Idle);
            }
            return self.write(TriggerState { execution_id: holder, ..state }, version).await;
        }
        let Some(slot) = state.next_execution_date.filter(|slot| *slot <= now) else {
            if Memo::from_state(&state).look.is_some() {
                // The result of the look comes as a message.
                return Ok(Step::Idle);
            }
            return Ok(Step::Waits(Box::new(state), Box::new(trigger.clone())));
        };
        if let Some(service) = self.service_of(trigger) {
            return self.ask_service(flow, trigger, service, Versioned { value: state, version }).await;
        }
        let calendar = match self.calendar(flow, trigger).await? {
            Some(Ok(calendar)) => calendar,
            Some(Err(why)) => {
                tracing::error!(trigger = %key, "it has no slots: {why}");
                self.write(TriggerState { next_execution_date: None, ..state }, version).await?;
                return Ok(Step::Idle);
            }
            None => return Ok(Step::Idle),
        };
        let mut next = TriggerState {
            date: Some(slot),
            next_execution_date: calendar.next(slot),
            updated_date: now,
            ..state
        };
        let is_late = settings.late_maximum_delay.is_some_and(|delay| now.duration_since(slot) > delay);
        if !is_late {
            let extra = Extra { id: slot_id(key, slot), backfill: None, inputs: &Map::new(), labels: &[] };
            match self.fire(flow, trigger, &calendar, slot, extra).await? {
                Fired::Off => return Ok(Step::Idle),
                Fired::Passed => {}
                Fired::Made(execution) => {
                    let open = !execution.state.current().is_terminal();
                    next.execution_id = (open && !settings.allow_concurrent).then_some(execution.id);
                }
            }
        }
        // Checked again, because the execution may have ended before the state named it.
        self.write(next, version).await
    }

    /// Writes a state, which must then be checked again, also if another process wrote first.
    pub(crate) async fn write(&self, state: TriggerState, version: u64) -> Result<Step, PortError> {
        match self.ports().state.put_trigger(&state, version).await {
            Ok(_) | Err(PortError::Conflict { .. }) => Ok(Step::Again),
            Err(error) => Err(error),
        }
    }

    /// The execution itself if it is open, or the one that replaced it through the flow's retry. None if all
    /// have ended or are gone.
    pub(crate) async fn still_open(&self, id: &ExecutionId) -> Result<Option<ExecutionId>, PortError> {
        let mut id = id.clone();
        loop {
            let Some(stored) = self.ports().state.execution(&id).await? else { return Ok(None) };
            match stored.execution.state.current() {
                State::Retried => id = segue_executor::retry_id(&id),
                state => return Ok((!state.is_terminal()).then_some(id)),
            }
        }
    }

    /// Changes the state of a trigger: it is read, changed, and written on the version that was read. If
    /// another process wrote first, this is repeated. `change` returns none if nothing must be changed.
    pub(crate) async fn change_trigger(
        &self,
        key: &TriggerKey,
        mut change: impl FnMut(&TriggerState) -> Option<TriggerState> + Send,
    ) -> Result<Option<TriggerState>, PortError> {
        for _ in 0..MOST_CONFLICTS {
            let Some(Versioned { value: state, version }) = self.ports().state.trigger(key).await? else {
                return Ok(None);
            };
            let Some(mut changed) = change(&state) else { return Ok(Some(state)) };
            changed.updated_date = self.now();
            match self.ports().state.put_trigger(&changed, version).await {
                Ok(_) => return Ok(Some(changed)),
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PortError::unavailable(
            "state store",
            format!("trigger {key} is changed by other processes all the time"),
        ))
    }
}
