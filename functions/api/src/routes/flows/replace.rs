//! Replaces a text in flows. Each changed flow gets a new revision.

use super::save::save;
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::flows::replace as queries;
use crate::request::JsonBody;
use crate::source::{accepted, read};
use crate::view::flow::flow_with_source;
use axum::Json;
use axum::extract::State;
use segue_api_types as types;
use types::{NotReplacedReason, Replacement};

pub(super) async fn preview(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::ReplacePreview>,
) -> Answer<Json<types::ReplacePreviewed>> {
    queries::preview(&api, &request).await.map(Json)
}

pub(super) async fn apply(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::ReplaceApply>,
) -> Answer<Json<types::Replaced>> {
    let mut replaced = types::Replaced { updated: Vec::new(), skipped: Vec::new() };
    for named in request.flows {
        replace(&api, named, &request.replacement, None, &mut replaced).await?;
    }
    Ok(Json(replaced))
}

pub(super) async fn line(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::ReplaceLine>,
) -> Answer<Json<types::Replaced>> {
    let mut replaced = types::Replaced { updated: Vec::new(), skipped: Vec::new() };
    let named = types::FlowId { namespace: request.namespace, id: request.id };
    let place = Some((request.line, request.column));
    replace(&api, named, &request.replacement, place, &mut replaced).await?;
    Ok(Json(replaced))
}

async fn replace(
    api: &Api,
    named: types::FlowId,
    wanted: &Replacement,
    place: Option<(u64, Option<u64>)>,
    replaced: &mut types::Replaced,
) -> Answer<()> {
    let mut skip = |reason, message| {
        let types::FlowId { namespace, id } = named.clone();
        replaced.skipped.push(types::NotReplaced { namespace, id, reason, message });
    };
    let Some(stored) = api.state().flow(&named.namespace, &named.id, None).await? else {
        skip(NotReplacedReason::NotFound, None);
        return Ok(());
    };
    let Some(source) = queries::new_source(&stored.source, wanted, place)? else {
        skip(NotReplacedReason::NoMatch, None);
        return Ok(());
    };
    if source == stored.source {
        skip(NotReplacedReason::NoChange, None);
        return Ok(());
    }
    let parsed = read(api, &source);
    match accepted(&parsed) {
        Err(refusal) => skip(NotReplacedReason::InvalidFlow, Some(refusal.all())),
        Ok(flow) if flow.id != stored.id || flow.namespace != stored.namespace => {
            skip(NotReplacedReason::InvalidFlow, Some("a flow keeps its id and its namespace".to_owned()));
        }
        Ok(flow) => replaced.updated.push(flow_with_source(&save(api, flow, &source).await?)),
    }
    Ok(())
}
