//! The slot of a manual run of a scheduled flow, so that `trigger.date` is never missing.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use crate::triggers::SCHEDULE;
use jiff::Timestamp;
use segue_engine::schedule::dates::offset_text;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;

impl Scheduler {
    /// The `trigger` of a manual run: of the named Schedule, or else of the flow's first. A named slot must
    /// be one of the schedule's slots, and the run counts as its execution. Without a named slot, the run
    /// sees the latest slot up to now. None if the flow has no Schedule.
    ///
    /// # Errors
    /// [`SchedulerError::NotFound`] if there is no such Schedule. [`SchedulerError::Invalid`] if the named
    /// slot is not one of its slots, or the flow has no Schedule.
    pub async fn manual_trigger(
        &self,
        flow: &Flow,
        trigger_id: Option<&str>,
        slot: Option<Timestamp>,
    ) -> Result<Option<ExecutionTrigger>, SchedulerError> {
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
                    "flow {}.{} has no Schedule, so {slot} is not one of its slots",
                    flow.namespace, flow.id
                ))),
            };
        };
        let Some(calendar) = self.calendar(flow, trigger).await? else { return Ok(None) };
        let calendar = calendar.map_err(SchedulerError::Invalid)?;
        if let Some(slot) = slot.filter(|slot| !calendar.has(*slot)) {
            let text = |slot| offset_text(slot, calendar.zone());
            let near =
                [calendar.previous(slot), calendar.next(slot)].map(|slot| slot.map_or("none".into(), text));
            return Err(SchedulerError::Invalid(format!(
                "{} is not a slot of the Schedule '{}'; the nearest slots are {}",
                text(slot),
                trigger.id,
                near.join(" and ")
            )));
        }
        let Some(date) = slot.or_else(|| calendar.last_until(self.now())) else { return Ok(None) };
        let id = ExecutionId::derive(&["manual", &flow.namespace, &flow.id, &trigger.id, &date.to_string()]);
        let variables = self
            .with_answers(&flow.namespace, &id, |table| {
                self.env(flow, trigger, table, &id).variables(&calendar, date).ok()
            })
            .await?;
        Ok(Some(ExecutionTrigger {
            id: trigger.id.clone(),
            type_name: trigger.type_name.clone(),
            variables,
            slot,
            backfill: None,
            parent: None,
        }))
    }
}
