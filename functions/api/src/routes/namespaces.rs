//! Namespaces: those that hold something, and those above them.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get, json};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::flows::dependencies;
use crate::request::{Page, Query, paged};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_files::namespace::folder;
use std::collections::BTreeMap;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/namespaces/search", search)
            .is("searchNamespaces", "Namespaces; `disabled` says that one holds no flow itself.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "A part of the name."),
                Param::new("existing", Kind::Flag, "Only those that hold flows."),
            ])
            .answers(json::<types::Page<types::Namespace>>()),
        get("/namespaces/{namespace}", one)
            .is("namespace", "A namespace.")
            .answers(json::<types::Namespace>())
            .refuses(&[422]),
        get("/namespaces/{namespace}/dependencies", depends)
            .is("namespaceDependencies", "Which flows of a namespace call which.")
            .answers(json::<types::Dependencies>()),
        get("/namespaces/{namespace}/secrets", secrets)
            .is("secrets", "The names of the secrets a namespace sees, never what they are.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "A part of the name.")])
            .answers(json::<types::Page<types::SecretKey>>()),
    ]
}

/// Every namespace with whether it holds flows itself.
async fn known(api: &Api) -> Answer<BTreeMap<String, bool>> {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for flow in api.state().flows(None).await? {
        known.insert(flow.namespace, true);
    }
    for namespace in api.state().kv_namespaces().await? {
        known.entry(namespace).or_default();
    }
    let names: Vec<String> = known.keys().cloned().collect();
    for name in names {
        let mut above = name.as_str();
        while let Some((parent, _)) = above.rsplit_once('.') {
            known.entry(parent.to_owned()).or_default();
            above = parent;
        }
    }
    Ok(known)
}

fn view(id: String, has_flows: bool) -> types::Namespace {
    types::Namespace { id, disabled: !has_flows }
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Namespace>>> {
    let page = Page::from_query(&query)?;
    let is_descending = page.order(&["id"])?.is_some_and(|(_, is_ascending)| !is_ascending);
    let (part, existing) =
        (query.text("q").unwrap_or_default().to_lowercase(), query.flag("existing", false)?);
    let mut found: Vec<(String, bool)> = known(&api)
        .await?
        .into_iter()
        .filter(|(id, has_flows)| id.to_lowercase().contains(&part) && (*has_flows || !existing))
        .collect();
    if is_descending {
        found.reverse();
    }
    let total = found.len() as u64;
    Ok(paged(page.cut(found).into_iter().map(|(id, has_flows)| view(id, has_flows)).collect(), total))
}

async fn one(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<types::Namespace>> {
    folder(&namespace)?;
    let has_flows = !api.state().flows(Some(&namespace)).await?.is_empty();
    Ok(Json(view(namespace, has_flows)))
}

async fn depends(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<types::Dependencies>> {
    let edges = dependencies::edges(&api).await?.into_iter();
    let edges = edges.filter(|(from, to, _)| from.0 == namespace || to.0 == namespace).collect();
    Ok(Json(dependencies::view(edges, None)))
}

async fn secrets(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::Page<types::SecretKey>>> {
    folder(&namespace)?;
    let page = Page::from_query(&query)?;
    page.order(&["key"])?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let mut names = api.ports.secrets.names(&namespace).await?;
    names.retain(|name| name.to_lowercase().contains(&part));
    let total = names.len() as u64;
    Ok(paged(page.cut(names).into_iter().map(|name| types::SecretKey { key: name }).collect(), total))
}
