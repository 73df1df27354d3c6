//! The warehouse: datasets, tables and jobs written in BigQuery SQL.
//!
//! A task that moves or queries tables uses only this port. The composition root decides whether BigQuery or an
//! embedded engine answers. Names, types and errors are BigQuery's.
//!
//! It must not know: flows, executions, templates, how a task renders its properties, or which engine
//! answers.
//!
//! To add an operation: add the method with its request struct here, a case in the conformance suite in
//! `conformance/warehouse`, and the method in every adapter.

mod parameters;
mod rows;
mod transfer;

pub use parameters::{Parameter, ParameterType, UnknownType};
pub use rows::{Row, RowStream, Rows};
pub use transfer::{
    Copied, CopyJob, CopyKind, CsvFormat, ExtractJob, Extracted, FileFormat, JobSettings, LoadJob,
    LoadSource, Loaded,
};

use crate::credentials::Credentials;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Datasets, tables and query jobs.
///
/// Every method may be called twice with the same request. A job is identified by [`QueryJob::job_id`]. The
/// other methods report an earlier call through [`WarehouseError::AlreadyExists`] or
/// [`WarehouseError::NotFound`]. Every method can also return [`WarehouseError::Unavailable`] if the
/// warehouse does not answer.
///
/// A dataset in another project than the warehouse's own is named `project.dataset`.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// The same warehouse with another identity or project. None if this makes no difference.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidQuery`] if the credentials cannot be parsed.
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        let _everybody_is_the_same = credentials;
        Ok(None)
    }

    /// Creates a dataset (docs/kestra.md 4.6, `bigquery.CreateDataset`).
    ///
    /// # Errors
    /// [`WarehouseError::AlreadyExists`] if the dataset exists and `if_exists` is [`IfExists::Error`].
    /// [`WarehouseError::InvalidQuery`] if BigQuery refuses the name.
    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError>;

    /// Drops a dataset. With `contents`, its tables are dropped too.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if the dataset does not exist. [`WarehouseError::Conflict`] if it has
    /// tables and `contents` is false.
    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError>;

    /// Runs a job of one or several BigQuery statements and returns the result of the last (docs/kestra.md
    /// 4.6, `bigquery.Query`). If a job with this `job_id` has succeeded before, its recorded result is
    /// returned and the job is not run again.
    ///
    /// # Errors
    /// Any [`WarehouseError`]. A failed statement changes nothing. Earlier statements of a script keep their
    /// effect.
    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError>;

    /// Runs a job like [`Self::query`] and hands over its rows as a stream. Use this for results of any size.
    ///
    /// The method returns when the rows can be read. Only the reader's pace limits how long the rows are kept.
    ///
    /// # Errors
    /// As [`Self::query`]. The stream ends with an error if the rows cannot be read to the end.
    async fn stream(&self, job: QueryJob) -> Result<Rows, WarehouseError>;

    /// Copies tables into one.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if a source does not exist. [`WarehouseError::AlreadyExists`] if the destination
    /// has rows and must be empty.
    async fn copy(&self, job: CopyJob) -> Result<Copied, WarehouseError>;

    /// Loads files into a table.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if there are no files. [`WarehouseError::BadData`] if a file does not have the
    /// declared columns. Then no rows are added.
    async fn load(&self, job: LoadJob) -> Result<Loaded, WarehouseError>;

    /// Writes the rows of a table to files.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if the table or the bucket does not exist. [`WarehouseError::InvalidQuery`] if the
    /// warehouse cannot write the format.
    async fn extract(&self, job: ExtractJob) -> Result<Extracted, WarehouseError>;

    /// Cancels a job. Nothing happens if the job does not exist or has ended.
    async fn cancel(&self, job: &QueryJob) -> Result<(), WarehouseError> {
        let _ends_with_its_caller = job;
        Ok(())
    }

    /// The names of all datasets, in order.
    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError>;

    /// The tables and views of a dataset, by name.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if the dataset does not exist.
    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError>;

    /// One table: columns, number of rows and description.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if the dataset or the table does not exist.
    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError>;

    /// Drops a table, view or external table.
    ///
    /// # Errors
    /// [`WarehouseError::NotFound`] if the dataset or the table does not exist.
    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError>;
}

/// What to do if the thing to create exists already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IfExists {
    /// Fail.
    #[default]
    Error,
    /// Change the description, labels and other settings to those of the request.
    Update,
    /// Leave it unchanged.
    Skip,
}

/// A dataset to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateDataset {
    /// Letters, digits and underscores, at most 1,024 of them.
    pub name: String,
    /// The project. None: the warehouse's own project. An adapter with only one project ignores it.
    pub project: Option<String>,
    /// The location of the data, for example `EU`. None: the default.
    pub location: Option<String>,
    /// What to do if the dataset exists.
    pub if_exists: IfExists,
    /// A description for people.
    pub description: Option<String>,
    /// A display name for people.
    pub friendly_name: Option<String>,
    /// Labels, as keys and values.
    pub labels: BTreeMap<String, String>,
}

/// A description of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// The name.
    pub dataset: String,
    /// The project. None if the warehouse has no projects.
    pub project: Option<String>,
    /// Whether this call created the dataset.
    pub created: bool,
    /// Whether this call changed the dataset.
    pub updated: bool,
    /// The time of creation. None if unknown.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The location of the data. None if unknown.
    pub location: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// A display name for people.
    pub friendly_name: Option<String>,
    /// Labels, as keys and values.
    pub labels: BTreeMap<String, String>,
}

/// The name of a table, in full or in part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableReference {
    /// The project. None if the name has no project.
    pub project: Option<String>,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
}

/// What a query with a destination table does to existing rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WriteDisposition {
    /// Replace the table.
    WriteTruncate,
    /// Replace the rows, keep the schema.
    WriteTruncateData,
    /// Add rows.
    WriteAppend,
    /// Fail if the table has rows.
    WriteEmpty,
}

/// Whether a destination table may be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreateDisposition {
    /// Create the table if it does not exist.
    CreateIfNeeded,
    /// Fail if the table does not exist.
    CreateNever,
}

/// One query job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryJob {
    /// The id follows from the attempt, so that two deliveries of one message start one job. The id alone identifies
    /// the job: the second delivery may render another text.
    pub job_id: String,
    /// One or several BigQuery statements.
    pub sql: String,
    /// The project of names without a project. None: the warehouse's own.
    pub project: Option<String>,
    /// The location to run the job in. None: the default.
    pub location: Option<String>,
    /// The dataset of names without a dataset: `dataset` or `project.dataset`.
    pub default_dataset: Option<String>,
    /// The table to write the rows of a SELECT to: `dataset.table` or `project.dataset.table`, with an
    /// optional `$partition`. None: the rows are only returned.
    pub destination_table: Option<String>,
    /// What happens to existing rows in the destination. None: BigQuery's default,
    /// [`WriteDisposition::WriteEmpty`].
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created. None: [`CreateDisposition::CreateIfNeeded`].
    pub create_disposition: Option<CreateDisposition>,
    /// Checks the statements and changes nothing.
    pub dry_run: bool,
    /// The largest number of rows to return; more rows are only counted. 0: no rows. None: all rows.
    pub max_results: Option<u64>,
    /// Named parameters, written `@name` in the SQL.
    pub parameters: BTreeMap<String, Parameter>,
    /// Positional parameters, written `?` in the SQL.
    #[serde(default)]
    pub positional: Vec<Parameter>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
    /// How long to wait for the end of the job before returning [`WarehouseError::StillRunning`]. None: until
    /// it ends.
    #[serde(default)]
    pub patience: Option<Duration>,
    /// The session with the temporary tables and variables that the job uses.
    #[serde(default)]
    pub session: Option<Session>,
}

/// A session of a client: its temporary tables, temporary functions and variables live across jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id.
    pub id: String,
    /// Whether the job begins the session. Otherwise the session must exist.
    pub begins: bool,
}

/// Whether a column can be NULL, or is an array.
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
    /// The name.
    pub name: String,
    /// BigQuery's name of the type: `INT64` or `STRUCT<a INT64>`. For a repeated column, the type of an
    /// element.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Nullable, required or repeated.
    pub mode: Mode,
    /// A description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The kind of a statement, in BigQuery's words: `SELECT`, `CREATE_TABLE_AS_SELECT`, `MERGE`, …
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
    /// The number of rows of the result, including rows that were not returned.
    pub total_rows: u64,
    /// The number of rows that INSERT, UPDATE, DELETE, MERGE or CREATE TABLE AS SELECT changed or wrote. None
    /// for other statements.
    pub affected_rows: Option<u64>,
    /// The numbers of rows by kind of change. None if the statement does not distinguish them.
    pub dml: Option<DmlStats>,
    /// The number of bytes read. 0 if the engine does not know it.
    pub bytes_processed: u64,
    /// The table the rows were written to. None for DDL and dry runs.
    pub destination_table: Option<TableReference>,
    /// The kind of the last statement.
    pub statement_kind: StatementKind,
    /// Whether the result is the recorded one of an earlier delivery.
    pub from_record: bool,
    /// The statements that a script of several statements ran, in their order. The last one includes the statement of
    /// this result. Empty for a job of one statement, and if the engine does not report them.
    #[serde(default)]
    pub statements: Vec<ScriptStatement>,
}

/// A statement that a script ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptStatement {
    /// The text of the statement or expression.
    pub sql: String,
    /// Whether it is an expression of a control statement, such as the value of SET.
    pub is_expression: bool,
    /// The outcome, without rows.
    pub result: QueryResult,
}

/// The numbers of rows that a DML statement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmlStats {
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
}

/// The kind of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TableKind {
    /// A table with its own rows.
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

/// A description of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// Table, view or external table.
    pub kind: TableKind,
    /// The number of rows. None for a view or an external table.
    pub rows: Option<u64>,
    /// The size in bytes, by BigQuery's logical sizes. None if the engine does not know it.
    pub bytes: Option<u64>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// A description for people.
    pub description: Option<String>,
    /// The PARTITION BY expression as written. None if the table is not partitioned.
    pub partition_by: Option<String>,
    /// The CLUSTER BY columns.
    pub cluster_by: Vec<String>,
}

/// The errors of the warehouse, named by meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum WarehouseError {
    /// A dataset, table or file does not exist.
    #[error("Not found: {what} {name}{}", hinted(.hint))]
    NotFound {
        /// `Dataset`, `Table` or `URI`.
        what: String,
        /// The name in BigQuery's form, `project:dataset.table`.
        name: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A dataset, table or job exists already.
    #[error("Already Exists: {what} {name}")]
    AlreadyExists {
        /// `Dataset`, `Table` or `Job`.
        what: String,
        /// The name.
        name: String,
    },
    /// The SQL, a name or an option is invalid.
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
    /// A file or a value does not have its declared type.
    #[error("Error while reading data{}: {message}{}", read_from(.file, .row), hinted(.hint))]
    BadData {
        /// The file, as `gs://bucket/key`.
        file: Option<String>,
        /// The line in the file, from 1. The header counts.
        row: Option<u64>,
        /// What is wrong with the file or value.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The request contradicts the current state. Repeating it would fail again.
    #[error("Conflict: {message}{}", hinted(.hint))]
    Conflict {
        /// What the conflict is.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Another process holds the table. A later request may succeed.
    #[error("Warehouse busy: {message}{}", hinted(.hint))]
    Busy {
        /// The holder of the table.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The job still runs. Ask again with the same job id.
    #[error("the job {job_id} is still running")]
    StillRunning {
        /// The id of the job.
        job_id: String,
    },
    /// The engine cannot be reached, or failed.
    #[error("Warehouse unavailable: {message}")]
    Unavailable {
        /// What happened.
        message: String,
    },
}

impl WarehouseError {
    /// Whether the same request may succeed later without a change.
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
