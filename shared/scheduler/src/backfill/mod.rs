//! Backfills: the slots of a schedule between two dates, run together (docs/backfills.md).
//!
//! `start` writes the record, `preview` shows the slots, `advance` creates their executions, `control`
//! pauses, resumes and cancels.

mod advance;
mod control;
mod preview;
mod start;

pub use preview::{BackfillPreview, PreviewExecution, PreviewSlot};

use crate::error::SchedulerError;
use crate::scheduler::{MOST_CONFLICTS, Scheduler};
use crate::triggers::SCHEDULE;
use jiff::Timestamp;
use segue_engine::schedule::backfill::range;
use segue_engine::schedule::{Calendar, schedule_calendar};
use segue_model::backfill::{Backfill, BackfillMode, BackfillRequest};
use segue_model::execution::Execution;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use segue_ports::schedule::Versioned;
use segue_ports::state::ExecutionFilter;
use std::collections::HashMap;
use std::sync::Arc;

/// The execution of a backfill's slot.
pub(crate) fn slot_id(backfill: &str, slot: Timestamp) -> ExecutionId {
    ExecutionId::derive(&["backfill", backfill, &slot.to_string()])
}

/// A request that was checked.
struct Asked {
    flow: Arc<Flow>,
    trigger: TriggerKey,
    calendar: Calendar,
    start: Timestamp,
    end: Timestamp,
}

impl Scheduler {
    /// Finds the flow, the Schedule and the range of a request.
    async fn asked_for(&self, request: &BackfillRequest) -> Result<Asked, SchedulerError> {
        let flow = self.known_flow(&request.namespace, &request.flow_id).await?;
        let trigger = schedule_of(&flow, request.trigger_id.as_deref())?;
        let invalid =
            |error: segue_engine::schedule::CalendarError| SchedulerError::Invalid(error.to_string());
        let calendar = schedule_calendar(trigger).map_err(invalid)?;
        let (start, end) =
            range(&calendar, &request.start, request.end.as_deref(), self.now()).map_err(invalid)?;
        if request.max_active == 0 {
            return Err(SchedulerError::Invalid("maxActive is 0; it must be at least 1".into()));
        }
        if let Some(label) = request.labels.iter().find(|label| label.is_system()) {
            return Err(SchedulerError::Invalid(format!(
                "the label '{}' is reserved: labels that begin with 'system.' are Segue's own",
                label.key
            )));
        }
        let trigger = TriggerKey::new(&flow.namespace, &flow.id, &trigger.id);
        Ok(Asked { flow, trigger, calendar, start, end })
    }

    /// The latest execution of each slot in a range, created up to a time and not by this backfill.
    async fn latest(
        &self,
        key: &TriggerKey,
        slots: (Timestamp, Timestamp),
        made_until: Timestamp,
        backfill: &str,
    ) -> Result<HashMap<Timestamp, Execution>, PortError> {
        let filter = ExecutionFilter {
            namespace: Some(key.namespace.clone()),
            exact_namespace: true,
            flow_id: Some(key.flow_id.clone()),
            trigger_id: Some(key.trigger_id.clone()),
            slots: Some(slots),
            ..ExecutionFilter::default()
        };
        let mut latest: HashMap<Timestamp, Execution> = HashMap::new();
        for execution in self.ports().state.executions(&filter).await? {
            let Some(trigger) = &execution.trigger else { continue };
            let counts =
                execution.state.start_date() <= made_until && trigger.backfill.as_deref() != Some(backfill);
            let Some(slot) = trigger.slot.filter(|_| counts) else { continue };
            let known = latest.get(&slot).map(|known| known.state.start_date());
            if known.is_none_or(|known| known < execution.state.start_date()) {
                latest.insert(slot, execution);
            }
        }
        Ok(latest)
    }

    /// Changes a backfill: it is read, changed, and written on the version that was read. If another process
    /// wrote first, this is repeated. `change` returns none if nothing must be changed.
    async fn change_backfill(
        &self,
        id: &str,
        mut change: impl FnMut(&Backfill) -> Result<Option<Backfill>, SchedulerError> + Send,
    ) -> Result<Backfill, SchedulerError> {
        for _ in 0..MOST_CONFLICTS {
            let Some(Versioned { value: backfill, version }) = self.ports().state.backfill(id).await? else {
                return Err(SchedulerError::NotFound(format!("there is no backfill '{id}'")));
            };
            let Some(mut changed) = change(&backfill)? else { return Ok(backfill) };
            changed.updated = self.now();
            match self.ports().state.put_backfill(&changed, version).await {
                Ok(_) => return Ok(changed),
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let busy = format!("backfill {id} is changed by other processes all the time");
        Err(PortError::unavailable("state store", busy).into())
    }
}

/// The named Schedule, or the only one.
fn schedule_of<'a>(flow: &'a Flow, id: Option<&str>) -> Result<&'a Trigger, SchedulerError> {
    let name = format!("flow {}.{}", flow.namespace, flow.id);
    let schedules: Vec<_> = flow.triggers.iter().filter(|trigger| trigger.type_name == SCHEDULE).collect();
    match (id, schedules.as_slice()) {
        (Some(id), _) => match flow.trigger(id) {
            Some(trigger) if trigger.type_name == SCHEDULE => Ok(trigger),
            Some(_) => Err(SchedulerError::Invalid(format!(
                "trigger '{id}' of {name} is not a Schedule, so it has no slots"
            ))),
            None => Err(SchedulerError::NotFound(format!("there is no trigger '{id}' in {name}"))),
        },
        (None, [trigger]) => Ok(trigger),
        (None, []) => Err(SchedulerError::Invalid(format!("{name} has no Schedule, so it has no slots"))),
        (None, several) => {
            let ids: Vec<_> = several.iter().map(|trigger| trigger.id.as_str()).collect();
            Err(SchedulerError::Invalid(format!(
                "{name} has several Schedules: name one of {}",
                ids.join(", ")
            )))
        }
    }
}

/// Whether a mode runs a slot with this latest execution.
fn wants(mode: BackfillMode, latest: Option<&Execution>) -> bool {
    let bad = |execution: &Execution| {
        matches!(execution.state.current(), State::Failed | State::Killed | State::Cancelled)
    };
    match mode {
        BackfillMode::All => true,
        BackfillMode::Missing => latest.is_none(),
        BackfillMode::Failed => latest.is_none_or(bad),
    }
}
