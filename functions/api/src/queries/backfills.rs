//! Reads stored backfills, and computes previews of new backfills.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use segue_api_types as types;
use segue_model::backfill::{BackfillRequest, BackfillState};
use segue_ports::schedule::BackfillFilter;
use segue_scheduler::{BackfillPreview, PreviewExecution, PreviewSlot};
use serde_json::json;

/// The names of the states of a backfill, for the `state` of a search.
pub(crate) const STATES: &[&str] = &["RUNNING", "PAUSED", "FINISHED", "CANCELLED", "REFUSED"];

/// The backfills of a search, newest first.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Backfill>> {
    let page = Page::from_query(query)?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let states = query.all("state").flat_map(|states| states.split(',')).filter(|state| !state.is_empty());
    let filter = BackfillFilter {
        namespace: text("namespace"),
        flow_id: text("flowId"),
        trigger_id: text("triggerId"),
        states: states.map(state).collect::<Answer<_>>()?,
        ..BackfillFilter::default()
    };
    // The store does not count backfills, and there are only a few.
    let mut found = api.state().backfills(&filter).await?;
    page.arrange(&mut found, &[("created", |left, right| left.created.cmp(&right.created))])?;
    let total = found.len() as u64;
    Ok(paged(page.cut(found).into_iter().map(types::Backfill::from).collect(), total))
}

/// A backfill, or an error if it does not exist.
pub(crate) async fn one(api: &Api, id: &str) -> Answer<types::Backfill> {
    let found = api.state().backfill(id).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(format!("Backfill '{id}'")))?.value.into())
}

/// The fire times of a backfill, and which of them would run. Starts nothing.
pub(crate) async fn preview(api: &Api, request: &BackfillRequest) -> Answer<types::BackfillPreview> {
    Ok(preview_view(api.scheduler.preview_backfill(request).await?))
}

fn preview_view(preview: BackfillPreview) -> types::BackfillPreview {
    let execution = |execution: PreviewExecution| types::PreviewExecution {
        id: execution.id.to_string(),
        state: execution.state,
    };
    let slot = |slot: PreviewSlot| types::PreviewSlot {
        date: slot.date,
        run: slot.run,
        execution: slot.execution.map(execution),
    };
    types::BackfillPreview {
        slots: preview.slots.into_iter().map(slot).collect(),
        total: preview.total,
        timezone: preview.timezone,
    }
}

fn state(text: &str) -> Answer<BackfillState> {
    serde_json::from_value(json!(text.to_ascii_uppercase())).map_err(|_| {
        ApiError::argument(format!("state is '{text}': one of {} is expected", STATES.join(", ")))
    })
}
