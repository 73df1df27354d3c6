//! Searches flows.

use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::conditions::{SCOPES, in_scope, scopes};
use crate::queries::flows::listed::With;
use crate::request::{Compare, Condition, Field, FieldKind, Filter, Op, Page, Query, all_hold, paged};
use segue_api_types as types;
use segue_model::label::Label;
use segue_model::parse::flow_document;
use segue_ports::state::StoredFlow;

/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("id"),
    Field::text("flowId"),
    Field::text("namespace"),
    Field::new("labels", FieldKind::Labels),
    Field::new("scope", FieldKind::OneOf(SCOPES)),
    Field::new("updated", FieldKind::Date),
];
/// The fields that a search can be sorted by.
const SORTS: [(&str, Compare<StoredFlow>); 4] = [
    ("id", |left, right| left.id.cmp(&right.id)),
    ("namespace", |left, right| left.namespace.cmp(&right.namespace)),
    ("revision", |left, right| left.revision.cmp(&right.revision)),
    ("updated", |left, right| left.updated.cmp(&right.updated)),
];

/// The flows of a search, without their sources.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::ListedFlow>> {
    let page = Page::from_query(query)?;
    let with = With::from_query(query)?;
    let mut found = select(api, query).await?;
    page.arrange(&mut found, &SORTS)?;
    let total = found.len() as u64;
    Ok(paged(with.listed(api, &page.cut(found)).await?, total))
}

/// The flows that a query selects, by namespace and id.
pub(crate) async fn select(api: &Api, query: &Query) -> Answer<Vec<StoredFlow>> {
    let mut conditions = Vec::new();
    if let Some(text) = query.text("q") {
        conditions.push(condition("q", Op::Contains, text));
    }
    if let Some(namespace) = query.text("namespace") {
        conditions.push(condition("namespace", Op::Prefix, namespace));
    }
    for Label { key, value } in query.labels("labels")? {
        conditions.push(Condition { key: Some(key), ..condition("labels", Op::Equals, &value) });
    }
    conditions.extend(scopes(query)?);
    let mut filters = query.filters(FIELDS)?;
    filters.extend(conditions.into_iter().map(Filter::One));
    let mut found = Vec::new();
    for stored in api.state().flows(None).await? {
        if all_hold(&filters, &|condition| meets(condition, &stored))? {
            found.push(stored);
        }
    }
    Ok(found)
}

fn condition(field: &str, op: Op, value: &str) -> Condition {
    Condition { field: field.to_owned(), op, key: None, value: value.to_owned() }
}

fn meets(condition: &Condition, flow: &StoredFlow) -> Answer<bool> {
    match condition.field.as_str() {
        "namespace" => condition.holds_for(&flow.namespace),
        "flowId" | "id" => condition.holds_for(&flow.id),
        "q" if condition.is_negative() => Ok(condition.finds(&flow.id)? && condition.finds(&flow.namespace)?),
        "q" => Ok(condition.finds(&flow.id)? || condition.finds(&flow.namespace)?),
        "labels" => {
            let document = flow_document(&flow.source).unwrap_or_default();
            let written = document.get("labels").cloned().unwrap_or_default();
            let labels = segue_model::label::from_any(written).unwrap_or_default();
            condition.holds_for_labels(|key| {
                labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
            })
        }
        "scope" => in_scope(condition, &flow.namespace),
        "updated" => condition.holds_for_date(Some(flow.updated)),
        _ => Err(condition.unusable()),
    }
}
