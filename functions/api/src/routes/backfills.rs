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
            .is("startBackfill", "Runs the slots of a schedule between two dates, both inclusive.")
            .body(json::<types::BackfillRequest>())),
        post("/backfills/preview", preview)
            .is(
                "previewBackfill",
                "The slots a backfill has, and which of them it would run; nothing is started.",
            )
            .body(json::<types::BackfillRequest>())
            .refuses(&[404, 409]),
        get("/backfills", list).is("backfills", "Backfills, newest first.").takes(&PAGE).takes(&[
            Param::new("namespace", Kind::Text, "This namespace and those below it."),
            Param::new("flowId", Kind::Text, "This flow."),
            Param::new("triggerId", Kind::Text, "This trigger."),
            Param::new("state", Kind::ManyOf(STATES), "In one of these states."),
        ]),
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
    queries::preview(&api, &request).await.map(Json)
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
