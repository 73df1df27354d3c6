//! The tables of the local warehouse, and queries on them. Segue's own: Kestra has no such answers.

use schemars::JsonSchema;
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};

/// A table, a view, or a table over files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarehouseTable {
    /// The dataset.
    pub dataset: String,
    /// The name in the dataset.
    pub table: String,
    /// `TABLE`, `VIEW` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The number of rows. Absent for a view and for a table over files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The size in bytes, by BigQuery's logical sizes. Absent if the warehouse does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The columns, in order.
    #[serde(default)]
    pub columns: Vec<WarehouseColumn>,
    /// A description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The expression of PARTITION BY. Absent if the table is not partitioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_by: Option<String>,
    /// The columns of CLUSTER BY.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_by: Vec<String>,
}

/// A column of a table or of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarehouseColumn {
    /// The name.
    pub name: String,
    /// BigQuery's name of the type, such as `INT64`. For a repeated column, the type of an element.
    #[serde(rename = "type")]
    pub data_type: String,
    /// `NULLABLE`, `REQUIRED` or `REPEATED`.
    pub mode: String,
    /// A description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Statements to run on the local warehouse.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WarehouseQuery {
    /// One or more statements in BigQuery's SQL.
    pub sql: String,
    /// The largest number of rows to return. More rows are only counted. Absent: all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<u64>,
    /// Named parameters, written `@name` in the SQL. They have the types of their JSON values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map,
    /// Parameters with a declared type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typed_parameters: Vec<WarehouseParameter>,
    /// Only checks the statements: nothing is run or changed. The answer has the columns and `bytesProcessed`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// Refuses everything but a single SELECT statement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
}

/// A query parameter with a declared type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WarehouseParameter {
    /// The name. Absent: a positional parameter, written `?` in the SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The type in BigQuery's words, such as `DATE` or `ARRAY<STRUCT<x INT64, y STRING>>`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The value: a list for an array, an object for a struct, and otherwise a JSON value or a text.
    #[serde(default)]
    pub value: Json,
}

/// The result of the last statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarehouseResult {
    /// The columns of the rows. Empty for a statement without rows.
    #[serde(default)]
    pub columns: Vec<WarehouseColumn>,
    /// The rows.
    #[serde(default)]
    pub rows: Vec<Map>,
    /// The number of rows of the result, including rows that are not returned.
    #[serde(default)]
    pub total_rows: u64,
    /// The number of rows that the statement changed or wrote. Absent for other statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected_rows: Option<u64>,
    /// The kind of the last statement, such as `SELECT` or `CREATE_TABLE`.
    #[serde(default)]
    pub statement: String,
    /// The number of bytes that the statements read. For a dry run, the size of everything that they would read: files of
    /// external tables, and tables by BigQuery's logical sizes.
    #[serde(default)]
    pub bytes_processed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
