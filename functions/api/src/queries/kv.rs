//! The KV store.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Compare, Condition, Field, FieldKind, Page, Query, all_hold, paged};
use crate::view::kv::{key as key_view, value as value_view};
use jiff::Timestamp;
use segue_api_types as types;
use segue_files::namespace::folder;
use segue_ports::kv::KvEntry;

/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("key"),
    Field::text("namespace"),
    Field::new("created", FieldKind::Date),
    Field::new("updated", FieldKind::Date),
    Field::new("expirationDate", FieldKind::Date),
];
/// The fields that a search can be sorted by.
const SORTS: [(&str, Compare<KvEntry>); 5] = [
    ("key", |left, right| left.key.cmp(&right.key)),
    ("namespace", |left, right| left.namespace.cmp(&right.namespace)),
    ("creationDate", |left, right| left.created.cmp(&right.created)),
    ("updateDate", |left, right| left.updated.cmp(&right.updated)),
    // A key that does not expire comes after all that do.
    ("expirationDate", |left, right| {
        left.expires.unwrap_or(Timestamp::MAX).cmp(&right.expires.unwrap_or(Timestamp::MAX))
    }),
];

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

/// The keys of a search in all namespaces, or in the namespaces that the query names.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::KvKey>> {
    let page = Page::from_query(query)?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let wanted = query.text("namespace");
    let filters = query.filters(FIELDS)?;
    let mut found: Vec<KvEntry> = Vec::new();
    for namespace in api.state().kv_namespaces().await? {
        let fits = wanted.is_none_or(|wanted| {
            namespace.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if fits {
            found.extend(api.state().kv_entries(&namespace, api.now()).await?);
        }
    }
    let mut kept = Vec::new();
    for entry in found.into_iter().filter(|entry| entry.key.to_lowercase().contains(&part)) {
        if all_hold(&filters, &|condition| meets(condition, &entry))? {
            kept.push(entry);
        }
    }
    page.arrange(&mut kept, &SORTS)?;
    let total = kept.len() as u64;
    Ok(paged(page.cut(kept).iter().map(key_view).collect(), total))
}

fn meets(condition: &Condition, entry: &KvEntry) -> Answer<bool> {
    match condition.field.as_str() {
        "q" => condition.finds(&entry.key),
        "key" => condition.holds_for(&entry.key),
        "namespace" => condition.holds_for(&entry.namespace),
        "created" => condition.holds_for_date(Some(entry.created)),
        "updated" => condition.holds_for_date(Some(entry.updated)),
        "expirationDate" => condition.holds_for_date(entry.expires),
        _ => Err(condition.unusable()),
    }
}

/// A value with its type.
pub(crate) async fn value(api: &Api, namespace: &str, key: &str) -> Answer<types::KvValue> {
    folder(namespace)?;
    let found = api.state().kv(namespace, key, api.now()).await?;
    let entry =
        found.ok_or_else(|| ApiError::not_found(format!("Key '{key}' of namespace '{namespace}'")))?;
    Ok(value_view(entry))
}
