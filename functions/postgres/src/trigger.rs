//! `jdbc.postgresql.Trigger`: rows of a query start an execution.

use crate::query::Query;
use schemars::JsonSchema;
use segue_jdbc::{Fetched, changes_data};
use segue_model::Map;
use segue_task::{Find, PollingTrigger, Task as _, TaskContext, TaskError, find_outputs};
use serde::Deserialize;

/// Runs a query at an interval, and starts an execution if the query has rows. `afterSQL` runs in the same transaction,
/// so a row that it marks starts one execution.
///
/// ```yaml
/// id: orders
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "{{ trigger.size }} orders: {{ trigger.rows }}"
/// triggers:
///   - id: watch
///     type: io.kestra.plugin.jdbc.postgresql.Trigger
///     interval: PT5M
///     url: jdbc:postgresql://localhost:5432/shop
///     username: kestra
///     password: "{{ secret('POSTGRES_PASSWORD') }}"
///     sql: SELECT * FROM orders WHERE NOT processed
///     afterSQL: UPDATE orders SET processed = true WHERE NOT processed
///     fetchType: FETCH
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Trigger(Query);

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.Trigger";
    type Variables = Fetched;

    fn takes(properties: &Map) -> bool {
        changes_data(properties)
    }

    async fn look(self, context: &TaskContext, _: Option<&str>) -> Result<Find, TaskError> {
        let mut query = self.0;
        query.fetch.of_trigger();
        let fetched = query.run(context).await?;
        find_outputs(&fetched, fetched.size.is_some_and(|size| size > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn rows_are_found_once_if_they_are_marked() {
        let Some(platform) =
            Platform::with("CREATE TABLE t AS SELECT n AS id, false AS done FROM generate_series(1, 2) n")
        else {
            return;
        };
        let watch = json!({
            "sql": "SELECT id FROM t WHERE NOT done ORDER BY id", "afterSQL": "UPDATE t SET done = true WHERE NOT done",
        });
        let find = async || {
            let mut trigger = platform.message_for(Trigger::TYPE, watch.clone()).properties;
            trigger.insert("type".to_owned(), json!(Trigger::TYPE));
            platform.find(json!(trigger), None).await
        };
        let variables = find().await.variables.unwrap();
        assert_eq!(json!(variables), json!({"rows": [{"id": 1}, {"id": 2}], "size": 2}));
        assert!(find().await.variables.is_none());
        let query = json!({"sql": "INSERT INTO t VALUES (3, false)"});
        platform.run(Query::TYPE, query).await.outputs();
        assert_eq!(find().await.variables.unwrap()["size"], 1);
    }

    #[test]
    fn a_look_that_changes_rows_runs_under_a_claim() {
        let takes = |properties: segue_model::Json| Trigger::takes(properties.as_object().unwrap());
        assert!(!takes(json!({"sql": "SELECT 1"})));
        assert!(takes(json!({"sql": "SELECT 1", "afterSQL": "DELETE FROM t"})));
        assert!(takes(json!({"sql": "DELETE FROM t RETURNING *"})));
        assert!(takes(json!({"sql": "with a as (update t set x = 1 returning *) select * from a"})));
    }
}
