//! Metrics that tasks reported: rows, bytes, durations. They are stored with the task runs, summed by name.

use super::executions::stored;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Compare, Page, Query, paged};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_api_types as types;
use segue_model::event::{Metric, MetricKind};
use segue_model::execution::Execution;
use segue_model::metric;
use segue_model::task_run::TaskRun;
use segue_ports::state::{ExecutionFilter, StateStore};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the newest executions of a flow are read for its metrics.
const NEWEST: u32 = 200;
/// The fields that a list can be sorted by.
const SORTS: [(&str, Compare<types::Metric>); 4] = [
    ("timestamp", |left, right| left.timestamp.cmp(&right.timestamp)),
    ("name", |left, right| left.name.cmp(&right.name)),
    ("value", |left, right| left.value.total_cmp(&right.value)),
    ("taskId", |left, right| left.task_id.cmp(&right.task_id)),
];

/// The milliseconds of a second. Tasks report timers in seconds, and the API answers milliseconds, as Kestra does.
const MILLIS: f64 = 1_000.0;

/// The metrics of a task run.
fn numbers(run: &TaskRun) -> impl Iterator<Item = Metric> {
    let stored = run.memo.get("metrics").map(metric::read).unwrap_or_default();
    stored.into_iter().map(|mut metric| {
        if metric.kind == MetricKind::Timer {
            metric.value *= MILLIS;
        }
        metric
    })
}

fn view(execution: &Execution, run: &TaskRun, metric: Metric) -> types::Metric {
    let kind = match metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Timer => "timer",
        MetricKind::Gauge => "gauge",
    };
    types::Metric {
        namespace: execution.namespace.clone(),
        flow_id: execution.flow_id.clone(),
        execution_id: execution.id.to_string(),
        task_id: run.task_id.clone(),
        task_run_id: run.id.to_string(),
        name: metric.name,
        kind: kind.to_owned(),
        value: metric.value,
        timestamp: run.state.end_date().unwrap_or(run.state.start_date()),
        tags: metric.tags.as_object().cloned().unwrap_or_default(),
    }
}

/// The metrics of an execution: of all its task runs, or of the task runs that the query names.
pub(crate) async fn of_execution(api: &Api, id: &str, query: &Query) -> Answer<types::Page<types::Metric>> {
    let page = Page::from_query(query)?;
    let stored = stored(api, id).await?;
    let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    let mut all: Vec<types::Metric> = stored
        .task_runs
        .iter()
        .map(|(_, run)| run)
        .filter(|run| {
            fits(query.text("taskRunId"), run.id.as_str()) && fits(query.text("taskId"), &run.task_id)
        })
        .flat_map(|run| numbers(run).map(|metric| view(&stored.execution, run, metric)))
        .collect();
    page.arrange(&mut all, &SORTS)?;
    let total = all.len() as u64;
    Ok(paged(page.cut(all), total))
}

/// The metrics of all task runs of an execution that was found by a search.
pub(crate) async fn all_of(api: &Api, execution: &Execution) -> Answer<Vec<types::Metric>> {
    let Some(stored) = api.state().execution(&execution.id).await? else { return Ok(Vec::new()) };
    let runs = stored.task_runs.iter().map(|(_, run)| run);
    Ok(runs.flat_map(|run| numbers(run).map(|metric| view(&stored.execution, run, metric))).collect())
}

/// The task runs of the newest executions of a flow, each with the start date of its execution.
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

/// The names of the metrics of a flow, or of one of its tasks.
pub(crate) async fn names(
    api: &Api,
    namespace: String,
    flow_id: String,
    task: Option<&str>,
) -> Answer<BTreeSet<String>> {
    let runs = newest(api.state(), namespace, flow_id, (None, None)).await?;
    let meant = runs.iter().filter(|(_, run)| task.is_none_or(|task| run.task_id == task));
    Ok(meant.flat_map(|(_, run)| numbers(run)).map(|metric| metric.name).collect())
}

/// The tasks of a flow that report metrics.
pub(crate) async fn tasks(api: &Api, namespace: String, flow_id: String) -> Answer<BTreeSet<String>> {
    let runs = newest(api.state(), namespace, flow_id, (None, None)).await?;
    let reporting = runs.iter().filter(|(_, run)| numbers(run).next().is_some());
    Ok(reporting.map(|(_, run)| run.task_id.clone()).collect())
}

/// A metric of a flow or of a task, one value for each day.
pub(crate) async fn by_day(
    api: &Api,
    flow: (String, String),
    task: Option<&str>,
    metric: &str,
    query: &Query,
) -> Answer<types::MetricAggregation> {
    let how = query.text("aggregation").unwrap_or("sum").to_ascii_lowercase();
    let between = (query.date("startDate")?, query.date("endDate")?);
    let mut days: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (date, run) in newest(api.state(), flow.0, flow.1, between).await? {
        if task.is_none_or(|task| run.task_id == task) {
            let day = date.to_zoned(TimeZone::UTC).date().to_string();
            let values = numbers(&run).filter(|found| found.name == metric).map(|found| found.value);
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
    Ok(types::MetricAggregation { group_by: "day".to_owned(), aggregations })
}
