//! Jobs that move whole tables: copies, loads of files, extracts to files. BigQuery makes them without a charge for
//! bytes read, and in any size.
//!
//! It must not know: how a warehouse moves rows. To add a setting: a field, which every adapter must apply or refuse.

use super::{Column, CreateDisposition, TableReference, WriteDisposition};
use crate::object::ByteStream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The settings that all jobs share. Each has the meaning of the field of [`super::QueryJob`] with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobSettings {
    /// The id follows from the attempt, so that two deliveries of one message start one job.
    pub job_id: String,
    /// The project that runs the job. None: the warehouse's own.
    pub project: Option<String>,
    /// The location to run the job in. None: the default.
    pub location: Option<String>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
    /// How long to wait for the end of the job. None: until it ends.
    pub patience: Option<Duration>,
}

/// What a copy is. A warehouse without the other kinds makes a copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CopyKind {
    /// A table of its own.
    #[default]
    Copy,
    /// A table that shares the bytes of its source.
    Clone,
    /// The state of the source, which cannot be changed.
    Snapshot,
    /// A table from a snapshot.
    Restore,
}

impl CopyKind {
    /// The name, as BigQuery writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "COPY",
            Self::Clone => "CLONE",
            Self::Snapshot => "SNAPSHOT",
            Self::Restore => "RESTORE",
        }
    }
}

/// Copies tables with the same columns into one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyJob {
    /// The id and the other common settings.
    pub settings: JobSettings,
    /// The tables. At least one.
    pub sources: Vec<TableReference>,
    /// The table for the rows.
    pub destination: TableReference,
    /// What the copy is.
    pub kind: CopyKind,
    /// What happens to existing rows. None: a table with rows is refused.
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created. None: it may.
    pub create_disposition: Option<CreateDisposition>,
}

/// The outcome of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// The job's id.
    pub job_id: String,
    /// The number of copied rows. None if the warehouse does not count them.
    pub rows: Option<u64>,
}

/// The format of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileFormat {
    /// Fields with a separator between them.
    #[default]
    Csv,
    /// A JSON document on each line.
    Json,
    /// Avro.
    Avro,
    /// Parquet.
    Parquet,
    /// ORC, which can only be loaded.
    Orc,
}

impl FileFormat {
    /// The format of the name that a task writes. None for an unknown name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "" | "CSV" => Some(Self::Csv),
            "JSON" | "NEWLINE_DELIMITED_JSON" => Some(Self::Json),
            "AVRO" => Some(Self::Avro),
            "PARQUET" => Some(Self::Parquet),
            "ORC" => Some(Self::Orc),
            _ => None,
        }
    }

    /// The name, as BigQuery writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "NEWLINE_DELIMITED_JSON",
            Self::Avro => "AVRO",
            Self::Parquet => "PARQUET",
            Self::Orc => "ORC",
        }
    }
}

/// The details of CSV files to load. None: the warehouse's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvFormat {
    /// Whether columns may be missing at the end of a row.
    pub allow_jagged_rows: Option<bool>,
    /// Whether a quoted text may contain line breaks.
    pub allow_quoted_newlines: Option<bool>,
    /// UTF-8 or ISO-8859-1.
    pub encoding: Option<String>,
    /// The separator between fields.
    pub field_delimiter: Option<String>,
    /// The quotes around a text.
    pub quote: Option<String>,
    /// The number of lines to skip at the beginning.
    pub skip_leading_rows: Option<u64>,
}

/// The files to load.
pub enum LoadSource {
    /// Objects of buckets: `gs://bucket/key`, with `*` for any characters. The identity of the job reads them.
    Objects(Vec<String>),
    /// A file that the caller reads. The identity of the job may have no access to it, and it may be in another
    /// location than the destination.
    File {
        /// Its address, for a warehouse that reads the same files as the caller.
        uri: String,
        /// Opens it. Nothing is read unless this is called.
        open: Arc<dyn Fn() -> ByteStream + Send + Sync>,
    },
}

impl std::fmt::Debug for LoadSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Objects(uris) => formatter.debug_tuple("Objects").field(uris).finish(),
            Self::File { uri, .. } => {
                formatter.debug_struct("File").field("uri", uri).finish_non_exhaustive()
            }
        }
    }
}

/// Loads files into a table.
#[derive(Debug)]
pub struct LoadJob {
    /// The id and the other common settings.
    pub settings: JobSettings,
    /// The files.
    pub source: LoadSource,
    /// The table for the rows.
    pub destination: TableReference,
    /// The format of the files.
    pub format: FileFormat,
    /// The details of CSV files.
    pub csv: CsvFormat,
    /// The columns. Empty: the columns of the destination, or those of the files.
    pub columns: Vec<Column>,
    /// Whether the types of columns are detected from the files.
    pub autodetect: bool,
    /// What happens to existing rows. None: rows are added.
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created. None: it may.
    pub create_disposition: Option<CreateDisposition>,
    /// Whether fields beyond the columns are left out.
    pub ignore_unknown_values: bool,
    /// The number of bad rows that are left out. With one more, the job fails.
    pub max_bad_records: u64,
    /// The types that decimals of a Parquet, Avro or ORC file can become: `NUMERIC`, `BIGNUMERIC`, `STRING`. The first
    /// type in this order that is in the list and has room for a column. Empty: the warehouse's default.
    pub decimal_target_types: Vec<String>,
}

/// The outcome of a load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The job's id.
    pub job_id: String,
    /// The number of loaded rows.
    pub rows: u64,
}

/// Writes the rows of a table to files in buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtractJob {
    /// The id and the other common settings.
    pub settings: JobSettings,
    /// The table.
    pub source: TableReference,
    /// The addresses: `gs://bucket/key`, with at most one `*` for the number of a file (twelve digits).
    pub uris: Vec<String>,
    /// The format of the files.
    pub format: FileFormat,
    /// GZIP, SNAPPY, DEFLATE or ZSTD. None: the files are not compressed.
    pub compression: Option<String>,
    /// The separator between the fields of a CSV file. None: a comma.
    pub field_delimiter: Option<String>,
    /// Whether a CSV file begins with the names of the columns.
    pub print_header: bool,
    /// Whether an Avro file has logical types for dates and times. None: BigQuery's default.
    pub use_avro_logical_types: Option<bool>,
}

/// The outcome of an extract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extracted {
    /// The job's id.
    pub job_id: String,
    /// The number of files for each address of the job.
    pub file_counts: Vec<u64>,
    /// The number of rows. None if the warehouse does not count them.
    pub rows: Option<u64>,
    /// The number of bytes of the files. None if the warehouse does not count them.
    pub bytes: Option<u64>,
}
