//! Concurrency limits of flows.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, get, json, put};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::concurrency as queries;
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/concurrency-limit/search", search)
            .is("searchConcurrencyLimits", "Lists the flows with a concurrency limit, and how many executions hold a permit.")
            .takes(&PAGE),
        put("/concurrency-limit/{namespace}/{flowId}", update)
            .is(
                "updateConcurrencyLimit",
                "Confirms how many executions of a flow hold a permit. Refuses another number: the number follows the executions.",
            )
            .body(json::<types::ConcurrencyUpdate>())
            .refuses(&[404]),
    ]
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::ConcurrencyLimit>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn update(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    JsonBody(wanted): JsonBody<types::ConcurrencyUpdate>,
) -> Answer<Json<types::ConcurrencyLimit>> {
    queries::update(&api, (&namespace, &id), &wanted).await.map(Json)
}
