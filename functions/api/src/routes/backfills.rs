//! Backfills. Each backfill has its own record, and several can run at once. The record stays after the end.
//!
//! `POST /backfills` starts a backfill. Its body has the same form as a message to the topic of backfills:
//!
//! ```json
//! {"namespace": "company.team", "flowId": "taxi", "triggerId": "monthly", "start": "2021-01-01", "end": "2021-07-31",
//!  "inputs": {"taxi": "green"}, "labels": {"backfill": "true"}, "mode": "MISSING", "maxActive": 1}
//! ```
//!
//! `start` and `end` are both included. A date means the day in the time zone of the schedule.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get, json, post};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::backfills::{self as queries, STATES};
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::backfill::BackfillRequest;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = |endpoint: Endpoint| endpoint.refuses(&[404, 409]);
    vec![
        one(post("/backfills", start)
            .is(
                "startBackfill",
                "Starts a backfill: runs the fire times of a schedule between two dates, both included.",
            )
            .body(json::<types::BackfillRequest>())),
        post("/backfills/preview", preview)
            .is(
                "previewBackfill",
                "Lists the fire times of a backfill, and which of them would run. Starts nothing.",
            )
            .takes(&[Param::new(
                "most",
                Kind::Number(1),
                "If there are more fire times, they are counted by day or by month. Default: no limit.",
            )])
            .body(json::<types::BackfillRequest>())
            .refuses(&[404, 409]),
        get("/backfills", list).is("backfills", "Lists backfills, newest first.").takes(&PAGE).takes(&[
            Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
            Param::new("flowId", Kind::Text, "Only this flow."),
            Param::new("triggerId", Kind::Text, "Only this trigger."),
            Param::new("state", Kind::ManyOf(STATES), "Only entries in one of these states."),
        ]),
        one(get("/backfills/{id}", show).is("backfill", "Returns a backfill.")),
        one(post("/backfills/{id}/pause", pause)
            .is("pauseBackfill", "Pauses a backfill. Running executions continue.")),
        one(post("/backfills/{id}/resume", resume).is("resumeBackfill", "Resumes a paused backfill.")),
        one(post("/backfills/{id}/cancel", cancel)
            .is("cancelBackfill", "Cancels a backfill. Running executions continue.")),
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
    query: Query,
    JsonBody(request): JsonBody<BackfillRequest>,
) -> Answer<Json<types::BackfillPreview>> {
    queries::preview(&api, &request, &query).await.map(Json)
}

async fn list(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Backfill>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::Backfill>> {
    queries::one(&api, &id).await.map(Json)
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
