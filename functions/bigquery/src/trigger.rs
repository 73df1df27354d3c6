//! `bigquery.Trigger`: rows of a query start an execution.

use crate::fetch::FetchType;
use crate::query::Query;
use schemars::JsonSchema;
use segue_task::{Find, PollingTrigger, Task, TaskContext, TaskError, find_outputs};
use serde::Deserialize;

/// Runs a query at an interval, and starts an execution if the query has rows. A look is one job, also if its message
/// comes twice.
///
/// ```yaml
/// id: late_trips
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "{{ trigger.size }} trips: {{ trigger.rows }}"
/// triggers:
///   - id: watch
///     type: io.kestra.plugin.gcp.bigquery.Trigger
///     interval: PT5M
///     sql: SELECT * FROM zoomcamp.trips WHERE arrived IS NULL
///     fetchType: FETCH
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Trigger(Query);

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.Trigger";
    type Variables = <Query as Task>::Output;

    async fn look(self, context: &TaskContext, _: Option<&str>) -> Result<Find, TaskError> {
        let mut query = self.0;
        if query.fetch_type() == FetchType::None {
            // Rows that go nowhere would start no execution.
            query.fetch_type = Some(FetchType::Fetch);
        }
        let output = query.run(context).await?;
        find_outputs(&output, output.size.is_some_and(|size| size > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn rows_are_found() {
        let platform = Platform::new();
        let trigger = |sql: &str| json!({"type": Trigger::TYPE, "sql": sql});
        let find = platform.find(trigger("SELECT 1 AS a"), None).await;
        let variables = json!(find.variables.unwrap());
        assert_eq!((&variables["rows"], &variables["size"]), (&json!([{"a": 1}]), &json!(1)));
        // Another platform, because the looks of one platform have the same ids, and so the same job.
        let other = Platform::new();
        assert!(other.find(trigger("SELECT 1 AS a FROM UNNEST([]) AS x"), None).await.variables.is_none());
    }
}
