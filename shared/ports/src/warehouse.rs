//! The warehouse: datasets, tables and jobs written in BigQuery SQL.
//!
//! A task that moves or queries tables speaks to this port and to nothing below it: whether BigQuery or an
//! embedded engine answers is the business of the composition root. Names, types and errors are BigQuery's.
//!
//! It must not know: flows, executions, templates, how a task renders its properties, nor which engine answers.
//!
//! To add an operation: add the method with its request struct here, a case to the conformance suite in
//! `conformance/warehouse.rs`, and the method to every adapter.

use crate::credentials::Credentials;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Datasets, tables and query jobs.
///
/// Every method may be called twice with the same request: a job is identified by [`QueryJob::job_id`], the others
/// say through [`WarehouseError::AlreadyExists`] or [`WarehouseError::NotFound`] that somebody was here before.
///
/// A dataset of another project than the warehouse's own is named with it: `project.dataset`.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// The same warehouse as somebody else, or of another project; none where that makes no difference.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidQuery`] for credentials that cannot be read.
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        let _everybody_is_the_same = credentials;
        Ok(None)
    }

    /// Creates a dataset (docs/kestra.md 4.6, `bigquery.CreateDataset`).
    ///
    /// # Errors
    /// [`WarehouseError::AlreadyExists`] when it is there and `if_exists` is [`IfExists::Error`];
    /// [`WarehouseError::InvalidQuery`] for a name BigQuery refuses.
    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError>;

    /// Drops a dataset; with `contents` its tables too.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`], or [`WarehouseError::Conflict`] when tables are left and `contents` is false.
    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError>;

    /// Runs a job of one or several BigQuery statements and gives the result of the last (docs/kestra.md 4.6,
    /// `bigquery.Query`). A `job_id` that ended well before is answered from its record and not run again.
    ///
    /// # Errors
    /// Any [`WarehouseError`]. A statement that fails leaves no trace; statements before it in a script stay done.
    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError>;

    /// Asks a job to end; nothing where there is no such job, or it has ended.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`].
    async fn cancel(&self, job: &QueryJob) -> Result<(), WarehouseError> {
        let _ends_with_its_caller = job;
        Ok(())
    }

    /// The names of all datasets, in order.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`].
    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError>;

    /// The tables and views of a dataset, by name.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] when there is no such dataset.
    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError>;

    /// One table: its columns, rows and description.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] when dataset or table is missing.
    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError>;

    /// Drops a table, view or external table.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] when dataset or table is missing.
    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError>;
}

/// What to do when the thing to be created is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IfExists {
    /// Refuse.
    #[default]
    Error,
    /// Change its description, labels and other settings to the request's.
    Update,
    /// Leave it as it is.
    Skip,
}

/// A dataset to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateDataset {
    /// Letters, digits and underscores, at most 1,024 of them.
    pub name: String,
    /// The project; an adapter with one project takes any.
    pub project: Option<String>,
    /// Where the data is to live, `EU` for example.
    pub location: Option<String>,
    /// What to do when it is there.
    pub if_exists: IfExists,
    /// A text for people.
    pub description: Option<String>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Key-value labels.
    pub labels: BTreeMap<String, String>,
}

/// A dataset as the warehouse knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// Its name.
    pub dataset: String,
    /// Its project.
    pub project: Option<String>,
    /// Whether this call made it.
    pub created: bool,
    /// Whether this call changed it.
    pub updated: bool,
    /// When it was made, where that is known.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Where it lives.
    pub location: Option<String>,
    /// A text for people.
    pub description: Option<String>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Key-value labels.
    pub labels: BTreeMap<String, String>,
}

/// A table named in full or in part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableReference {
    /// The project, if it was named.
    pub project: Option<String>,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
}

/// What a query with a destination table does to rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WriteDisposition {
    /// Replace the table.
    WriteTruncate,
    /// Replace the rows, keep the schema.
    WriteTruncateData,
    /// Add rows.
    WriteAppend,
    /// Refuse when the table has rows.
    WriteEmpty,
}

/// Whether a destination table may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreateDisposition {
    /// Create it when it is missing.
    CreateIfNeeded,
    /// Refuse when it is missing.
    CreateNever,
}

/// One query job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryJob {
    /// Follows from the attempt it is made for, so that two deliveries of one message make one job.
    pub job_id: String,
    /// One or several BigQuery statements.
    pub sql: String,
    /// The project that names without one belong to.
    pub project: Option<String>,
    /// Where the job is to run.
    pub location: Option<String>,
    /// The dataset (`dataset` or `project.dataset`) that names without one belong to.
    pub default_dataset: Option<String>,
    /// Where the rows of a SELECT go: `dataset.table` or `project.dataset.table`, with an optional `$partition`.
    pub destination_table: Option<String>,
    /// What happens to rows in the destination; BigQuery's own default is [`WriteDisposition::WriteEmpty`].
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created; the default is [`CreateDisposition::CreateIfNeeded`].
    pub create_disposition: Option<CreateDisposition>,
    /// Check the statements and change nothing.
    pub dry_run: bool,
    /// The most rows to hand back (the rest is counted only): zero for none, all when absent.
    pub max_results: Option<u64>,
    /// Named parameters, written `@name` in the SQL.
    pub parameters: BTreeMap<String, Value>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
    /// How long its end is waited for before the answer is [`WarehouseError::StillRunning`]; to its end when absent.
    #[serde(default)]
    pub patience: Option<Duration>,
}

/// Whether a column may be NULL, or repeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// NULL is allowed.
    #[default]
    Nullable,
    /// NULL is refused.
    Required,
    /// An array.
    Repeated,
}

/// A column of a table or result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// BigQuery's name of its type, `INT64` or `STRUCT<a INT64>`; of the element when `mode` is repeated.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Nullable, required or repeated.
    pub mode: Mode,
    /// A text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What kind of statement a job ended with, in BigQuery's words (`SELECT`, `CREATE_TABLE_AS_SELECT`, `MERGE`, …).
pub type StatementKind = String;

/// The outcome of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryResult {
    /// The job's id.
    pub job_id: String,
    /// Columns of the rows; empty for statements without rows.
    pub schema: Vec<Column>,
    /// Rows as Kestra prints them (docs/kestra.md 4.6): NUMERIC as number, BYTES in base64, TIMESTAMP as ISO instant,
    /// DATE as `yyyy-MM-dd`.
    pub rows: Vec<Map<String, Value>>,
    /// Rows of the result, handed back or not.
    pub total_rows: u64,
    /// Rows changed by INSERT, UPDATE, DELETE, MERGE or written by CREATE TABLE AS SELECT.
    pub affected_rows: Option<u64>,
    /// Rows changed, by kind, where the statement tells them apart.
    pub dml: Option<DmlStats>,
    /// Bytes read, as far as the engine knows them.
    pub bytes_processed: u64,
    /// Where rows were written: the destination of a SELECT; absent for DDL and dry runs.
    pub destination_table: Option<TableReference>,
    /// The last statement's kind.
    pub statement_kind: StatementKind,
    /// Whether the answer comes from the record of an earlier delivery.
    pub from_record: bool,
}

/// Rows a DML statement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmlStats {
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
}

/// What a table is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TableKind {
    /// Rows of its own.
    #[default]
    Table,
    /// A stored query.
    View,
    /// Files in the object store.
    External,
}

impl std::fmt::Display for TableKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::External => "EXTERNAL",
        })
    }
}

/// A table as the warehouse knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// Table, view or external table.
    pub kind: TableKind,
    /// Rows, for a table.
    pub rows: Option<u64>,
    /// Bytes by BigQuery's logical sizes, as far as the engine knows them.
    pub bytes: Option<u64>,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// A text for people.
    pub description: Option<String>,
    /// The PARTITION BY expression as written.
    pub partition_by: Option<String>,
    /// The CLUSTER BY columns.
    pub cluster_by: Vec<String>,
}

/// Why the warehouse did not do it, by meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum WarehouseError {
    /// A dataset, table or file that is not there.
    #[error("Not found: {what} {name}{}", hinted(.hint))]
    NotFound {
        /// `Dataset`, `Table` or `URI`.
        what: String,
        /// Its name in BigQuery's form, `project:dataset.table`.
        name: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// It is there already.
    #[error("Already Exists: {what} {name}")]
    AlreadyExists {
        /// `Dataset`, `Table` or `Job`.
        what: String,
        /// Its name.
        name: String,
    },
    /// The SQL, a name or an option is wrong.
    #[error("Invalid query: {message}{}{}", placed(.line, .column), hinted(.hint))]
    InvalidQuery {
        /// What is wrong.
        message: String,
        /// Line in the SQL, from 1.
        line: Option<u32>,
        /// Column in that line, from 1.
        column: Option<u32>,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file or a value does not fit its declared type.
    #[error("Error while reading data{}: {message}{}", read_from(.file, .row), hinted(.hint))]
    BadData {
        /// The file, as `gs://bucket/key`.
        file: Option<String>,
        /// Its line, from 1, the header counted.
        row: Option<u64>,
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The request contradicts the state of things, and would again.
    #[error("Conflict: {message}{}", hinted(.hint))]
    Conflict {
        /// What contradicts what.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Somebody else holds it; later it may work.
    #[error("Warehouse busy: {message}{}", hinted(.hint))]
    Busy {
        /// Who holds what.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The job is at work and goes on; ask again with the same job id.
    #[error("the job {job_id} is still at work")]
    StillRunning {
        /// Which.
        job_id: String,
    },
    /// The engine cannot be reached or broke.
    #[error("Warehouse unavailable: {message}")]
    Unavailable {
        /// What happened.
        message: String,
    },
}

impl WarehouseError {
    /// Whether the same request may succeed later without anybody changing it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. })
    }
}

fn hinted(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default()
}

fn placed(line: &Option<u32>, column: &Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" at [{line}:{column}]"),
        _ => String::new(),
    }
}

fn read_from(file: &Option<String>, row: &Option<u64>) -> String {
    match (file, row) {
        (Some(file), Some(row)) => format!(" from {file}, row {row}"),
        (Some(file), None) => format!(" from {file}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        let error = WarehouseError::InvalidQuery {
            message: "Unrecognized name: fare".into(),
            line: Some(2),
            column: Some(8),
            hint: Some("did you mean fares?".into()),
        };
        assert_eq!(
            error.to_string(),
            "Invalid query: Unrecognized name: fare at [2:8] (did you mean fares?)"
        );
        let error = WarehouseError::BadData {
            file: Some("gs://b/t.csv".into()),
            row: Some(7),
            message: "too few columns".into(),
            hint: None,
        };
        assert_eq!(error.to_string(), "Error while reading data from gs://b/t.csv, row 7: too few columns");
    }

    #[test]
    fn only_busy_and_unavailable_pass_by_themselves() {
        assert!(WarehouseError::Busy { message: String::new(), hint: None }.is_transient());
        assert!(!WarehouseError::Conflict { message: String::new(), hint: None }.is_transient());
    }
}
