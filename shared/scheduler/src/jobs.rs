//! Ticks on a platform without a process that always runs: each schedule has a job of the platform
//! ([`segue_ports::TickJobs`]), and what has no job is ticked by a delayed message at the next slot.
//!
//! A schedule may get both. A tick names no slot and can come twice, so each slot still fires once.
//!
//! The process that changes a schedule publishes [`Message::ScheduleChanged`]; only the scheduler may change jobs.

use crate::memo::Memo;
use crate::scheduler::{MOST_CONFLICTS, Scheduler};
use crate::triggers::{SCHEDULE, is_off, is_schedule};
use jiff::{SignedDuration, Timestamp};
use segue_model::Json;
use segue_model::flow::Flow;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::schedule::Versioned;
use segue_ports::tick_jobs::{JobMade, TickJob};
use segue_ports::wire::Message;
use segue_ports::{Outgoing, PortError, TickJobs, TimersBy, Topic};
use std::collections::BTreeSet;

/// How far the clock of the delivering service may be ahead of this machine's clock.
const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// A tick that came before its slot comes again this long after the slot. The name of a delayed message follows from
/// its due time, and a name is not used twice.
const AFTER: SignedDuration = SignedDuration::from_secs(1);
/// The platform's cron may do something else than the calendar near a change of the clock.
const AROUND_A_CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(24);

impl Scheduler {
    /// The triggers of a flow that ticks come for: schedules, and polling triggers.
    pub(crate) fn ticked(&self, flow: &Flow) -> Vec<TriggerKey> {
        let key = |trigger: &Trigger| TriggerKey::new(&flow.namespace, &flow.id, &trigger.id);
        flow.triggers.iter().filter(|trigger| self.is_ticked(trigger)).map(key).collect()
    }

    /// Publishes that these schedules have changed, where jobs or delayed messages tick them.
    pub(crate) async fn announce(&self, keys: Vec<TriggerKey>) -> Result<(), PortError> {
        if self.ports().timers == TimersBy::Watching || keys.is_empty() {
            return Ok(());
        }
        let changed = |key| Outgoing { topic: Topic::Triggers, message: Message::ScheduleChanged(key) };
        self.ports().bus.publish(keys.into_iter().map(changed).collect()).await
    }

    /// A schedule has changed: a delayed tick comes at its next slot, and its job follows.
    pub(crate) async fn schedule_changed(&self, key: &TriggerKey) -> Result<(), PortError> {
        for attempt in 0..MOST_CONFLICTS {
            let flow = match self.flow(&key.namespace, &key.flow_id).await {
                Ok(flow) => flow,
                Err(error) if error.is_transient() => return Err(error),
                // A flow that cannot be read fires nothing.
                Err(_) => None,
            };
            let trigger = flow.as_ref().and_then(|flow| Some((&**flow, flow.trigger(&key.trigger_id)?)));
            let state = self.ports().state.trigger(key).await?;
            // The message comes first: a platform that cannot make jobs now delays no slot.
            if attempt == 0
                && let Some(next) = state.as_ref().and_then(|state| state.value.next_execution_date)
            {
                self.tick_at(key, next).await?;
            }
            let Some(jobs) = &self.ports().tick_jobs else { return Ok(()) };
            let has_job = self.follow(&**jobs, key, trigger, state.as_ref()).await?;
            if self.note_job(key, state, has_job).await? {
                return Ok(());
            }
        }
        Err(PortError::unavailable(
            "state store",
            format!("trigger {key} is changed by other processes all the time"),
        ))
    }

    /// Makes, changes or deletes the job of a trigger. Returns whether there is one now.
    async fn follow(
        &self,
        jobs: &dyn TickJobs,
        key: &TriggerKey,
        trigger: Option<(&Flow, &Trigger)>,
        state: Option<&Versioned<TriggerState>>,
    ) -> Result<bool, PortError> {
        let is_on = state.is_some_and(|state| !state.value.disabled);
        let wanted = trigger.filter(|(flow, trigger)| is_on && !is_off(flow, trigger));
        let Some(job) = wanted.and_then(|(_, trigger)| job(key, trigger)) else {
            match jobs.delete(key).await {
                Err(error) if !error.is_transient() => {
                    tracing::warn!(trigger = %key, %error, "the job of the trigger may be left");
                }
                deleted => drop(deleted?),
            }
            return Ok(false);
        };
        match jobs.put(&job).await? {
            JobMade::Yes => Ok(true),
            JobMade::No(why) => {
                tracing::info!(trigger = %key, "delayed messages tick the schedule, because it has no job: {why}");
                Ok(false)
            }
        }
    }

    /// Writes into the state whether there is a job. Returns false if the state has changed since it was read: then
    /// the job may belong to a former state.
    async fn note_job(
        &self,
        key: &TriggerKey,
        state: Option<Versioned<TriggerState>>,
        has_job: bool,
    ) -> Result<bool, PortError> {
        let memo = state.as_ref().map(|state| Memo::from_state(&state.value));
        if let (Some(state), Some(memo)) = (&state, memo)
            && memo.job != has_job
        {
            let changed = TriggerState { memo: Memo { job: has_job, ..memo }.json(), ..state.value.clone() };
            return match self.ports().state.put_trigger(&changed, state.version).await {
                Ok(_) => Ok(true),
                Err(PortError::Conflict { .. }) => Ok(false),
                Err(error) => Err(error),
            };
        }
        let now = self.ports().state.trigger(key).await?;
        Ok(now.map(|now| now.version) == state.map(|state| state.version))
    }

    /// After a tick that left the next slot in the future: publishes the next tick if no job does. `moved` says
    /// whether the tick changed anything.
    pub(crate) async fn tick_later(
        &self,
        state: &TriggerState,
        trigger: &Trigger,
        moved: bool,
    ) -> Result<(), PortError> {
        if self.ports().timers == TimersBy::Watching {
            return Ok(());
        }
        let Some(slot) = state.next_execution_date else { return Ok(()) };
        let now = self.now();
        if !moved && slot.duration_since(now) <= SKEW {
            return self.tick_at(&state.key, slot.checked_add(AFTER).unwrap_or(slot)).await;
        }
        if Memo::from_state(state).job && !changes_clock(trigger, now, slot) {
            return Ok(());
        }
        self.tick_at(&state.key, slot).await
    }

    async fn tick_at(&self, key: &TriggerKey, slot: Timestamp) -> Result<(), PortError> {
        let tick = Outgoing { topic: Topic::Triggers, message: Message::Tick(key.clone()) };
        self.ports().bus.publish_at(vec![tick], slot).await
    }

    /// Sends a delayed message that changes nothing ([`Message::Nothing`]).
    pub(crate) async fn keep_delays_awake(&self) -> Result<(), PortError> {
        if self.ports().timers == TimersBy::Watching {
            return Ok(());
        }
        let nothing = Outgoing { topic: Topic::Triggers, message: Message::Nothing {} };
        let due = self.now().checked_add(SKEW).unwrap_or(Timestamp::MAX);
        self.ports().bus.publish_at(vec![nothing], due).await
    }

    /// Announces schedules without their job, and jobs without their schedule. Returns how many.
    pub(crate) async fn check_jobs(&self, triggers: &[TriggerState]) -> Result<usize, PortError> {
        let Some(jobs) = &self.ports().tick_jobs else { return Ok(0) };
        let there = match jobs.keys().await {
            Err(error) if !error.is_transient() => {
                tracing::warn!(%error, "delayed messages tick the schedules");
                Vec::new()
            }
            there => there?,
        };
        let mut without_schedule: BTreeSet<TriggerKey> = there.into_iter().collect();
        let mut changed = Vec::new();
        for state in triggers {
            let is_wanted = is_schedule(state) && state.next_execution_date.is_some();
            if is_wanted && !(without_schedule.remove(&state.key) && Memo::from_state(state).job) {
                changed.push(state.key.clone());
            }
        }
        changed.extend(without_schedule);
        let count = changed.len();
        self.announce(changed).await?;
        Ok(count)
    }
}

/// The job that a trigger should have. None if it is no Schedule.
fn job(key: &TriggerKey, trigger: &Trigger) -> Option<TickJob> {
    let text = |name: &str| trigger.properties.get(name).and_then(Json::as_str).map(str::to_owned);
    let cron = text("cron").filter(|_| trigger.type_name == SCHEDULE)?;
    Some(TickJob { key: key.clone(), cron, time_zone: text("timezone") })
}

/// Whether the clock of the trigger's zone changes before its next slot, or soon after.
fn changes_clock(trigger: &Trigger, now: Timestamp, slot: Timestamp) -> bool {
    let zone = trigger.properties.get("timezone").and_then(Json::as_str).and_then(segue_template::time_zone);
    let until = slot.checked_add(AROUND_A_CLOCK_CHANGE).unwrap_or(slot);
    zone.and_then(|zone| zone.following(now).next().map(|change| change.timestamp()))
        .is_some_and(|at| at <= until)
}
