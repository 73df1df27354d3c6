//! The states of triggers during the life of their flows: created, kept, computed again, removed, disabled,
//! enabled and repaired (docs/kestra.md 5.2).

use crate::error::SchedulerError;
use crate::memo::Memo;
use crate::scheduler::Scheduler;
use crate::triggers::{definition, is_off, may_have_triggers};
use jiff::Timestamp;
use segue_engine::schedule::{Calendar, Recover, ScheduleSettings};
use segue_model::Json;
use segue_model::backfill::BackfillState;
use segue_model::flow::Flow;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::PortError;
use segue_ports::schedule::{BackfillFilter, TriggerFilter};
use segue_ports::wire::FlowChanged;

/// The largest number of triggers that are ticked at once.
const MOST_DUE: u32 = 10_000;

fn key_of(flow: &Flow, trigger: &Trigger) -> TriggerKey {
    TriggerKey::new(&flow.namespace, &flow.id, &trigger.id)
}

/// The slot at which a trigger continues if it was not checked since `from`.
fn go_on(
    calendar: &Calendar,
    recover: Recover,
    from: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let missed = from.filter(|from| *from <= now);
    match (missed, recover) {
        (Some(from), Recover::All) => calendar.first_from(from),
        (Some(from), Recover::Last) => {
            calendar.last_until(now).filter(|last| *last >= from).or_else(|| calendar.next(now))
        }
        (Some(_), Recover::None) => calendar.next(now),
        (None, _) => from.or_else(|| calendar.next(now)),
    }
}

impl Scheduler {
    /// After a flow was saved: creates, keeps, computes again or removes the states of its triggers.
    ///
    /// # Errors
    /// [`SchedulerError::Port`].
    pub async fn sync_flow(&self, flow: &Flow) -> Result<(), SchedulerError> {
        self.listeners.forget();
        let mut changed = self.ticked(flow);
        for state in self.states_of(&flow.namespace, &flow.id).await? {
            if flow.trigger(&state.key.trigger_id).is_none() {
                self.disconnect(&state).await?;
                self.ports().state.delete_trigger(&state.key).await?;
                changed.push(state.key);
            }
        }
        for trigger in &flow.triggers {
            self.sync_trigger(flow, trigger).await?;
        }
        Ok(self.announce(changed).await?)
    }

    /// After a flow was deleted: removes the states of its triggers.
    ///
    /// # Errors
    /// [`SchedulerError::Port`].
    pub async fn forget_flow(&self, namespace: &str, flow_id: &str) -> Result<(), SchedulerError> {
        self.listeners.forget();
        let mut removed = Vec::new();
        for state in self.states_of(namespace, flow_id).await? {
            self.disconnect(&state).await?;
            self.ports().state.delete_trigger(&state.key).await?;
            removed.push(state.key);
        }
        Ok(self.announce(removed).await?)
    }

    /// A task has saved or deleted a flow: as [`Self::sync_flow`] or [`Self::forget_flow`]. A second message about the
    /// same change changes nothing.
    pub(crate) async fn flow_changed(&self, changed: &FlowChanged) -> Result<(), PortError> {
        let FlowChanged { namespace, flow_id } = changed;
        let done = match self.flow(namespace, flow_id).await? {
            Some(flow) => self.sync_flow(&flow).await,
            None => self.forget_flow(namespace, flow_id).await,
        };
        match done {
            Err(SchedulerError::Port(error)) => Err(error),
            Err(error) => {
                tracing::error!(%error, "the triggers of flow {namespace}.{flow_id} are not up to date");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn states_of(&self, namespace: &str, flow_id: &str) -> Result<Vec<TriggerState>, PortError> {
        let filter =
            TriggerFilter { namespace: Some(namespace.to_owned()), flow_id: Some(flow_id.to_owned()) };
        let mut states = self.ports().state.triggers(&filter).await?;
        states.retain(|state| state.key.namespace == namespace);
        Ok(states)
    }

    /// Updates the state of a trigger according to the flow.
    pub(crate) async fn sync_trigger(&self, flow: &Flow, trigger: &Trigger) -> Result<(), PortError> {
        let (key, definition, now) = (key_of(flow, trigger), definition(trigger), self.now());
        let calendar = match self.calendar(flow, trigger).await? {
            Some(Err(why)) => {
                tracing::error!(trigger = %key, "it has no slots: {why}");
                None
            }
            other => other.and_then(Result::ok),
        };
        let off = is_off(flow, trigger);
        let polls = self.service_of(trigger).is_some();
        let first = if polls { Some(now) } else { calendar.as_ref().and_then(|calendar| calendar.next(now)) };
        let fresh = TriggerState {
            key: key.clone(),
            date: None,
            next_execution_date: first.filter(|_| !off),
            disabled: false,
            execution_id: None,
            definition: definition.clone(),
            memo: Json::Null,
            updated_date: now,
        };
        match self.ports().state.put_trigger(&fresh, 0).await {
            Ok(_) => return Ok(()),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        let recover = ScheduleSettings::from_trigger(trigger).recover;
        let changed = self
            .change_trigger(&key, |state| {
                let mut changed = state.clone();
                let mut memo = Memo::from_state(state);
                if state.definition != definition {
                    changed.definition.clone_from(&definition);
                    changed.next_execution_date = first;
                    memo = memo.for_new_definition();
                }
                if off || state.disabled {
                    memo.resume = changed.next_execution_date.take().or(memo.resume);
                } else if changed.next_execution_date.is_none() && polls {
                    changed.next_execution_date = Some(now);
                    memo.resume = None;
                } else if changed.next_execution_date.is_none()
                    && let Some(calendar) = &calendar
                {
                    changed.next_execution_date = go_on(calendar, recover, memo.resume.take(), now);
                }
                changed.memo = memo.json();
                (changed != *state).then_some(changed)
            })
            .await?;
        match changed {
            Some(state) if off => self.disconnect(&state).await,
            _ => Ok(()),
        }
    }

    /// Disables or enables a trigger. An enabled trigger continues according to its `recoverMissedSchedules`.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such trigger. [`SchedulerError::Port`] if the store fails.
    pub async fn set_disabled(
        &self,
        key: &TriggerKey,
        disabled: bool,
    ) -> Result<TriggerState, SchedulerError> {
        let (flow, trigger) = self.known_trigger(key).await?;
        let trigger = flow.trigger(&trigger).ok_or_else(|| no_trigger(key))?;
        self.sync_trigger(&flow, trigger).await?;
        let calendar = self.calendar(&flow, trigger).await?.and_then(Result::ok);
        let (recover, now) = (ScheduleSettings::from_trigger(trigger).recover, self.now());
        let off = is_off(&flow, trigger);
        let polls = self.service_of(trigger).is_some();
        let changed = self
            .change_trigger(key, |state| {
                if state.disabled == disabled {
                    return None;
                }
                let mut changed = TriggerState { disabled, ..state.clone() };
                let mut memo = Memo::from_state(state);
                if disabled {
                    memo.resume = changed.next_execution_date.take().or(memo.resume);
                } else if polls && !off {
                    changed.next_execution_date = Some(now);
                    memo.resume = None;
                } else if let Some(calendar) = calendar.as_ref().filter(|_| !off) {
                    changed.next_execution_date = go_on(calendar, recover, memo.resume.take(), now);
                }
                changed.memo = memo.json();
                Some(changed)
            })
            .await?;
        if let Some(state) = changed.as_ref().filter(|state| state.disabled) {
            self.disconnect(state).await?;
        }
        if self.is_ticked(trigger) {
            self.announce(vec![key.clone()]).await?;
        }
        changed.ok_or_else(|| no_trigger(key))
    }

    /// Releases a trigger from the execution it waits for.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such trigger. [`SchedulerError::IllegalState`] if it does
    /// not wait.
    pub async fn unlock(&self, key: &TriggerKey) -> Result<TriggerState, SchedulerError> {
        let mut was_locked = false;
        let changed = self
            .change_trigger(key, |state| {
                was_locked = state.execution_id.is_some();
                was_locked.then(|| TriggerState { execution_id: None, ..state.clone() })
            })
            .await?
            .ok_or_else(|| no_trigger(key))?;
        if !was_locked {
            return Err(SchedulerError::IllegalState(format!(
                "trigger {key} is not locked: it waits for no execution"
            )));
        }
        self.publish_ticks(vec![key.clone()]).await?;
        Ok(changed)
    }

    async fn known_trigger(
        &self,
        key: &TriggerKey,
    ) -> Result<(std::sync::Arc<Flow>, String), SchedulerError> {
        let flow = self.known_flow(&key.namespace, &key.flow_id).await?;
        let id = flow.trigger(&key.trigger_id).ok_or_else(|| no_trigger(key))?.id.clone();
        Ok((flow, id))
    }

    /// Publishes a tick for every due trigger, and returns their number.
    ///
    /// # Errors
    /// [`SchedulerError::Port`].
    pub async fn publish_due(&self) -> Result<usize, SchedulerError> {
        Ok(self.tick_all_due().await?)
    }

    pub(crate) async fn tick_all_due(&self) -> Result<usize, PortError> {
        let due = self.ports().state.due_triggers(self.now(), MOST_DUE).await?;
        let count = due.len();
        if count > 0 {
            self.publish_ticks(due).await?;
        }
        Ok(count)
    }

    /// At the start: updates states according to the flows, handles missed slots according to
    /// `recoverMissedSchedules`, and continues triggers and backfills that wait for executions which have
    /// ended.
    ///
    /// # Errors
    /// [`SchedulerError::Port`].
    pub async fn recover(&self) -> Result<(), SchedulerError> {
        let flows = self.ports().state.flows(None).await?;
        for stored in flows.iter().filter(|stored| !stored.deleted && may_have_triggers(&stored.source)) {
            match self.flow(&stored.namespace, &stored.id).await {
                Ok(Some(flow)) => self.sync_flow(&flow).await?,
                Ok(None) => {}
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => tracing::error!(%error, "its triggers do not fire"),
            }
        }
        for state in self.ports().state.triggers(&TriggerFilter::default()).await? {
            self.recover_trigger(&state.key).await?;
        }
        self.recover_backfills().await?;
        Ok(())
    }

    /// Counts the executions that have ended, in each backfill that has open executions or slots left, and continues
    /// the backfill. Returns the number of backfills.
    pub(crate) async fn recover_backfills(&self) -> Result<usize, PortError> {
        let states = vec![BackfillState::Running, BackfillState::Paused, BackfillState::Cancelled];
        let filter = BackfillFilter { states, ..BackfillFilter::default() };
        let mut backfills = self.ports().state.backfills(&filter).await?;
        backfills
            .retain(|backfill| backfill.state != BackfillState::Cancelled || !backfill.active.is_empty());
        for backfill in &backfills {
            self.recover_backfill(&backfill.id).await?;
        }
        Ok(backfills.len())
    }

    /// The clock went back: a schedule with a next slot that was found while the clock was ahead waits for
    /// the next slot from now. A slot that already has an execution gets no second one.
    ///
    /// # Errors
    /// [`SchedulerError::Port`].
    pub async fn clock_went_back(&self) -> Result<(), SchedulerError> {
        let now = self.now();
        for state in self.ports().state.triggers(&TriggerFilter::default()).await? {
            if state.updated_date <= now || state.next_execution_date.is_none() {
                continue;
            }
            let flow = match self.flow(&state.key.namespace, &state.key.flow_id).await {
                Ok(flow) => flow,
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(_) => continue,
            };
            let Some((flow, trigger)) =
                flow.as_ref().and_then(|flow| Some((flow, flow.trigger(&state.key.trigger_id)?)))
            else {
                continue;
            };
            let Some(calendar) = self.calendar(flow, trigger).await?.and_then(Result::ok) else { continue };
            self.change_trigger(&state.key, |current| {
                (current.updated_date > now).then(|| segue_model::trigger_state::TriggerState {
                    next_execution_date: calendar.next(now),
                    updated_date: now,
                    ..current.clone()
                })
            })
            .await?;
        }
        Ok(())
    }

    async fn recover_trigger(&self, key: &TriggerKey) -> Result<(), PortError> {
        let flow = match self.flow(&key.namespace, &key.flow_id).await {
            Ok(flow) => flow,
            Err(error) if error.is_transient() => return Err(error),
            Err(_) => return Ok(()),
        };
        let Some(trigger) = flow.as_ref().and_then(|flow| flow.trigger(&key.trigger_id)) else {
            if let Some(state) = self.ports().state.trigger(key).await? {
                self.disconnect(&state.value).await?;
            }
            self.ports().state.delete_trigger(key).await?;
            return Ok(());
        };
        let Some(flow) = &flow else { return Ok(()) };
        let calendar = self.calendar(flow, trigger).await?.and_then(Result::ok);
        let Some(state) = self.ports().state.trigger(key).await? else { return Ok(()) };
        let holder = match &state.value.execution_id {
            Some(holder) => self.still_open(holder).await?,
            None => None,
        };
        let (recover, now) = (ScheduleSettings::from_trigger(trigger).recover, self.now());
        self.change_trigger(key, |current| {
            let mut changed = current.clone();
            // Another execution holds the trigger in the meantime.
            if current.execution_id == state.value.execution_id {
                changed.execution_id.clone_from(&holder);
            }
            if let (Some(next), Some(calendar)) = (current.next_execution_date, &calendar) {
                changed.next_execution_date = go_on(calendar, recover, Some(next), now);
            }
            (changed != *current).then_some(changed)
        })
        .await?;
        Ok(())
    }
}

fn no_trigger(key: &TriggerKey) -> SchedulerError {
    SchedulerError::NotFound(format!(
        "there is no trigger '{}' in flow {}.{}",
        key.trigger_id, key.namespace, key.flow_id
    ))
}
