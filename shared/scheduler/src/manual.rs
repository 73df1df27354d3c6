//! The slot of a manual run of a scheduled flow, so that `trigger.date` is never missing.
//!
//! A run that names a schedule or a slot gets the inputs and labels of the trigger, because it takes the place of the
//! execution of that slot. A run that names neither only sees the latest slot.

use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use crate::triggers::SCHEDULE;
use segue_engine::schedule::{Firing, NamedSlot};
use segue_model::Map;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::label::Label;

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
                    flow.namespace, flow.id, slot
                ))),
            };
        };
        let Some(calendar) = self.calendar(flow, trigger).await? else { return Ok(None) };
        let calendar = calendar.map_err(SchedulerError::Invalid)?;
        let slot = slot.map(|slot| slot.resolve(&calendar, &trigger.id)).transpose();
        let slot = slot.map_err(SchedulerError::Invalid)?;
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
