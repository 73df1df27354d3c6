//! The slot of a manual run of a scheduled flow, so that `trigger.date` is never missing.
//!
//! A run that names a schedule or a slot gets the inputs and labels of the trigger, because it takes the place of the
//! execution of that slot. A run that names neither only sees the latest slot.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use crate::triggers::SCHEDULE;
use jiff::Timestamp;
use jiff::civil::Date;
use segue_engine::schedule::dates::offset_text;
use segue_engine::schedule::{Calendar, Firing};
use segue_model::Map;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::trigger::Trigger;

/// The most slots of a day that an error lists.
const MOST_LISTED: usize = 3;

/// The slot that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedSlot {
    /// A moment.
    At(Timestamp),
    /// The only slot of a day in the zone of the schedule, or the slot at the start of that day.
    On(Date),
}

/// The schedule of a manual run, and what it gives to the execution.
#[derive(Clone, Debug, PartialEq)]
pub struct ManualRun {
    /// The `trigger` of the execution.
    pub trigger: ExecutionTrigger,
    /// The inputs of the trigger, rendered. Empty unless the request names a schedule or a slot.
    pub inputs: Map,
    /// The labels of the trigger, rendered. Empty unless the request names a schedule or a slot.
    pub labels: Vec<Label>,
}

impl Scheduler {
    /// The schedule of a manual run: the named Schedule, or else the flow's first. A named slot must be one of the
    /// schedule's slots, and the run counts as its execution. Without a named slot, the run sees the latest slot up to
    /// now. None if the flow has no Schedule.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such Schedule. [`SchedulerError::Invalid`] if the named slot is not
    /// one of its slots, if the flow has no Schedule, or if the inputs of the trigger cannot be rendered.
    pub async fn manual_run(
        &self,
        flow: &Flow,
        trigger_id: Option<&str>,
        slot: Option<NamedSlot>,
    ) -> Result<Option<ManualRun>, SchedulerError> {
        let mut schedules = flow.triggers.iter().filter(|trigger| trigger.type_name == SCHEDULE);
        let found = match trigger_id {
            Some(id) => Some(schedules.find(|trigger| trigger.id == id).ok_or_else(|| {
                SchedulerError::NotFound(format!(
                    "there is no Schedule '{id}' in flow {}.{}",
                    flow.namespace, flow.id
                ))
            })?),
            None => schedules.next(),
        };
        let Some(trigger) = found else {
            return match slot {
                None => Ok(None),
                Some(slot) => Err(SchedulerError::Invalid(format!(
                    "flow {}.{} has no Schedule, so {} is not one of its slots",
                    flow.namespace,
                    flow.id,
                    match slot {
                        NamedSlot::At(moment) => moment.to_string(),
                        NamedSlot::On(day) => day.to_string(),
                    }
                ))),
            };
        };
        let Some(calendar) = self.calendar(flow, trigger).await? else { return Ok(None) };
        let calendar = calendar.map_err(SchedulerError::Invalid)?;
        let slot = slot.map(|slot| resolved(slot, &calendar, trigger)).transpose()?;
        let Some(date) = slot.or_else(|| calendar.last_until(self.now())) else { return Ok(None) };
        let id = ExecutionId::derive(&["manual", &flow.namespace, &flow.id, &trigger.id, &date.to_string()]);
        let takes_the_place = trigger_id.is_some() || slot.is_some();
        let (variables, firing) = self
            .with_answers(&flow.namespace, &id, |table| {
                let env = self.env(flow, trigger, table, &id);
                let variables = env.variables(&calendar, date).ok()?;
                let none = Firing { inputs: Ok(Map::new()), labels: Vec::new(), warnings: Vec::new() };
                let firing = if takes_the_place { env.firing(&variables, &Map::new()).ok()? } else { none };
                Some((variables, firing))
            })
            .await?;
        for warning in &firing.warnings {
            tracing::warn!(flow = %format!("{}.{}", flow.namespace, flow.id), "{warning}");
        }
        let trigger = ExecutionTrigger {
            id: trigger.id.clone(),
            type_name: trigger.type_name.clone(),
            variables,
            slot,
            backfill: None,
            parent: None,
        };
        let inputs = firing.inputs.map_err(SchedulerError::Invalid)?;
        Ok(Some(ManualRun { trigger, inputs, labels: firing.labels }))
    }
}

/// The moment of a named slot.
fn resolved(slot: NamedSlot, calendar: &Calendar, trigger: &Trigger) -> Result<Timestamp, SchedulerError> {
    let text = |slot| offset_text(slot, calendar.zone());
    let near = |moment| {
        let near = [calendar.previous(moment), calendar.next(moment)];
        near.map(|slot| slot.map_or("none".into(), text)).join(" and ")
    };
    let refused = |why: String| Err(SchedulerError::Invalid(why));
    let day = match slot {
        NamedSlot::At(moment) if calendar.has(moment) => return Ok(moment),
        NamedSlot::At(moment) => {
            return refused(format!(
                "{} is not a slot of the Schedule '{}'; the nearest slots are {}",
                text(moment),
                trigger.id,
                near(moment)
            ));
        }
        NamedSlot::On(day) => day,
    };
    let start = |day: Date| day.to_zoned(calendar.zone().clone()).map(|start| start.timestamp());
    let (Ok(from), Ok(until)) = (start(day), day.tomorrow().and_then(start)) else {
        return refused(format!("{day} is too far away"));
    };
    if calendar.has(from) {
        return Ok(from);
    }
    let slots = std::iter::successors(calendar.first_from(from), |last| calendar.next(*last));
    let slots: Vec<Timestamp> = slots.take_while(|slot| *slot < until).take(MOST_LISTED + 1).collect();
    match slots.as_slice() {
        [only] => Ok(*only),
        [] => refused(format!(
            "the Schedule '{}' has no slot on {day}; the nearest slots are {}",
            trigger.id,
            near(from)
        )),
        several => {
            let listed: Vec<String> = several.iter().take(MOST_LISTED).map(|slot| text(*slot)).collect();
            let more = if several.len() > MOST_LISTED { ", …" } else { "" };
            refused(format!(
                "the Schedule '{}' has several slots on {day}; name one of them with its time: {}{more}",
                trigger.id,
                listed.join(", ")
            ))
        }
    }
}
