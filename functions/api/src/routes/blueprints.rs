//! Flows to start from.

use crate::endpoint::{Endpoint, get};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::blueprints as queries;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/blueprints", list).is("blueprints", "Lists flows to start from, the simplest first."),
        get("/blueprints/{id}", one)
            .is("blueprint", "Returns a flow to start from, with its source and its tests.")
            .refuses(&[404]),
    ]
}

async fn list(State(api): State<Api>) -> Answer<Json<Vec<types::Blueprint>>> {
    queries::list(&api).map(Json)
}

async fn one(State(api): State<Api>, Path(id): Path<String>) -> Answer<Json<types::BlueprintSource>> {
    queries::one(&api, &id).map(Json)
}
