//! BigQuery's JSON, as far as `gcp-bigquery-client` has no type for it, or one that lacks a field: `client` says which.
//!
//! Every field may be missing, because Google leaves out empty fields. 64-bit numbers are texts.
//!
//! It must not know: what the answers mean. To read one more field: add it to its struct.

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::range_partitioning::RangePartitioning;
use gcp_bigquery_client::model::table_reference::TableReference;
use gcp_bigquery_client::model::table_row::TableRow;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A job, as far as the crate does not read it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    pub(super) statistics: Statistics,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    pub(super) query: QueryStatistics,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryStatistics {
    pub(super) dml_stats: Option<DmlStatistics>,
    /// The schema of a dry run.
    pub(super) schema: Schema,
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

/// A page of a job's rows, or the answer that the job is not done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryResults {
    pub(super) job_complete: bool,
    pub(super) schema: Schema,
    pub(super) rows: Vec<TableRow>,
    #[serde(deserialize_with = "int64")]
    pub(super) total_rows: Option<u64>,
    pub(super) page_token: Option<String>,
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
    /// The type of the bounds of a RANGE.
    pub(super) range_element_type: Option<RangeElement>,
    #[serde(deserialize_with = "int64")]
    pub(super) max_length: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) precision: Option<u64>,
    #[serde(deserialize_with = "int64")]
    pub(super) scale: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct RangeElement {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// A table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Table {
    pub(super) table_reference: TableReference,
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
