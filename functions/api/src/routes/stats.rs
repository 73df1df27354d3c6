//! Statistics for charts.

use crate::endpoint::{Endpoint, Kind, Param, get};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::stats as queries;
use crate::request::Query;
use axum::Json;
use axum::extract::State;
use segue_api_types as types;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/stats/executions", executions)
            .is(
                "executionStats",
                "Counts the executions that have ended, by day or hour of their start, with median and 95th percentile.",
            )
            .takes(&[
                Param::new("from", Kind::Date, "The first period. Default: 29 days before `to`."),
                Param::new("to", Kind::Date, "The last period. Default: now. At most 400 periods fit."),
                Param::new("by", Kind::OneOf(&["day", "hour"]), "The length of a period. Default: day."),
                Param::new("timezone", Kind::Text, "The zone of days and hours. Default: UTC."),
                Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
                Param::new("exact", Kind::Flag, "Excludes the namespaces below `namespace`."),
                Param::new("flowId", Kind::Text, "Only this flow."),
            ]),
    ]
}

async fn executions(State(api): State<Api>, query: Query) -> Answer<Json<types::ExecutionStats>> {
    queries::executions(&api, &query).await.map(Json)
}
