//! The KV store.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use crate::view::kv::{key as key_view, value as value_view};
use jiff::Timestamp;
use segue_api_types as types;
use segue_files::namespace::folder;
use segue_ports::kv::KvEntry;
use std::cmp::Ordering;

/// The fields by which a search can be sorted.
const ORDERS: [&str; 5] = ["key", "namespace", "creationDate", "updateDate", "expirationDate"];

/// Compares two keys by one of [`ORDERS`]. A key that does not expire comes after all that do.
fn compare(field: &str, one: &KvEntry, other: &KvEntry) -> Ordering {
    match field {
        "namespace" => one.namespace.cmp(&other.namespace),
        "creationDate" => one.created.cmp(&other.created),
        "updateDate" => one.updated.cmp(&other.updated),
        "expirationDate" => {
            one.expires.unwrap_or(Timestamp::MAX).cmp(&other.expires.unwrap_or(Timestamp::MAX))
        }
        _ => one.key.cmp(&other.key),
    }
}

/// The keys of a namespace.
pub(crate) async fn list(api: &Api, namespace: &str) -> Answer<Vec<types::KvKey>> {
    folder(namespace)?;
    Ok(api.state().kv_entries(namespace, api.now()).await?.iter().map(key_view).collect())
}

/// The keys that a namespace inherits from the namespaces above it, nearest namespace first.
pub(crate) async fn inherited(api: &Api, namespace: &str) -> Answer<Vec<types::KvKey>> {
    folder(namespace)?;
    let mut found = Vec::new();
    let mut above = namespace;
    while let Some((parent, _)) = above.rsplit_once('.') {
        found.extend(api.state().kv_entries(parent, api.now()).await?.iter().map(key_view));
        above = parent;
    }
    Ok(found)
}

/// The keys of a search in all namespaces, or in the namespace that the query names.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::KvKey>> {
    let page = Page::from_query(query)?;
    let order = page.order(&ORDERS)?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let wanted = query.text("namespace");
    let mut found: Vec<KvEntry> = Vec::new();
    for namespace in api.state().kv_namespaces().await? {
        let fits = wanted.is_none_or(|wanted| {
            namespace.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if fits {
            found.extend(api.state().kv_entries(&namespace, api.now()).await?);
        }
    }
    found.retain(|entry| entry.key.to_lowercase().contains(&part));
    if let Some((field, is_ascending)) = order {
        found.sort_by(|one, other| {
            let found = compare(field, one, other);
            if is_ascending { found } else { found.reverse() }
        });
    }
    let total = found.len() as u64;
    Ok(paged(page.cut(found).iter().map(key_view).collect(), total))
}

/// A value with its type.
pub(crate) async fn value(api: &Api, namespace: &str, key: &str) -> Answer<types::KvValue> {
    folder(namespace)?;
    let found = api.state().kv(namespace, key, api.now()).await?;
    let entry =
        found.ok_or_else(|| ApiError::not_found(format!("Key '{key}' of namespace '{namespace}'")))?;
    Ok(value_view(entry))
}
