//! `bigquery.Query`: runs statements and returns their rows.

use crate::connection::Connection;
use crate::disposition::{CreateDisposition, WriteDisposition};
use crate::fetch::{FetchType, Output, hand_over};
use crate::job::{job, rows, stop};
use schemars::JsonSchema;
use segue_model::parse_duration;
use segue_ports::warehouse::{QueryJob, QueryResult, Rows, Warehouse};
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Runs one or several statements as one job. The job's id follows from the attempt, so a message that is
/// delivered twice makes one job.
///
/// ```yaml
/// id: merge
/// type: io.kestra.plugin.gcp.bigquery.Query
/// sql: |
///   MERGE INTO `{{ kv('GCP_PROJECT_ID') }}.zoomcamp.trips` T
///   USING `{{ kv('GCP_PROJECT_ID') }}.zoomcamp.trips_tmp` S
///   ON T.unique_row_id = S.unique_row_id
///   WHEN NOT MATCHED THEN INSERT ROW
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// One or several statements. The result is the result of the last statement.
    pub sql: String,
    /// What happens to the rows.
    pub fetch_type: Option<FetchType>,
    /// The property of old flows for FETCH.
    #[serde(default)]
    pub fetch: bool,
    /// The property of old flows for FETCH_ONE.
    #[serde(default)]
    pub fetch_one: bool,
    /// The property of old flows for STORE.
    #[serde(default)]
    pub store: bool,
    /// Whether the statements are in BigQuery's old dialect: `true` is refused.
    #[serde(default)]
    pub legacy_sql: bool,
    /// As `legacySql`.
    #[serde(default)]
    pub use_legacy_sql: bool,
    /// The table for the rows of a SELECT: `dataset.table` or `project.dataset.table`, with an optional `$partition`.
    pub destination_table: Option<String>,
    /// What happens to existing rows.
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created.
    pub create_disposition: Option<CreateDisposition>,
    /// The dataset of names without a dataset.
    pub default_dataset: Option<String>,
    /// The longest time the job may take, as an ISO-8601 duration.
    pub job_timeout: Option<String>,
    /// Labels of the job.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether the statements are only checked.
    #[serde(default)]
    pub dry_run: bool,
    /// Accepted, and has no effect: all rows are returned.
    pub max_results: Option<u64>,
    /// Accepted, and has no effect. Use a CREATE TABLE … CLUSTER BY instead.
    pub clustering_fields: Option<Vec<String>>,
    /// Accepted, and has no effect. Use a CREATE TABLE … PARTITION BY instead.
    pub time_partitioning_field: Option<String>,
    /// As `timePartitioningField`.
    pub time_partitioning_type: Option<String>,
    /// As `timePartitioningField`.
    pub range_partitioning_field: Option<String>,
    /// As `timePartitioningField`.
    pub range_partitioning_start: Option<i64>,
    /// As `timePartitioningField`.
    pub range_partitioning_end: Option<i64>,
    /// As `timePartitioningField`.
    pub range_partitioning_interval: Option<i64>,
    /// Accepted, and has no effect: the allowed changes of the destination's schema.
    pub schema_update_options: Option<Vec<String>>,
    /// Accepted, and has no effect: INTERACTIVE or BATCH.
    pub priority: Option<String>,
    /// Accepted, and has no effect: results have no limit.
    pub allow_large_results: Option<bool>,
    /// Accepted, and has no effect: whether results may come from a cache.
    pub use_query_cache: Option<bool>,
    /// Accepted, and has no effect: it belongs to the old dialect.
    pub flatten_results: Option<bool>,
    /// Accepted, and has no effect.
    pub maximum_billing_tier: Option<i64>,
    /// Accepted, and has no effect.
    pub maximum_bytes_billed: Option<i64>,
}

impl Task for Query {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.Query";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        if self.legacy_sql || self.use_legacy_sql {
            return Err(TaskError::failed(
                "legacySql: true is not supported; write the statements in GoogleSQL",
            ));
        }
        self.note_what_is_not_applied(context);
        let fetch = self.fetch_type();
        let limit = self.job_timeout()?;
        let start = Instant::now();
        let warehouse = self.connection.warehouse(context)?;
        let job = QueryJob {
            default_dataset: self.default_dataset,
            destination_table: self.destination_table,
            write_disposition: self.write_disposition.map(Into::into),
            create_disposition: self.create_disposition.map(Into::into),
            dry_run: self.dry_run,
            max_results: match fetch {
                FetchType::None => Some(0),
                FetchType::FetchOne => Some(1),
                FetchType::Fetch | FetchType::Store => None,
            },
            ..job(self.sql, &self.connection, &self.labels, context)
        };
        let rows = match limit {
            None => rows(&*warehouse, job, context).await?,
            Some(limit) => rows_within(limit, &*warehouse, job, context).await?,
        };
        let (took, mut result) = (start.elapsed() + context.age(), rows.result.clone());
        let output = hand_over(rows, fetch, context).await?;
        // A warehouse may know the number of rows only after the last one.
        result.total_rows = result.total_rows.max(output.size.unwrap_or_default());
        report(&result, took, context);
        Ok(output)
    }
}

impl Query {
    pub(crate) fn fetch_type(&self) -> FetchType {
        self.fetch_type.unwrap_or(match (self.fetch, self.store, self.fetch_one) {
            (true, _, _) => FetchType::Fetch,
            (_, true, _) => FetchType::Store,
            (_, _, true) => FetchType::FetchOne,
            _ => FetchType::None,
        })
    }

    fn job_timeout(&self) -> Result<Option<Duration>, TaskError> {
        let Some(text) = self.job_timeout.as_ref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let limit = parse_duration(text).map_err(|why| TaskError::failed(format!("jobTimeout: {why}")))?;
        Duration::try_from(limit)
            .map(Some)
            .map_err(|_| TaskError::failed(format!("jobTimeout: '{text}' is negative")))
    }

    fn note_what_is_not_applied(&self, context: &TaskContext) {
        for (given, name, instead) in [
            (self.clustering_fields.is_some(), "clusteringFields", "CLUSTER BY"),
            (self.time_partitioning_field.is_some(), "timePartitioningField", "PARTITION BY"),
            (self.range_partitioning_field.is_some(), "rangePartitioningField", "PARTITION BY"),
        ] {
            if given {
                context.warn(format!(
                    "the property {name} has no effect; write CREATE TABLE … {instead} … AS SELECT"
                ));
            }
        }
    }
}

/// How long a late check waits for a job that ended within its limit.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// Runs the job with a time limit, counted from the beginning of the attempt. After the limit, the job is
/// cancelled.
async fn rows_within(
    limit: Duration,
    warehouse: &dyn Warehouse,
    job: QueryJob,
    context: &TaskContext,
) -> Result<Rows, TaskError> {
    let age = context.age();
    let left = limit.saturating_sub(age);
    let job = QueryJob { patience: Some(job.patience.map_or(left, |patience| patience.min(left))), ..job };
    let start = Instant::now();
    let patience = if age.is_zero() { left } else { left.max(LAST_LOOK) };
    match tokio::time::timeout(patience, rows(warehouse, job.clone(), context)).await {
        Ok(Err(TaskError::Unfinished { .. })) if age + start.elapsed() >= limit => {}
        Ok(other) => return other,
        Err(_) => {}
    }
    stop(warehouse, &[job], context).await;
    Err(TaskError::failed(format!("the job took longer than its jobTimeout of {limit:?}")))
}

fn report(result: &QueryResult, took: Duration, context: &TaskContext) {
    let rows = result.affected_rows.unwrap_or(result.total_rows);
    let changed = result
        .dml
        .map(|dml| format!(" ({} inserted, {} updated, {} deleted)", dml.inserted, dml.updated, dml.deleted));
    context.info(format!(
        "job {}: {}, {rows} rows{}, {} bytes processed, {:.3} s{}",
        result.job_id,
        result.statement_kind,
        changed.unwrap_or_default(),
        result.bytes_processed,
        took.as_secs_f64(),
        if result.from_record { "; it had ended earlier and was not run again" } else { "" }
    ));
    context.metric_counter("rows", rows as f64);
    context.metric_counter("bytes", result.bytes_processed as f64);
    context.metric_counter("total.bytes.processed", result.bytes_processed as f64);
    if let Some(affected) = result.affected_rows {
        context.metric_counter("num.dml.affected.rows", affected as f64);
    }
    context.metric_timer("duration", took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::state::State;
    use segue_task::ion;
    use serde_json::json;

    #[tokio::test]
    async fn rows_are_handed_over_as_asked() {
        let platform = Platform::new();
        let sql =
            "SELECT id, CONCAT('n', CAST(id AS STRING)) AS name FROM UNNEST([1, 2, 3]) AS id ORDER BY id";
        let run = platform.run(Query::TYPE, json!({"sql": sql, "fetchType": "FETCH"})).await;
        assert_eq!(run.result.error, None);
        assert_eq!(run.result.outputs["size"], 3);
        assert_eq!(run.result.outputs["rows"][2], json!({"id": 3, "name": "n3"}));
        assert_eq!(run.result.outputs["jobId"], "segue_execution1_taskrun1_0");
        assert!(
            run.log_text().contains("job segue_execution1_taskrun1_0: SELECT, 3 rows"),
            "{}",
            run.log_text()
        );

        let run = platform.run_attempt(1, Query::TYPE, json!({"sql": sql, "fetchOne": true})).await;
        assert_eq!(
            (&run.result.outputs["row"], &run.result.outputs["size"]),
            (&json!({"id": 1, "name": "n1"}), &json!(1))
        );

        let run = platform.run_attempt(2, Query::TYPE, json!({"sql": sql, "store": "true"})).await;
        let uri = run.result.outputs["uri"].as_str().unwrap();
        let text = platform.ports.storage.get_text(uri, 1000).await.unwrap();
        let rows = ion::parse_all(&text).unwrap();
        assert_eq!((rows.len(), &rows[1]), (3, &json!({"id": 2, "name": "n2"})));

        let run = platform.run_attempt(3, Query::TYPE, json!({"sql": sql})).await;
        assert!(!run.result.outputs.contains_key("rows") && !run.result.outputs.contains_key("size"));
        let none =
            json!({"sql": "SELECT 1 AS x FROM UNNEST([1]) AS y WHERE y > 1", "fetchType": "FETCH_ONE"});
        let run = platform.run_attempt(4, Query::TYPE, none).await;
        assert_eq!((&run.result.outputs["row"], &run.result.outputs["size"]), (&json!({}), &json!(0)));
    }

    /// Ten times as many rows as outputs may have: reading ends early.
    #[tokio::test]
    async fn rows_that_are_too_large_for_outputs_are_refused_and_can_be_stored() {
        let platform = Platform::new();
        let sql = "SELECT REPEAT('0123456789', 1000) AS t FROM UNNEST(GENERATE_ARRAY(1, 9000)) AS x";
        let run = platform.run(Query::TYPE, json!({"sql": sql, "fetchType": "FETCH"})).await;
        assert!(run.error().contains("set fetchType: STORE"));
        let run = platform.run_attempt(1, Query::TYPE, json!({"sql": sql, "fetchType": "STORE"})).await;
        assert_eq!((run.result.error.clone(), &run.result.outputs["size"]), (None, &json!(9000)));
        assert!(run.log_text().contains("SELECT, 9000 rows"), "{}", run.log_text());
    }

    #[tokio::test]
    async fn two_deliveries_make_one_job() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let create = json!({"sql": "CREATE TABLE d.t (id INT64); INSERT INTO d.t (id) VALUES (1)"});
        platform.run(Query::TYPE, create).await;
        let insert = json!({"sql": "INSERT INTO d.t (id) VALUES (2), (3)", "bucket": "left over from a plugin default"});
        for _ in 0..2 {
            let run = platform.run_attempt(1, Query::TYPE, insert.clone()).await;
            assert_eq!(run.result.error, None);
            let rows =
                run.result.metrics.iter().find(|metric| metric.name == "num.dml.affected.rows").unwrap();
            assert_eq!(rows.value, 2.0);
        }
        let count = json!({"sql": "SELECT COUNT(*) AS n FROM d.t", "fetchType": "FETCH_ONE"});
        let run = platform.run_attempt(2, Query::TYPE, count).await;
        assert_eq!(run.result.outputs["row"], json!({"n": 3}));
    }

    #[tokio::test]
    async fn refusals_say_what_is_wrong_and_keys_stay_hidden() {
        let platform = Platform::new();
        for (attempt, properties, expect) in [
            (0, json!({"sql": "SELECT * FROM nowhere.t"}), "nowhere"),
            (1, json!({"sql": "SELEC 1"}), "Invalid query"),
            (2, json!({"sql": "SELECT 1", "legacySql": true}), "legacySql"),
            (3, json!({"sql": "SELECT 1", "jobTimeout": "soon"}), "jobTimeout"),
            (4, json!({"sql": "SELECT 1", "fetchType": "SOME"}), "unknown variant `SOME`"),
        ] {
            let run = platform.run_attempt(attempt, Query::TYPE, properties).await;
            assert_eq!(run.result.state, State::Failed);
            let error = run.result.error.unwrap();
            assert!(error.contains(expect), "{error}");
        }
        let key = json!({"client_email": "a@b.c", "private_key": "key-0123456789"});
        let properties = json!({"sql": "SELECT 'key-0123456789' AS k", "fetchType": "FETCH", "serviceAccount": key.to_string()});
        let run = platform.run_attempt(5, Query::TYPE, properties).await;
        assert_eq!(run.result.outputs["rows"], json!([{"k": "******"}]));
    }
}
