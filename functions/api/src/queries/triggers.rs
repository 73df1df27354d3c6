//! Triggers with their states.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::conditions::{SCOPES, in_scope};
use crate::request::{Compare, Condition, Field, FieldKind, Filter, Page, Query, all_hold, paged};
use crate::view::csv;
use segue_api_types as types;
use segue_model::Map;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::schedule::{BackfillFilter, TriggerFilter};

/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("namespace"),
    Field::text("flowId"),
    Field::text("triggerId"),
    Field::text("executionId"),
    Field::new("triggerState", FieldKind::OneOf(&["ENABLED", "DISABLED"])),
    Field::new("locked", FieldKind::OneOf(&["true", "false"])),
    Field::new("nextExecutionDate", FieldKind::Date),
    Field::new("lastTriggeredDate", FieldKind::Date),
    Field::new("updated", FieldKind::Date),
    Field::new("startDate", FieldKind::Date),
    Field::new("endDate", FieldKind::Date),
    Field::new("timeRange", FieldKind::TimeRange),
    Field::new("scope", FieldKind::OneOf(SCOPES)),
];
/// The fields that a search can be sorted by.
const SORTS: [(&str, Compare<TriggerState>); 6] = [
    ("namespace", |left, right| left.key.cmp(&right.key)),
    ("flowId", |left, right| left.key.flow_id.cmp(&right.key.flow_id)),
    ("triggerId", |left, right| left.key.trigger_id.cmp(&right.key.trigger_id)),
    ("nextExecutionDate", |left, right| left.next_execution_date.cmp(&right.next_execution_date)),
    ("date", |left, right| left.date.cmp(&right.date)),
    ("updatedDate", |left, right| left.updated_date.cmp(&right.updated_date)),
];
/// The values of `dateFilter`.
pub(crate) const DATES: &[&str] = &["NEXT_EXECUTION_DATE", "LAST_TRIGGERED_DATE"];

/// The triggers of a search, with their states.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::TriggerHit>> {
    let page = Page::from_query(query)?;
    let mut found = select(api, query).await?;
    page.arrange(&mut found, &SORTS)?;
    let total = found.len() as u64;
    Ok(paged(hits(api, page.cut(found)).await?, total))
}

/// Triggers with their declarations and their oldest unfinished backfills.
pub(crate) async fn hits(api: &Api, states: Vec<TriggerState>) -> Answer<Vec<types::TriggerHit>> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let backfills = under_way(api, None).await?;
    let mut hits = Vec::new();
    for state in states {
        let backfill = backfills.iter().rev().find(|backfill| backfill.trigger == state.key);
        let plan = api.executor.plan(&state.key.namespace, &state.key.flow_id, None).await;
        let declared = plan
            .ok()
            .and_then(|plan| plan.flow.trigger(&state.key.trigger_id).map(types::TriggerDeclaration::from));
        let trigger_context = shown(api, &state, backfill);
        hits.push(types::TriggerHit { abstract_trigger: declared, trigger_context });
    }
    Ok(hits)
}

/// The columns of a table of triggers.
pub(crate) const COLUMNS: [&str; 8] = [
    "namespace",
    "flowId",
    "triggerId",
    "date",
    "nextExecutionDate",
    "disabled",
    "executionId",
    "updatedDate",
];

/// The triggers of a search as the rows of a table.
pub(crate) async fn rows(api: &Api, query: &Query) -> Answer<Vec<Vec<String>>> {
    let row = |state: &TriggerState| {
        vec![
            state.key.namespace.clone(),
            state.key.flow_id.clone(),
            state.key.trigger_id.clone(),
            csv::date(state.date),
            csv::date(state.next_execution_date),
            state.disabled.to_string(),
            state.execution_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            state.updated_date.to_string(),
        ]
    };
    Ok(select(api, query).await?.iter().map(row).collect())
}

/// The states of the triggers of a flow.
pub(crate) async fn of_flow(
    api: &Api,
    namespace: String,
    flow_id: String,
    query: &Query,
) -> Answer<types::Page<types::Trigger>> {
    let page = Page::from_query(query)?;
    let filter = TriggerFilter { namespace: Some(namespace.clone()), flow_id: Some(flow_id) };
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let mut found = api.state().triggers(&filter).await?;
    found.retain(|state| {
        state.key.namespace == namespace && state.key.trigger_id.to_lowercase().contains(&part)
    });
    page.arrange(&mut found, &SORTS)?;
    let total = found.len() as u64;
    let mut views = Vec::new();
    for state in page.cut(found) {
        views.push(view(api, &state).await?);
    }
    Ok(paged(views, total))
}

/// The unfinished backfills, of all triggers or of one.
pub(crate) async fn under_way(api: &Api, key: Option<&TriggerKey>) -> Answer<Vec<Backfill>> {
    let filter = BackfillFilter {
        namespace: key.map(|key| key.namespace.clone()),
        flow_id: key.map(|key| key.flow_id.clone()),
        trigger_id: key.map(|key| key.trigger_id.clone()),
        states: vec![BackfillState::Running, BackfillState::Paused],
        ..BackfillFilter::default()
    };
    let mut found = api.state().backfills(&filter).await?;
    found.retain(|backfill| key.is_none_or(|key| backfill.trigger == *key));
    Ok(found)
}

/// The state of a trigger in the shape of the API, with its oldest unfinished backfill.
pub(crate) async fn view(api: &Api, state: &TriggerState) -> Answer<types::Trigger> {
    let backfills = under_way(api, Some(&state.key)).await?;
    Ok(shown(api, state, backfills.last()))
}

/// A trigger in the shape of the API. A realtime trigger fires when a message comes, so nobody knows its next fire time:
/// what its state has there is when it is connected again.
fn shown(api: &Api, state: &TriggerState, backfill: Option<&Backfill>) -> types::Trigger {
    let mut trigger = types::Trigger::new(state, backfill);
    let written = serde_json::from_str::<(String, Map)>(&state.definition);
    if written.is_ok_and(|(type_name, _)| api.catalog.is_realtime(&type_name)) {
        trigger.next_execution_date = None;
    }
    trigger
}

pub(crate) async fn stored(api: &Api, key: &TriggerKey) -> Answer<TriggerState> {
    let found = api.state().trigger(key).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(format!("Trigger '{key}'")))?.value)
}

/// The triggers of a query.
pub(crate) async fn select(api: &Api, query: &Query) -> Answer<Vec<TriggerState>> {
    let text = |name: &str| query.text(name).map(str::to_owned);
    let filter = TriggerFilter { namespace: text("namespace"), flow_id: text("flowId") };
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let by_last = match query.text("dateFilter") {
        None | Some("NEXT_EXECUTION_DATE") => false,
        Some("LAST_TRIGGERED_DATE") => true,
        Some(other) => {
            return Err(ApiError::argument(format!(
                "dateFilter is '{other}': {} is expected",
                DATES.join(" or ")
            )));
        }
    };
    let mut found = selected(api, &filter, &query.filters(FIELDS)?, by_last).await?;
    found.retain(|state| {
        state.key.to_string().to_lowercase().contains(&part)
            && query.text("triggerId").is_none_or(|id| state.key.trigger_id == id)
    });
    Ok(found)
}

/// The triggers that meet all filters. `by_last`: conditions on `startDate`, `endDate` and `timeRange` are about the
/// last fire time, and otherwise about the next one.
pub(crate) async fn selected(
    api: &Api,
    filter: &TriggerFilter,
    filters: &[Filter],
    by_last: bool,
) -> Answer<Vec<TriggerState>> {
    let now = api.now();
    let meets = |condition: &Condition, state: &TriggerState| {
        let date = if by_last { state.date } else { state.next_execution_date };
        match condition.field.as_str() {
            "q" => condition.finds(&state.key.to_string()),
            "namespace" => condition.holds_for(&state.key.namespace),
            "flowId" => condition.holds_for(&state.key.flow_id),
            "triggerId" => condition.holds_for(&state.key.trigger_id),
            "executionId" => condition.holds_for_maybe(state.execution_id.as_ref().map(|id| id.as_str())),
            "triggerState" => condition.holds_for(if state.disabled { "DISABLED" } else { "ENABLED" }),
            "locked" => condition.holds_for(if state.execution_id.is_some() { "true" } else { "false" }),
            "nextExecutionDate" => condition.holds_for_date(state.next_execution_date),
            "lastTriggeredDate" => condition.holds_for_date(state.date),
            "updated" => condition.holds_for_date(Some(state.updated_date)),
            "startDate" | "endDate" => condition.holds_for_date(date),
            "timeRange" => {
                let start = now.checked_sub(condition.range()?).ok();
                Ok(date.is_some_and(|date| start.is_none_or(|start| date >= start)))
            }
            "scope" => in_scope(condition, &state.key.namespace),
            _ => Err(condition.unusable()),
        }
    };
    let mut found = Vec::new();
    for state in api.state().triggers(filter).await? {
        if all_hold(filters, &|condition| meets(condition, &state))? {
            found.push(state);
        }
    }
    Ok(found)
}
