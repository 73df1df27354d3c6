//! Flows with queries that would run for hours.

use crate::platform::Platform;
use segue_model::Map;

/// Only one task can write to the warehouse at a time. The first task writes until the timeout stops it. The second
/// task can write only after this stop.
const FLOW: &str = "id: endless
namespace: golden
tasks:
- id: dataset
  type: io.kestra.plugin.gcp.bigquery.CreateDataset
  name: endless
  ifExists: SKIP
- id: long
  type: io.kestra.plugin.gcp.bigquery.Query
  allowFailure: true
  timeout: PT1S
  sql: |
    CREATE OR REPLACE TABLE endless.t AS
    SELECT COUNT(*) AS n
    FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS a
    CROSS JOIN UNNEST(GENERATE_ARRAY(1, 3000000)) AS b
    WHERE MOD(a * b, 7) = 3
- id: short
  type: io.kestra.plugin.gcp.bigquery.Query
  sql: CREATE OR REPLACE TABLE endless.t AS SELECT 7 AS n
";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_its_time_is_stopped_and_the_next_one_writes() {
    let platform = Platform::start().unwrap();
    let end = platform.run(FLOW, Map::new()).await.unwrap();
    let states: Vec<_> = end.runs.iter().map(|run| (run.task_id.as_str(), run.current().as_str())).collect();
    assert_eq!(
        states,
        [("dataset", "SUCCESS"), ("long", "WARNING"), ("short", "SUCCESS")],
        "{}",
        end.errors()
    );
    assert_eq!(end.state(), "WARNING");
    assert_eq!(platform.number("SELECT n FROM endless.t").await.unwrap(), 7);
    platform.stop().await;
}
