//! The fields of BigQuery's JSON that this adapter reads: jobs, results, tables, datasets (REST API, version 2).
//!
//! Every field may be missing, because Google leaves out empty fields. 64-bit numbers are texts.
//!
//! It must not know: what the answers mean. To read one more field: add it to its struct.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Job {
    pub(super) job_reference: JobReference,
    pub(super) status: Status,
    pub(super) statistics: Statistics,
    pub(super) configuration: Configuration,
}

impl Job {
    pub(super) fn is_done(&self) -> bool {
        self.status.state == "DONE"
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct JobReference {
    pub(super) project_id: String,
    pub(super) job_id: String,
    pub(super) location: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    /// PENDING, RUNNING or DONE.
    pub(super) state: String,
    /// Why the job failed.
    pub(super) error_result: Option<Fault>,
    /// All errors on the way, including details of a bad file.
    pub(super) errors: Vec<Fault>,
}

/// An error as BigQuery describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Fault {
    pub(super) reason: String,
    /// The part of the request it is about: `query`, or a file.
    pub(super) location: Option<String>,
    pub(super) message: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Statistics {
    #[serde(deserialize_with = "int64")]
    pub(super) creation_time: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) num_child_jobs: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) total_bytes_processed: Option<u64>,
    pub(super) query: QueryStatistics,
    pub(super) script_statistics: Option<ScriptStatistics>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScriptStatistics {
    /// STATEMENT, or EXPRESSION for the condition of an IF.
    pub(super) evaluation_kind: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryStatistics {
    pub(super) statement_type: Option<String>,
    #[serde(deserialize_with = "int64")]
    pub(super) total_bytes_billed: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) num_dml_affected_rows: Option<u64>,
    pub(super) dml_stats: Option<DmlStatistics>,
    /// The table a statement created, dropped or changed.
    pub(super) ddl_target_table: Option<TableName>,
    /// The schema of a dry run.
    pub(super) schema: Schema,
    pub(super) query_plan: Vec<Stage>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DmlStatistics {
    #[serde(deserialize_with = "int64")]
    pub(super) inserted_row_count: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) updated_row_count: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) deleted_row_count: Option<u64>,
}

/// A stage of a query; the last one writes its result.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stage {
    #[serde(deserialize_with = "int64")]
    pub(super) records_written: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Configuration {
    pub(super) query: QueryConfiguration,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryConfiguration {
    pub(super) query: String,
    pub(super) destination_table: Option<TableName>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TableName {
    pub(super) project_id: String,
    pub(super) dataset_id: String,
    pub(super) table_id: String,
}

/// A page of jobs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Jobs {
    pub(super) jobs: Vec<Job>,
}

/// A page of a job's rows, or the answer that the job is not done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryResults {
    pub(super) job_complete: bool,
    pub(super) schema: Schema,
    pub(super) rows: Vec<Row>,
    #[serde(deserialize_with = "int64")]
    pub(super) total_rows: Option<u64>,
    pub(super) page_token: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub(super) f: Vec<Cell>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cell {
    pub(super) v: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Field {
    pub(super) name: String,
    /// The type in the old spelling: INTEGER, FLOAT, BOOLEAN, RECORD. Some tools write the new one.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) mode: Option<String>,
    pub(super) description: Option<String>,
    /// The fields of a record.
    pub(super) fields: Vec<Field>,
    #[serde(deserialize_with = "int64")]
    pub(super) max_length: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) precision: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) scale: Option<u64>,
}

/// A table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Table {
    pub(super) table_reference: TableName,
    /// TABLE, VIEW, EXTERNAL, MATERIALIZED_VIEW, SNAPSHOT.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) schema: Schema,
    pub(super) description: Option<String>,
    #[serde(deserialize_with = "int64")]
    pub(super) num_rows: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) num_bytes: Option<u64>,
    pub(super) time_partitioning: Option<TimePartitioning>,
    pub(super) range_partitioning: Option<RangePartitioning>,
    pub(super) clustering: Option<Clustering>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TimePartitioning {
    /// DAY, HOUR, MONTH or YEAR.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// None: partitioned by the time of loading.
    pub(super) field: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RangePartitioning {
    pub(super) field: String,
    pub(super) range: Range,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Range {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) interval: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Clustering {
    pub(super) fields: Vec<String>,
}

/// A page of tables.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tables {
    pub(super) tables: Vec<Table>,
    pub(super) next_page_token: Option<String>,
}

/// A dataset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Dataset {
    pub(super) dataset_reference: DatasetName,
    /// Milliseconds since 1970.
    #[serde(deserialize_with = "int64")]
    pub(super) creation_time: Option<u64>,
    pub(super) location: Option<String>,
    pub(super) description: Option<String>,
    pub(super) friendly_name: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DatasetName {
    pub(super) project_id: String,
    pub(super) dataset_id: String,
}

/// A page of datasets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Datasets {
    pub(super) datasets: Vec<Dataset>,
    pub(super) next_page_token: Option<String>,
}

/// A number, in quotes as Google writes it, or without.
fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}
