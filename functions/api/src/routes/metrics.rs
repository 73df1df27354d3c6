//! Metrics that tasks reported.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::metrics as queries;
use crate::request::Query;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use std::collections::BTreeSet;

const AGGREGATION: [Param; 3] = [
    Param::new("startDate", Kind::Date, "Only executions that started at this time or later."),
    Param::new("endDate", Kind::Date, "Only executions that started at this time or earlier."),
    Param::new(
        "aggregation",
        Kind::OneOf(&["sum", "avg", "min", "max"]),
        "How the values of a day become one. Default: their sum.",
    ),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/metrics/{executionId}", of_execution)
            .is("metrics", "Lists the metrics of an execution.")
            .takes(&PAGE)
            .takes(&[
                Param::new("taskRunId", Kind::Text, "Only this task run."),
                Param::new("taskId", Kind::Text, "Only this task."),
            ])
            .refuses(&[404]),
        get("/metrics/names/{namespace}/{flowId}", names)
            .is("metricNames", "Lists the names of the metrics of a flow."),
        get("/metrics/names/{namespace}/{flowId}/{taskId}", names_of_task)
            .is("metricNamesOfTask", "Lists the names of the metrics of a task."),
        get("/metrics/tasks/{namespace}/{flowId}", tasks)
            .is("metricTasks", "Lists the tasks of a flow that report metrics."),
        get("/metrics/aggregates/{namespace}/{flowId}/{metric}", aggregate)
            .is("metricAggregates", "Returns a metric of a flow, one value for each day.")
            .takes(&AGGREGATION),
        get("/metrics/aggregates/{namespace}/{flowId}/{taskId}/{metric}", aggregate_of_task)
            .is("metricAggregatesOfTask", "Returns a metric of a task, one value for each day.")
            .takes(&AGGREGATION),
    ]
}

async fn of_execution(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::Page<types::Metric>>> {
    queries::of_execution(&api, &id, &query).await.map(Json)
}

async fn names(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    queries::names(&api, namespace, flow_id, None).await.map(Json)
}

async fn names_of_task(
    State(api): State<Api>,
    Path((namespace, flow_id, task)): Path<(String, String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    queries::names(&api, namespace, flow_id, Some(&task)).await.map(Json)
}

async fn tasks(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
) -> Answer<Json<BTreeSet<String>>> {
    queries::tasks(&api, namespace, flow_id).await.map(Json)
}

async fn aggregate(
    State(api): State<Api>,
    Path((namespace, flow_id, metric)): Path<(String, String, String)>,
    query: Query,
) -> Answer<Json<types::MetricAggregation>> {
    queries::by_day(&api, (namespace, flow_id), None, &metric, &query).await.map(Json)
}

async fn aggregate_of_task(
    State(api): State<Api>,
    Path((namespace, flow_id, task, metric)): Path<(String, String, String, String)>,
    query: Query,
) -> Answer<Json<types::MetricAggregation>> {
    queries::by_day(&api, (namespace, flow_id), Some(&task), &metric, &query).await.map(Json)
}
