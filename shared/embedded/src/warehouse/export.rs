//! EXPORT DATA: the rows of a query as one file in the object store.
//!
//! A job that is delivered again replaces its own file.
//!
//! The module must not know how rows become bytes. To add an option, add it to [`KNOWN`] and read it in [`export`].

use super::engine::{Engine, Failure};
use super::sql::analyze::Relation;
use super::sql::invalid;
use super::sql::names::literal;
use super::transfer::{Encoder, unwritable_range};
use super::{execute, result};
use crate::DirectoryObjectStore;
use crate::objects::files;
use duckdb::types::Value as Cell;
use segue_ports::PortError;
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use segue_ports::warehouse::{ExtractJob, FileFormat, Row, WarehouseError};
use serde_json::{Map, Value};
use std::path::Path;

const KNOWN: [&str; 6] = ["uri", "format", "overwrite", "header", "field_delimiter", "compression"];
/// The key in the metadata of a file for the job that wrote it.
const JOB: &str = "segue-job";

/// Writes the rows of a query to a file, and returns their number.
pub(crate) fn export(
    engine: &Engine,
    relation: &Relation,
    options: &Map<String, Value>,
    job: &str,
) -> Result<u64, Failure> {
    let refused = |message: &str, hint: &str| -> Failure { invalid(message, None, Some(hint)).into() };
    if let Some(unknown) = options.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(refused(
            &format!("Unknown option: {unknown}"),
            &format!("the options are {}", KNOWN.join(", ")),
        ));
    }
    if engine.source.is_some() {
        return Err(refused(
            "EXPORT DATA is not supported by the embedded warehouse over buckets of Google Cloud",
            "run this statement on BigQuery",
        ));
    }
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let uri = text("uri").unwrap_or_default();
    if uri.matches('*').count() != 1 {
        return Err(refused(
            "Option 'uri' value must be a wildcard URI",
            "write one *, which stands for the number of the file: uri = 'gs://bucket/trips-*.csv'",
        ));
    }
    let format = FileFormat::parse(text("format").unwrap_or("CSV"))
        .ok_or_else(|| refused("The format is unknown", "write CSV, JSON or PARQUET"))?;
    let address = ObjectAddress::parse(&uri.replace('*', "000000000000")).map_err(said)?;
    let store = DirectoryObjectStore::open(&engine.object_root).map_err(said)?;
    if options.get("overwrite").and_then(Value::as_bool) != Some(true) {
        for (found, _) in files::files(&engine.object_root, uri).map_err(said)? {
            let writer = store.info_here(&found).map_err(said)?.attributes.metadata.remove(JOB);
            if job.is_empty() || writer.as_deref() != Some(job) {
                let name = format!("URI {found}");
                let hint = "set overwrite = true, or export to another place";
                return Err(refused(&format!("Already exists: {name}"), hint));
            }
        }
    }
    let folder = tempfile::tempdir().map_err(|error| unwritten(&error))?;
    let file = folder.path().join("rows");
    let rows = if format == FileFormat::Parquet {
        parquet(engine, relation, text("compression"), &file)?
    } else {
        let job = ExtractJob {
            format,
            compression: text("compression").map(str::to_uppercase).filter(|name| name != "NONE"),
            field_delimiter: text("field_delimiter").map(str::to_owned),
            print_header: options.get("header").and_then(Value::as_bool).unwrap_or_default(),
            ..ExtractJob::default()
        };
        lines(engine, relation, &Encoder::new(&job)?, &file)?
    };
    let mut attributes = ObjectAttributes::default();
    if !job.is_empty() {
        attributes.metadata.insert(JOB.to_owned(), job.to_owned());
    }
    store.put_file_here(&address, &file, &attributes).map_err(said)?;
    Ok(rows)
}

/// Writes the rows as CSV or JSON.
fn lines(engine: &Engine, relation: &Relation, encoder: &Encoder, file: &Path) -> Result<u64, Failure> {
    let columns = execute::schema(relation);
    let mut statement = engine.connection.prepare(&relation.sql)?;
    let mut found = statement.query([])?;
    let mut broken = None;
    let rows = std::iter::from_fn(|| {
        let row = match found.next() {
            Ok(row) => row?,
            Err(error) => {
                broken = Some(error);
                return None;
            }
        };
        let mut printed = Row::new();
        for (index, column) in relation.columns.iter().enumerate() {
            match row.get::<_, Cell>(index) {
                Ok(cell) => printed.insert(column.name.clone(), result::json(&cell, &column.ty)),
                Err(error) => {
                    broken = Some(error);
                    return None;
                }
            };
        }
        Some(engine.stop.check().map(|()| printed))
    });
    let file = std::fs::File::create(file).map_err(|error| unwritten(&error))?;
    let count = encoder.write_all(&columns, rows, file)?;
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(count),
    }
}

/// Writes the rows as Parquet.
fn parquet(
    engine: &Engine,
    relation: &Relation,
    compression: Option<&str>,
    file: &Path,
) -> Result<u64, Failure> {
    let compression = compression.unwrap_or("NONE").to_uppercase();
    let own = match compression.as_str() {
        "NONE" => "uncompressed",
        "SNAPPY" => "snappy",
        "GZIP" => "gzip",
        "ZSTD" => "zstd",
        other => {
            let message = format!("compression is '{other}'; NONE, SNAPPY, GZIP and ZSTD can be written");
            return Err(invalid(&message, None, None).into());
        }
    };
    if let Some(column) = relation.columns.iter().find(|column| column.ty.has_bignumeric()) {
        let message = format!(
            "EXPORT DATA of BIGNUMERIC as Parquet is not supported by the embedded warehouse: {}",
            column.name
        );
        return Err(invalid(&message, None, Some("CAST the column to NUMERIC or STRING")).into());
    }
    if let Some(column) = relation.columns.iter().find(|column| column.ty.has_range()) {
        return Err(unwritable_range(&column.name).into());
    }
    let path = literal(&file.to_string_lossy());
    let rows = relation.table_sql(&[]);
    let sql = format!("COPY ({rows}) TO {path} (FORMAT parquet, COMPRESSION '{own}')");
    Ok(engine.connection.execute(&sql, [])? as u64)
}

fn unwritten(error: &std::io::Error) -> WarehouseError {
    WarehouseError::Unavailable { message: format!("the exported file cannot be written: {error}") }
}

/// An error of the object store.
fn said(error: PortError) -> WarehouseError {
    if error.is_transient() {
        return WarehouseError::Unavailable { message: error.to_string() };
    }
    invalid(&error.to_string(), None, None)
}
