//! The slots of a backfill, shown before it is started.

use super::wants;
use crate::error::SchedulerError;
use crate::scheduler::Scheduler;
use jiff::Timestamp;
use segue_model::backfill::{BackfillMode, BackfillRequest};
use segue_model::id::ExecutionId;
use segue_model::state::State;
use serde::{Deserialize, Serialize};

/// The effect of a backfill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackfillPreview {
    /// Every slot in the range, in order.
    pub slots: Vec<PreviewSlot>,
    /// The number of slots that would run.
    pub total: u64,
    /// The time zone of the schedule.
    pub timezone: String,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewSlot {
    /// The time of the slot.
    pub date: Timestamp,
    /// Whether the mode runs the slot.
    pub run: bool,
    /// The latest execution of the slot. None if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<PreviewExecution>,
}

/// The execution of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewExecution {
    /// Its id.
    pub id: ExecutionId,
    /// Its state.
    pub state: State,
}

impl Scheduler {
    /// Shows the effect of a backfill. Conditions are evaluated only when the backfill runs.
    ///
    /// # Errors
    /// As [`Scheduler::start_backfill`].
    pub async fn preview_backfill(
        &self,
        request: &BackfillRequest,
    ) -> Result<BackfillPreview, SchedulerError> {
        let asked = self.asked_for(request).await?;
        let latest = self.latest(&asked.trigger, (asked.start, asked.end), Timestamp::MAX, "").await?;
        let slots: Vec<_> = asked
            .calendar
            .between(asked.start, asked.end)
            .map(|date| {
                let known = latest.get(&date);
                PreviewSlot {
                    date,
                    run: wants(request.mode, known),
                    execution: known.map(|execution| PreviewExecution {
                        id: execution.id.clone(),
                        state: execution.state.current(),
                    }),
                }
            })
            .collect();
        let total = slots.iter().filter(|slot| slot.run).count();
        let zone = asked.calendar.zone();
        let timezone = asked
            .flow
            .trigger(&asked.trigger.trigger_id)
            .and_then(|trigger| trigger.properties.get("timezone")?.as_str().map(str::to_owned))
            .or_else(|| zone.iana_name().map(str::to_owned));
        Ok(BackfillPreview {
            slots,
            total: u64::try_from(total).unwrap_or(u64::MAX),
            timezone: timezone.unwrap_or_else(|| "UTC".to_owned()),
        })
    }

    /// The number of slots of a request that its mode runs.
    pub(super) async fn count_slots(&self, request: &BackfillRequest) -> Result<u64, SchedulerError> {
        if request.mode == BackfillMode::All {
            let asked = self.asked_for(request).await?;
            let count = asked.calendar.between(asked.start, asked.end).count();
            return Ok(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(self.preview_backfill(request).await?.total)
    }
}
