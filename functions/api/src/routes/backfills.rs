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
use crate::endpoint::{Content, Endpoint, Kind, Param, get, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{JsonBody, Page, Query, paged};
use axum::Json;
use axum::extract::{Path, State};
use segue_model::Json as Value;
use segue_model::backfill::{BackfillRequest, BackfillState};
use segue_ports::schedule::BackfillFilter;
use serde_json::json;

const STATES: &[&str] = &["RUNNING", "PAUSED", "FINISHED", "CANCELLED", "REFUSED"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = |endpoint: Endpoint| endpoint.answers(Content::Json("Backfill")).refuses(&[404, 409]);
    vec![
        one(post("/backfills", start)
            .is("startBackfill", "Runs the slots of a schedule between two dates, both inclusive.")
            .body(Content::Json("BackfillRequest"))),
        post("/backfills/preview", preview)
            .is(
                "previewBackfill",
                "The slots a backfill has, and which of them it would run; nothing is started.",
            )
            .body(Content::Json("BackfillRequest"))
            .answers(Content::Json("BackfillPreview"))
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
            .answers(Content::Page("Backfill")),
        one(get("/backfills/{id}", show).is("backfill", "A backfill.")),
        one(post("/backfills/{id}/pause", pause)
            .is("pauseBackfill", "Makes no more executions; those that run, run on.")),
        one(post("/backfills/{id}/resume", resume).is("resumeBackfill", "Goes on.")),
        one(post("/backfills/{id}/cancel", cancel)
            .is("cancelBackfill", "Ends it; those of its executions that run, run on.")),
    ]
}

async fn start(State(api): State<Api>, JsonBody(request): JsonBody<BackfillRequest>) -> Answer<Json<Value>> {
    Ok(Json(json!(api.scheduler.start_backfill(request).await?)))
}

async fn preview(
    State(api): State<Api>,
    JsonBody(request): JsonBody<BackfillRequest>,
) -> Answer<Json<Value>> {
    Ok(Json(json!(api.scheduler.preview_backfill(&request).await?)))
}

fn state(text: &str) -> Answer<BackfillState> {
    serde_json::from_value(json!(text.to_ascii_uppercase())).map_err(|_| {
        ApiError::argument(format!("state is '{text}': one of {} is expected", STATES.join(", ")))
    })
}

async fn list(State(api): State<Api>, query: Query) -> Answer<Json<Value>> {
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
    Ok(paged(page.cut(found).iter().map(|backfill| json!(backfill)).collect(), total))
}

async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let found = api.state().backfill(&id).await?;
    Ok(Json(json!(found.ok_or_else(|| ApiError::not_found(format!("Backfill '{id}'")))?.value)))
}

async fn pause(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(json!(api.scheduler.pause_backfill(&id).await?)))
}

async fn resume(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(json!(api.scheduler.resume_backfill(&id).await?)))
}

async fn cancel(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(json!(api.scheduler.cancel_backfill(&id).await?)))
}
