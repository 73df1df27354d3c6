//! Numbers that tasks reported: rows, bytes, durations. They are kept with the task runs, summed by name.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get, json};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::{Page, Query, paged};
use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::task_run::TaskRun;
use segue_model::{Json as Value, Map};
use segue_ports::state::{ExecutionFilter, StateStore};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the newest executions of a flow its numbers are taken from.
const NEWEST: u32 = 200;
const AGGREGATION: [Param; 3] = [
    Param::new("startDate", Kind::Date, "Started at or after."),
    Param::new("endDate", Kind::Date, "Started at or before."),
    Param::new(
        "aggregation",
        Kind::OneOf(&["sum", "avg", "min", "max"]),
        "What is made of a day's values; their sum unless given.",
    ),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/metrics/{executionId}", of_execution)
            .is("metrics", "The numbers of an execution.")
            .takes(&PAGE)
            .takes(&[
                Param::new("taskRunId", Kind::Text, "Of this task run."),
                Param::new("taskId", Kind::Text, "Of this task."),
            ])
            .answers(json::<types::Page<types::Metric>>())
            .refuses(&[404]),
        get("/metrics/names/{namespace}/{flowId}", names)
            .is("metricNames", "The names of a flow's numbers.")
            .answers(json::<Vec<String>>()),
        get("/metrics/names/{namespace}/{flowId}/{taskId}", names_of_task)
            .is("metricNamesOfTask", "The names of a task's numbers.")
            .answers(json::<Vec<String>>()),
        get("/metrics/tasks/{namespace}/{flowId}", tasks)
            .is("metricTasks", "The tasks of a flow that report numbers.")
            .answers(json::<Vec<String>>()),
        get("/metrics/aggregates/{namespace}/{flowId}/{metric}", aggregate)
            .is("metricAggregates", "A number of a flow, day by day.")
            .takes(&AGGREGATION)
            .answers(json::<types::MetricAggregation>()),
        get("/metrics/aggregates/{namespace}/{flowId}/{taskId}/{metric}", aggregate_of_task)
            .is("metricAggregatesOfTask", "A number of a task, day by day.")
            .takes(&AGGREGATION)
            .answers(json::<types::MetricAggregation>()),
    ]
}

/// The numbers of a task run by name.
fn numbers(run: &TaskRun) -> impl Iterator<Item = (&String, f64)> {
    let sums = run.memo.get("metrics").and_then(Value::as_object);
    sums.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_f64()?)))
}

fn view(execution: &Execution, run: &TaskRun, name: &str, value: f64) -> types::Metric {
    types::Metric {
        namespace: execution.namespace.clone(),
        flow_id: execution.flow_id.clone(),
        execution_id: execution.id.to_string(),
        task_id: run.task_id.clone(),
        task_run_id: run.id.to_string(),
        name: name.to_owned(),
        kind: "counter".to_owned(),
        value,
        timestamp: run.state.end_date().unwrap_or(run.state.start_date()),
        tags: Map::new(),
    }
}

async fn of_execution(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Page<types::Metric>>> {
    let page = Page::from_query(&query)?;
    page.order(&["timestamp", "name", "value"])?;
    let stored = stored(&api, &id).await?;
    let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    let all: Vec<types::Metric> = stored
        .task_runs
        .iter()
        .map(|(_, run)| run)
        .filter(|run| {
            fits(query.text("taskRunId"), run.id.as_str()) && fits(query.text("taskId"), &run.task_id)
        })
        .flat_map(|run| numbers(run).map(|(name, value)| view(&stored.execution, run, name, value)))
        .collect();
    let total = all.len() as u64;
    Ok(paged(page.cut(all), total))
}

/// The task runs of the newest executions of a flow, each with the date its execution started.
async fn newest(
    state: &dyn StateStore,
    namespace: String,
    flow_id: String,
    between: (Option<Timestamp>, Option<Timestamp>),
) -> Answer<Vec<(Timestamp, TaskRun)>> {
    let filter = ExecutionFilter {
        namespace: Some(namespace),
        exact_namespace: true,
        flow_id: Some(flow_id),
        start: between.0,
        end: between.1,
        limit: NEWEST,
        ..ExecutionFilter::default()
    };
    let mut runs = Vec::new();
    for execution in state.executions(&filter).await? {
        if let Some(stored) = state.execution(&execution.id).await? {
            let date = execution.state.start_date();
            runs.extend(stored.task_runs.into_iter().map(|(_, run)| (date, run)));
        }
    }
    Ok(runs)
}

async fn names(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    let runs = newest(api.state(), namespace, flow_id, (None, None)).await?;
    Ok(Json(runs.iter().flat_map(|(_, run)| numbers(run)).map(|(name, _)| name.clone()).collect()))
}

async fn names_of_task(
    State(api): State<Api>,
    Path((namespace, flow_id, task)): Path<(String, String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    let runs = newest(api.state(), namespace, flow_id, (None, None)).await?;
    let of_task = runs.iter().filter(|(_, run)| run.task_id == task);
    Ok(Json(of_task.flat_map(|(_, run)| numbers(run)).map(|(name, _)| name.clone()).collect()))
}

async fn tasks(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    let runs = newest(api.state(), namespace, flow_id, (None, None)).await?;
    let reporting = runs.iter().filter(|(_, run)| numbers(run).next().is_some());
    Ok(Json(reporting.map(|(_, run)| run.task_id.clone()).collect()))
}

async fn aggregate(
    State(api): State<Api>,
    Path((namespace, flow_id, metric)): Path<(String, String, String)>,
    query: Query,
) -> Answer<Json<types::MetricAggregation>> {
    by_day(&api, (namespace, flow_id), None, &metric, &query).await
}

async fn aggregate_of_task(
    State(api): State<Api>,
    Path((namespace, flow_id, task, metric)): Path<(String, String, String, String)>,
    query: Query,
) -> Answer<Json<types::MetricAggregation>> {
    by_day(&api, (namespace, flow_id), Some(&task), &metric, &query).await
}

async fn by_day(
    api: &Api,
    flow: (String, String),
    task: Option<&str>,
    metric: &str,
    query: &Query,
) -> Answer<Json<types::MetricAggregation>> {
    let how = query.text("aggregation").unwrap_or("sum").to_ascii_lowercase();
    let between = (query.date("startDate")?, query.date("endDate")?);
    let mut days: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (date, run) in newest(api.state(), flow.0, flow.1, between).await? {
        if task.is_none_or(|task| run.task_id == task) {
            let day = date.to_zoned(TimeZone::UTC).date().to_string();
            let values = numbers(&run).filter(|(name, _)| *name == metric).map(|(_, value)| value);
            days.entry(day).or_default().extend(values);
        }
    }
    let mut aggregations = Vec::new();
    for (day, values) in days.into_iter().filter(|(_, values)| !values.is_empty()) {
        let sum: f64 = values.iter().sum();
        let value = match how.as_str() {
            "sum" => sum,
            "avg" => sum / values.len() as f64,
            "min" => values.into_iter().fold(f64::INFINITY, f64::min),
            "max" => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
            other => {
                return Err(ApiError::argument(format!(
                    "aggregation is '{other}': sum, avg, min or max is expected"
                )));
            }
        };
        aggregations.push(types::MetricValue { date: day, value });
    }
    Ok(Json(types::MetricAggregation { group_by: "day".to_owned(), aggregations }))
}
