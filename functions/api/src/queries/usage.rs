//! Counts of flows and executions.

use crate::error::Answer;
use crate::parts::Api;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use segue_api_types as types;
use segue_model::Json as Value;
use segue_model::parse::flow_document;
use segue_model::state::State;
use segue_ports::state::ExecutionFilter;
use std::collections::{BTreeMap, BTreeSet};

/// What is stored: all flows, and the executions of today and of the day before.
pub(crate) async fn all(api: &Api) -> Answer<types::Usage> {
    let mut flows = types::FlowUsage::default();
    let mut namespaces = BTreeSet::new();
    for stored in api.state().flows(None).await? {
        flows.count += 1;
        for (part, value) in flow_document(&stored.source).unwrap_or_default() {
            match part.as_str() {
                "triggers" => count_types(&value, &mut flows.trigger_type_count),
                "tasks" | "errors" | "finally" | "afterExecution" => {
                    count_types(&value, &mut flows.task_type_count);
                }
                _ => {}
            }
        }
        namespaces.insert(stored.namespace);
    }
    flows.namespaces_count = namespaces.len() as u64;
    let today = api.now().to_zoned(TimeZone::UTC).date();
    let mut days = Vec::new();
    for day in [today.checked_sub(1.day()).unwrap_or(today), today] {
        let Ok(start) = day.to_zoned(TimeZone::UTC) else { continue };
        let end = start.timestamp() + SignedDuration::from_hours(24) - SignedDuration::from_nanos(1);
        let mut counts = BTreeMap::new();
        for state in State::ALL {
            let filter = ExecutionFilter {
                states: vec![state],
                start: Some(start.timestamp()),
                end: Some(end),
                ..ExecutionFilter::default()
            };
            counts.insert(state.to_string(), api.state().count_executions(&filter).await?);
        }
        days.push(types::DailyExecutions {
            start_date: start.timestamp(),
            execution_counts: counts,
            group_by: "DAY".to_owned(),
        });
    }
    Ok(types::Usage { flows, executions: types::ExecutionUsage { daily_executions_count: days } })
}

/// Counts the types of things that have an id.
fn count_types(value: &Value, counts: &mut BTreeMap<String, u64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| count_types(item, counts)),
        Value::Object(map) => {
            if let (Some(_), Some(Value::String(name))) = (map.get("id"), map.get("type")) {
                *counts.entry(name.clone()).or_default() += 1;
            }
            map.values().for_each(|inner| count_types(inner, counts));
        }
        _ => {}
    }
}
