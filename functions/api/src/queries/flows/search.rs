//! Searches flows.

use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Condition, Op, Page, Query, paged};
use crate::view::flow::flow;
use segue_api_types as types;
use segue_model::label::Label;
use segue_model::parse::flow_document;
use segue_ports::state::StoredFlow;

/// The namespace of the system's own flows.
const SYSTEM: &str = "system";

/// The flows of a search, without their sources.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Flow>> {
    let page = Page::from_query(query)?;
    let order = page.order(&["id", "namespace", "revision", "updated"])?;
    let mut found = select(api, query).await?;
    if let Some((field, is_ascending)) = order {
        found.sort_by(|left, right| match field {
            "id" => left.id.cmp(&right.id),
            "revision" => left.revision.cmp(&right.revision),
            "updated" => left.updated.cmp(&right.updated),
            _ => left.namespace.cmp(&right.namespace),
        });
        if !is_ascending {
            found.reverse();
        }
    }
    let total = found.len() as u64;
    Ok(paged(page.cut(found).iter().map(flow).collect(), total))
}

/// The flows that a query selects, by namespace and id.
pub(crate) async fn select(api: &Api, query: &Query) -> Answer<Vec<StoredFlow>> {
    let mut conditions = query.conditions()?;
    if let Some(text) = query.text("q") {
        conditions.push(condition("q", Op::Contains, text));
    }
    if let Some(namespace) = query.text("namespace") {
        conditions.push(condition("namespace", Op::Prefix, namespace));
    }
    for Label { key, value } in query.labels("labels")? {
        conditions.push(Condition { key: Some(key), ..condition("labels", Op::Equals, &value) });
    }
    let scopes: Vec<&str> = query.all("scope").flat_map(|scope| scope.split(',')).collect();
    if let [scope] = scopes[..] {
        conditions.push(condition("scope", Op::Equals, scope));
    }
    let mut found = Vec::new();
    for stored in api.state().flows(None).await? {
        if meets(&stored, &conditions)? {
            found.push(stored);
        }
    }
    Ok(found)
}

fn condition(field: &str, op: Op, value: &str) -> Condition {
    Condition { field: field.to_owned(), op, key: None, value: value.to_owned() }
}

fn meets(flow: &StoredFlow, conditions: &[Condition]) -> Answer<bool> {
    for condition in conditions {
        let holds = match condition.field.as_str() {
            "namespace" => condition.holds_for(&flow.namespace)?,
            "flowId" | "id" => condition.holds_for(&flow.id)?,
            "q" => {
                let part = condition.value.to_lowercase();
                let part = part.trim_matches('*');
                flow.id.to_lowercase().contains(part) || flow.namespace.to_lowercase().contains(part)
            }
            "labels" => has_label(flow, condition)?,
            "scope" => {
                let is_system = flow.namespace == SYSTEM || flow.namespace.starts_with("system.");
                is_system == condition.value.eq_ignore_ascii_case("SYSTEM")
            }
            _ => return Err(condition.unusable()),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_label(flow: &StoredFlow, condition: &Condition) -> Answer<bool> {
    let document = flow_document(&flow.source).unwrap_or_default();
    let written = document.get("labels").cloned().unwrap_or_default();
    let labels = segue_model::label::from_any(written).unwrap_or_default();
    let Some(key) = &condition.key else { return Err(condition.unusable()) };
    let value = labels.iter().find(|label| label.key == *key).map(|label| label.value.as_str());
    match condition.op {
        Op::NotEquals | Op::NotIn => value.map_or(Ok(true), |value| condition.holds_for(value)),
        _ => value.map_or(Ok(false), |value| condition.holds_for(value)),
    }
}
