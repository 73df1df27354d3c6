//! Backfills: records of their own, of which several may be under way at once, and which stay after their end.
//!
//! `POST /backfills` starts one. Its body is that of a message to the backfill topic:
//!
//! ```json
//! {"namespace": "company.team", "flowId": "taxi", "triggerId": "monthly", "start": "2021-01-01", "end": "2021-07-31",
//!  "inputs": {"taxi": "green"}, "labels": {"backfill": "true"}, "mode": "MISSING", "maxActive": 1}
//! ```
//!
//! `start` and `end` are both inclusive; a date stands for the day in the schedule's time zone.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get, json, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{JsonBody, Page, Query, paged};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::backfill::{BackfillRequest, BackfillState};
use segue_ports::schedule::BackfillFilter;
use segue_scheduler::{BackfillPreview, PreviewExecution, PreviewSlot};
use serde_json::json;

const STATES: &[&str] = &["RUNNING", "PAUSED", "FINISHED", "CANCELLED", "REFUSED"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = |endpoint: Endpoint| endpoint.answers(json::<types::Backfill>()).refuses(&[404, 409]);
    vec![
        one(post("/backfills", start)
            .is("startBackfill", "Runs the slots of a schedule between two dates, both inclusive.")
            .body(json::<types::BackfillRequest>())),
        post("/backfills/preview", preview)
            .is(
                "previewBackfill",
                "The slots a backfill has, and which of them it would run; nothing is started.",
            )
            .body(json::<types::BackfillRequest>())
            .answers(json::<types::BackfillPreview>())
            .refuses(&[404, 409]),
        get("/backfills", list)
            .is("backfills", "Backfills, newest first.")
            .takes(&PAGE)
            .takes(&[
                Param::new("namespace", Kind::Text, "This namespace and those below it."),
                Param::new("flowId", Kind::Text, "This flow."),
                Param::new("triggerId", Kind::Text, "This trigger."),
                Param::new("state", Kind::ManyOf(STATES), "In one of these states."),
            ])
            .answers(json::<types::Page<types::Backfill>>()),
        one(get("/backfills/{id}", show).is("backfill", "A backfill.")),
        one(post("/backfills/{id}/pause", pause)
            .is("pauseBackfill", "Makes no more executions; those that run, run on.")),
        one(post("/backfills/{id}/resume", resume).is("resumeBackfill", "Goes on.")),
        one(post("/backfills/{id}/cancel", cancel)
            .is("cancelBackfill", "Ends it; those of its executions that run, run on.")),
    ]
}

async fn start(
    State(api): State<Api>,
    JsonBody(request): JsonBody<BackfillRequest>,
) -> Answer<Json<types::Backfill>> {
    Ok(Json(api.scheduler.start_backfill(request).await?.into()))
}

async fn preview(
    State(api): State<Api>,
    JsonBody(request): JsonBody<BackfillRequest>,
) -> Answer<Json<types::BackfillPreview>> {
    Ok(Json(preview_view(api.scheduler.preview_backfill(&request).await?)))
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

async fn list(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Backfill>>> {
    let page = Page::from_query(&query)?;
    page.order(&["created"])?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let states = query.all("state").flat_map(|states| states.split(',')).filter(|state| !state.is_empty());
    let filter = BackfillFilter {
        namespace: text("namespace"),
        flow_id: text("flowId"),
        trigger_id: text("triggerId"),
        states: states.map(state).collect::<Answer<_>>()?,
        ..BackfillFilter::default()
    };
    // The store does not count them; there are few.
    let found = api.state().backfills(&filter).await?;
    let total = found.len() as u64;
    Ok(paged(page.cut(found).into_iter().map(types::Backfill::from).collect(), total))
}

async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Backfill>> {
    let found = api.state().backfill(&id).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found(format!("Backfill '{id}'")))?.value.into()))
}

async fn pause(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Backfill>> {
    Ok(Json(api.scheduler.pause_backfill(&id).await?.into()))
}

async fn resume(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Backfill>> {
    Ok(Json(api.scheduler.resume_backfill(&id).await?.into()))
}

async fn cancel(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Backfill>> {
    Ok(Json(api.scheduler.cancel_backfill(&id).await?.into()))
}
