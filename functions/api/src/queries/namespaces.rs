//! Namespaces that have flows, values, files or secrets, and the namespaces above them.

use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use segue_api_types as types;
use segue_files::namespace::folder;
use std::collections::BTreeMap;

/// Every namespace, and whether it has flows itself.
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

/// The namespaces of a search.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Namespace>> {
    let page = Page::from_query(query)?;
    let is_descending = page.order(&["id"])?.is_some_and(|(_, is_ascending)| !is_ascending);
    let (part, existing) =
        (query.text("q").unwrap_or_default().to_lowercase(), query.flag("existing", false)?);
    let mut found: Vec<(String, bool)> = known(api)
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

/// A namespace.
pub(crate) async fn one(api: &Api, namespace: String) -> Answer<types::Namespace> {
    folder(&namespace)?;
    let has_flows = !api.state().flows(Some(&namespace)).await?.is_empty();
    Ok(view(namespace, has_flows))
}

/// The names of the secrets that a namespace can read, never their values.
pub(crate) async fn secrets(
    api: &Api,
    namespace: &str,
    query: &Query,
) -> Answer<types::Page<types::SecretKey>> {
    folder(namespace)?;
    let page = Page::from_query(query)?;
    page.order(&["key"])?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let mut names = api.ports.secrets.names(namespace).await?;
    names.retain(|name| name.to_lowercase().contains(&part));
    let total = names.len() as u64;
    Ok(paged(page.cut(names).into_iter().map(|name| types::SecretKey { key: name }).collect(), total))
}
