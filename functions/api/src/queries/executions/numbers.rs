//! Tables and numbers about many executions.

use super::search::{Selection, lasted};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use crate::view::csv;
use segue_api_types as types;
use segue_model::duration::iso_duration;
use segue_model::execution::Execution;
use segue_ports::state::ExecutionFilter;
use std::collections::BTreeSet;

/// How many of the newest executions of a flow an average is made of.
const NEWEST: u32 = 100;
/// The fields with distinct values, under the names of Kestra's filters.
pub(crate) const FIELDS: &[&str] =
    &["NAMESPACE", "FLOW_ID", "STATE", "LABELS", "TRIGGER_ID", "TRIGGER_EXECUTION_ID", "PARENT_ID"];
/// The columns of a table of executions.
pub(crate) const COLUMNS: [&str; 11] = [
    "id",
    "namespace",
    "flowId",
    "flowRevision",
    "state",
    "startDate",
    "endDate",
    "duration",
    "triggerId",
    "parentId",
    "labels",
];

/// The executions of a search as the rows of a table, newest first.
pub(crate) async fn rows(api: &Api, query: &Query) -> Answer<Vec<Vec<String>>> {
    let found = Selection::from_query(api, query).await?.scan(api).await?;
    Ok(found.iter().map(row).collect())
}

fn row(execution: &Execution) -> Vec<String> {
    let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
    vec![
        execution.id.to_string(),
        execution.namespace.clone(),
        execution.flow_id.clone(),
        execution.flow_revision.to_string(),
        execution.state.current().to_string(),
        execution.state.start_date().to_string(),
        csv::date(execution.state.end_date()),
        iso_duration(lasted(execution)),
        text(execution.trigger.as_ref().map(|trigger| trigger.id.as_str())),
        text(execution.parent_id.as_ref().map(|id| id.as_str())),
        csv::labels(&execution.labels),
    ]
}

/// The distinct values of a field among the executions of a search, in order.
pub(crate) async fn distinct(api: &Api, query: &Query) -> Answer<Vec<String>> {
    let field = query.required("field")?;
    if !FIELDS.contains(&field) {
        return Err(ApiError::argument(format!(
            "field is '{field}': one of {} is expected",
            FIELDS.join(", ")
        )));
    }
    let size = query.number("size")?.unwrap_or(u32::MAX) as usize;
    let mut values = BTreeSet::new();
    for execution in Selection::from_query(api, query).await?.scan(api).await? {
        let trigger = execution.trigger.as_ref();
        match field {
            "NAMESPACE" => values.extend([execution.namespace.clone()]),
            "FLOW_ID" => values.extend([execution.flow_id.clone()]),
            "STATE" => values.extend([execution.state.current().to_string()]),
            "LABELS" => {
                values.extend(execution.labels.iter().map(|label| format!("{}:{}", label.key, label.value)));
            }
            "TRIGGER_ID" => values.extend(trigger.map(|trigger| trigger.id.clone())),
            "TRIGGER_EXECUTION_ID" => values.extend(
                trigger.and_then(|trigger| trigger.variables.get("executionId")?.as_str()).map(str::to_owned),
            ),
            _ => values.extend(execution.parent_id.as_ref().map(ToString::to_string)),
        }
    }
    Ok(values.into_iter().take(size).collect())
}

/// The average duration of the newest executions of a flow that have ended.
pub(crate) async fn average(api: &Api, namespace: &str, flow_id: &str) -> Answer<types::AverageDuration> {
    let filter = ExecutionFilter {
        namespace: Some(namespace.to_owned()),
        exact_namespace: true,
        flow_id: Some(flow_id.to_owned()),
        limit: NEWEST,
        ..ExecutionFilter::default()
    };
    let found = api.state().executions(&filter).await?;
    let ended = found.iter().filter(|execution| execution.state.current().is_terminal());
    let millis: Vec<i64> =
        ended.map(|execution| i64::try_from(lasted(execution).as_millis()).unwrap_or(i64::MAX)).collect();
    let count = millis.len() as u64;
    let sum = millis.iter().copied().fold(0_i64, i64::saturating_add);
    let average = i64::try_from(count).ok().and_then(|count| sum.checked_div(count));
    Ok(types::AverageDuration { avg_duration_ms: average, count })
}
