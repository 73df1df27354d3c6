//! Namespaces that have flows, values, files or secrets, and the namespaces above them.

use crate::error::Answer;
use crate::parts::Api;
use crate::queries::secrets;
use crate::request::{Compare, Condition, Field, FieldKind, Page, Query, all_hold, paged};
use segue_api_types as types;
use segue_files::namespace::{folder, with_files};
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
    // Where requests are billed, a look at every folder of internal storage costs too much.
    if api.ports.usage.is_none() {
        for namespace in with_files(&api.ports.storage).await? {
            known.entry(namespace).or_default();
        }
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

/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("id"),
    Field::text("namespace"),
    Field::new("existingOnly", FieldKind::OneOf(&["true", "false"])),
];

/// The namespaces of a search.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Namespace>> {
    let page = Page::from_query(query)?;
    let (part, existing) =
        (query.text("q").unwrap_or_default().to_lowercase(), query.flag("existing", false)?);
    let filters = query.filters(FIELDS)?;
    let mut found: Vec<(String, bool)> = Vec::new();
    for (id, has_flows) in known(api).await? {
        let meets = |condition: &Condition| match condition.field.as_str() {
            "q" => condition.finds(&id),
            "existingOnly" => Ok(has_flows || !condition.holds_for("true")?),
            _ => condition.holds_for(&id),
        };
        if id.to_lowercase().contains(&part) && (has_flows || !existing) && all_hold(&filters, &meets)? {
            found.push((id, has_flows));
        }
    }
    page.arrange(&mut found, &[("id", |left, right| left.0.cmp(&right.0))])?;
    let total = found.len() as u64;
    Ok(paged(page.cut(found).into_iter().map(|(id, has_flows)| view(id, has_flows)).collect(), total))
}

/// The names of the namespaces that contain a text. `ids` are always among them if they exist.
pub(crate) async fn complete(api: &Api, request: &types::Autocomplete) -> Answer<Vec<String>> {
    let part = request.q.as_deref().unwrap_or_default().to_lowercase();
    let existing = request.existing_only.unwrap_or_default();
    let is_named = |id: &String| request.ids.as_ref().is_some_and(|ids| ids.contains(id));
    let found = known(api).await?.into_iter().filter(|(id, has_flows)| {
        is_named(id) || (id.to_lowercase().contains(&part) && (*has_flows || !existing))
    });
    Ok(found.map(|(id, _)| id).collect())
}

/// A namespace.
pub(crate) async fn one(api: &Api, namespace: String) -> Answer<types::Namespace> {
    folder(&namespace)?;
    let has_flows = !api.state().flows(Some(&namespace)).await?.is_empty();
    Ok(view(namespace, has_flows))
}

/// The names of the secrets that a namespace can read, never their values.
pub(crate) async fn secrets(api: &Api, namespace: &str, query: &Query) -> Answer<types::SecretPage> {
    folder(namespace)?;
    let page = Page::from_query(query)?;
    let keys = secrets::of_namespace(api, namespace).await?;
    secret_page(keys, &page, query, SECRET_FIELDS)
}

/// The fields of a search of the secrets of one namespace.
pub(crate) const SECRET_FIELDS: &[Field] = &[Field::text("q"), Field::text("key")];
/// The fields of a search of all secrets.
pub(crate) const ALL_SECRET_FIELDS: &[Field] =
    &[Field::text("q"), Field::text("key"), Field::text("namespace")];

/// The names of the secrets of all namespaces, each with the outermost namespace that can read it.
pub(crate) async fn all_secrets(api: &Api, query: &Query) -> Answer<types::SecretPage> {
    let page = Page::from_query(query)?;
    let mut keys: Vec<types::SecretKey> = Vec::new();
    // A namespace comes before the namespaces below it.
    for namespace in known(api).await?.into_keys() {
        for key in api.ports.secrets.names(&namespace).await? {
            let is_above = |other: &types::SecretKey| {
                other.key == key
                    && other.namespace.as_deref().is_some_and(|above| {
                        namespace.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
                    })
            };
            if !keys.iter().any(is_above) {
                let namespace = Some(namespace.clone());
                keys.push(types::SecretKey { key, namespace, ..types::SecretKey::default() });
            }
        }
    }
    secret_page(keys, &page, query, ALL_SECRET_FIELDS)
}

fn secret_page(
    keys: Vec<types::SecretKey>,
    page: &Page,
    query: &Query,
    fields: &[Field],
) -> Answer<types::SecretPage> {
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let filters = query.filters(fields)?;
    let mut found = Vec::new();
    for key in keys.into_iter().filter(|secret| secret.key.to_lowercase().contains(&part)) {
        let meets = |condition: &Condition| match condition.field.as_str() {
            "q" => condition.finds(&key.key),
            "key" => condition.holds_for(&key.key),
            _ => condition.holds_for_maybe(key.namespace.as_deref()),
        };
        if all_hold(&filters, &meets)? {
            found.push(key);
        }
    }
    let sorts: [(&str, Compare<types::SecretKey>); 2] = [
        ("key", |left, right| left.key.cmp(&right.key)),
        ("namespace", |left, right| left.namespace.cmp(&right.namespace)),
    ];
    page.arrange(&mut found, &sorts)?;
    let total = found.len() as u64;
    Ok(types::SecretPage { read_only: false, results: page.cut(found), total })
}

/// The names of the secrets that a namespace can read, by the namespace that can read them: the namespace itself and
/// the namespaces above it. A secret of an outer namespace is listed there only.
pub(crate) async fn inherited_secrets(api: &Api, namespace: &str) -> Answer<BTreeMap<String, Vec<String>>> {
    folder(namespace)?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen: Vec<String> = Vec::new();
    let ends = namespace.match_indices('.').map(|(at, _)| at).chain([namespace.len()]);
    for level in ends.filter_map(|end| namespace.get(..end)) {
        let mut names = api.ports.secrets.names(level).await?;
        names.retain(|name| !seen.contains(name));
        seen.extend(names.iter().cloned());
        found.insert(level.to_owned(), names);
    }
    Ok(found)
}
