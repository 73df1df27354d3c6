//! `jdbc.duckdb.Trigger`: rows of a query start an execution.

use crate::query::Query;
use crate::script::RAW;
use schemars::JsonSchema;
use segue_jdbc::changes_data;
use segue_model::Map;
use segue_task::{Find, PollingTrigger, Task, TaskContext, TaskError, find_outputs};
use serde::Deserialize;

/// Runs a query at an interval, and starts an execution if the query has rows.
///
/// ```yaml
/// id: long_trips
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "{{ trigger.rows }}"
/// triggers:
///   - id: watch
///     type: io.kestra.plugin.jdbc.duckdb.Trigger
///     interval: PT5M
///     inputFiles:
///       trips.csv: "nsfile:///trips.csv"
///     sql: SELECT * FROM 'trips.csv' WHERE distance > 30
///     fetchType: FETCH
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Trigger(Query);

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.duckdb.Trigger";
    const RAW: &'static [&'static str] = RAW;
    type Variables = <Query as Task>::Output;

    fn takes(properties: &Map) -> bool {
        changes_data(properties)
    }

    async fn look(self, context: &TaskContext, _: Option<&str>) -> Result<Find, TaskError> {
        let mut query = self.0;
        query.script.fetch.of_trigger();
        let output = query.run(context).await?;
        find_outputs(&output, output.rows.size.is_some_and(|size| size > 0))
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
        assert_eq!(json!(find.variables.unwrap())["rows"], json!([{"a": 1}]));
        assert!(platform.find(trigger("SELECT 1 WHERE false"), None).await.variables.is_none());
    }
}
