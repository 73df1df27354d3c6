//! Saves, deletes, enables and disables several flows at once. If one flow is refused, none is changed.

use super::save::{forget, save};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::flows::search::select;
use crate::request::{JsonBody, Query, YamlBody};
use crate::source::{accepted, read, read_all};
use crate::view::flow::{flow, flow_with_source};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_api_types::FlowId;
use segue_ports::state::StoredFlow;
use std::collections::HashSet;

pub(super) async fn save_namespace(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
    YamlBody(source): YamlBody,
) -> Answer<Json<Vec<types::Flow>>> {
    // `override` says whether flows of other owners are replaced. Here every flow may be replaced.
    query.flag("override", true)?;
    let others_go = query.flag("delete", true)?;
    let others = if others_go { api.state().flows(Some(&namespace)).await? } else { Vec::new() };
    replace(&api, &source, &|other| other == namespace, others).await
}

pub(super) async fn save_all(
    State(api): State<Api>,
    query: Query,
    YamlBody(source): YamlBody,
) -> Answer<Json<Vec<types::Flow>>> {
    let with_children = query.flag("allowNamespaceChild", false)?;
    let mut others = if query.flag("delete", true)? { api.state().flows(None).await? } else { Vec::new() };
    let Some(namespace) = query.text("namespace") else {
        return replace(&api, &source, &|_| true, others).await;
    };
    let below = format!("{namespace}.");
    let is_inside = |other: &str| other == namespace || (with_children && other.starts_with(&below));
    others.retain(|flow| is_inside(&flow.namespace));
    replace(&api, &source, &is_inside, others).await
}

/// Saves the flows of a source and deletes the others. All flows must be in a namespace that `is_inside` accepts.
async fn replace(
    api: &Api,
    source: &str,
    is_inside: &(dyn Fn(&str) -> bool + Sync),
    others: Vec<StoredFlow>,
) -> Answer<Json<Vec<types::Flow>>> {
    let all = read_all(api, source);
    let mut flows = Vec::new();
    let mut names = HashSet::new();
    for parsed in &all {
        let flow = accepted(parsed)?;
        if !is_inside(&flow.namespace) {
            return Err(ApiError::invalid(
                "Invalid entity: flow.namespace: Flow namespace is invalid",
                Vec::new(),
            ));
        }
        if !names.insert((flow.namespace.clone(), flow.id.clone())) {
            return Err(ApiError::invalid("Invalid entity: flow.id: Duplicate flow id", Vec::new()));
        }
        flows.push((flow, parsed.source.as_str()));
    }
    let mut views = Vec::new();
    for other in others {
        if !names.contains(&(other.namespace.clone(), other.id.clone()))
            && forget(api, &other.namespace, &other.id).await?
        {
            views.push(flow(&StoredFlow { deleted: true, revision: other.revision + 1, ..other }));
        }
    }
    for (flow, source) in flows {
        views.push(flow_with_source(&save(api, flow, source).await?));
    }
    Ok(Json(views))
}

/// The flows with these names. Refuses the request with a list of the names that do not exist.
async fn by_ids(api: &Api, action: &str, ids: Vec<FlowId>) -> Answer<Vec<StoredFlow>> {
    let mut found = Vec::new();
    let mut invalids = Vec::new();
    for FlowId { namespace, id } in ids {
        match api.state().flow(&namespace, &id, None).await? {
            Some(flow) => found.push(flow),
            None => invalids.push((format!("{namespace}.{id}"), "flow not found".to_owned())),
        }
    }
    if invalids.is_empty() { Ok(found) } else { Err(ApiError::bulk(action, invalids)) }
}

async fn delete(api: &Api, flows: Vec<StoredFlow>) -> Answer<Json<types::Count>> {
    let mut count = 0;
    for flow in flows {
        count += u64::from(forget(api, &flow.namespace, &flow.id).await?);
    }
    Ok(Json(types::Count { count }))
}

pub(super) async fn delete_by_ids(
    State(api): State<Api>,
    JsonBody(ids): JsonBody<Vec<FlowId>>,
) -> Answer<Json<types::Count>> {
    let flows = by_ids(&api, "delete", ids).await?;
    delete(&api, flows).await
}

pub(super) async fn delete_by_query(State(api): State<Api>, query: Query) -> Answer<Json<types::Count>> {
    let flows = select(&api, &query).await?;
    delete(&api, flows).await
}

async fn set_disabled(api: &Api, flows: Vec<StoredFlow>, disabled: bool) -> Answer<Json<types::Count>> {
    let mut count = 0_u64;
    for stored in flows {
        let source = with_disabled(&stored.source, disabled);
        if source != stored.source {
            let parsed = read(api, &source);
            save(api, accepted(&parsed)?, &source).await?;
            count += 1;
        }
    }
    Ok(Json(types::Count { count }))
}

/// Sets or removes `disabled` in a source. The rest of the source does not change.
fn with_disabled(source: &str, disabled: bool) -> String {
    let is_it = |line: &&str| line.starts_with("disabled:");
    if source.lines().any(|line| is_it(&line)) {
        let line = |line: &str| {
            if is_it(&line.trim_end()) { format!("disabled: {disabled}\n") } else { line.to_owned() }
        };
        return source.split_inclusive('\n').map(line).collect();
    }
    if !disabled {
        return source.to_owned();
    }
    let end = if source.ends_with('\n') { "" } else { "\n" };
    format!("{source}{end}disabled: true\n")
}

pub(super) async fn enable_by_ids(
    State(api): State<Api>,
    JsonBody(ids): JsonBody<Vec<FlowId>>,
) -> Answer<Json<types::Count>> {
    let flows = by_ids(&api, "enable", ids).await?;
    set_disabled(&api, flows, false).await
}

pub(super) async fn enable_by_query(State(api): State<Api>, query: Query) -> Answer<Json<types::Count>> {
    let flows = select(&api, &query).await?;
    set_disabled(&api, flows, false).await
}

pub(super) async fn disable_by_ids(
    State(api): State<Api>,
    JsonBody(ids): JsonBody<Vec<FlowId>>,
) -> Answer<Json<types::Count>> {
    let flows = by_ids(&api, "disable", ids).await?;
    set_disabled(&api, flows, true).await
}

pub(super) async fn disable_by_query(State(api): State<Api>, query: Query) -> Answer<Json<types::Count>> {
    let flows = select(&api, &query).await?;
    set_disabled(&api, flows, true).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_line_changes() {
        assert_eq!(with_disabled("id: a\ntasks: []", true), "id: a\ntasks: []\ndisabled: true\n");
        assert_eq!(with_disabled("disabled: true # for now\nid: a\n", false), "disabled: false\nid: a\n");
        let nested = "id: a\ntasks:\n- disabled: true\n  disabled: true\n";
        assert_eq!(with_disabled(nested, false), nested);
    }
}
