//! Loads of files.
//!
//! The files are declared as an external table, and one job writes its rows to the destination. A request that arrives
//! twice runs the same jobs from the beginning: each job follows from the request and from the results of earlier jobs,
//! which are recorded.

use super::super::DuckDbWarehouse;
use super::super::sql::invalid;
use super::{decimals, detect, dotted, literal, query, quoted, table};
use segue_ports::random_name;
use segue_ports::warehouse::{
    Column, FileFormat, LoadJob, LoadSource, Loaded, Mode, QueryJob, QueryResult, TableReference,
    Warehouse as _, WarehouseError, WriteDisposition,
};
use serde_json::Value;

/// Loads the files into the destination.
pub(in super::super) async fn load(
    warehouse: &DuckDbWarehouse,
    job: LoadJob,
) -> Result<Loaded, WarehouseError> {
    if !matches!(job.format, FileFormat::Csv | FileFormat::Json | FileFormat::Parquet) {
        let message = format!("format is '{}'; CSV, JSON and PARQUET can be loaded", job.format.name());
        return Err(invalid(&message, None, None));
    }
    let name = match job.settings.job_id.as_str() {
        "" => format!("load_{}", random_name()),
        id => id.replace('-', "_"),
    };
    let files = TableReference { table: name, ..job.destination.clone() };
    let loaded = through(warehouse, &job, &files).await;
    // A job that will be tried again reads the files through this declaration.
    if !loaded.as_ref().is_err_and(WarehouseError::is_transient) {
        match warehouse.delete_table(&files.dataset, &files.table).await {
            Ok(()) | Err(WarehouseError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the declaration of loaded files could not be removed"),
        }
    }
    Ok(Loaded { job_id: job.settings.job_id, rows: loaded? })
}

async fn through(
    warehouse: &DuckDbWarehouse,
    job: &LoadJob,
    files: &TableReference,
) -> Result<u64, WarehouseError> {
    let fetch = |suffix: &'static str, sql: String| warehouse.query(query(&job.settings, suffix, sql));
    let (is_csv, is_parquet) = (job.format == FileFormat::Csv, job.format == FileFormat::Parquet);
    let detects = job.autodetect;
    // Without a schema and without detection, the columns are those of the destination. A table that is replaced has
    // other columns afterwards.
    let known = if job.columns.is_empty() && (is_parquet || !detects) {
        columns(&fetch("_columns", columns_of(&job.destination)?).await?)
    } else {
        Vec::new()
    };
    let columns = if known.is_empty() || is_parquet { job.columns.clone() } else { known.clone() };
    let declared = columns.iter().map(declaration).collect::<Result<Vec<_>, _>>()?;
    let declared = if declared.is_empty() { String::new() } else { format!(" ({})", declared.join(", ")) };
    let name = table(files)?;
    let external = format!("CREATE OR REPLACE EXTERNAL TABLE {name}{declared} OPTIONS({})", options(job));
    fetch("_files", external).await?;
    let select = if detects && columns.is_empty() && is_csv {
        detect::select(&name, fetch).await?
    } else if is_parquet && columns.is_empty() {
        let is_kept = !known.is_empty() && job.write_disposition != Some(WriteDisposition::WriteTruncate);
        let own = if is_kept {
            // The columns of the destination decide.
            Vec::new()
        } else {
            fetch("_types", format!("SELECT * FROM {name} LIMIT 0")).await?.schema
        };
        decimals::select(&name, &own, &job.decimal_target_types)?
    } else {
        format!("SELECT * FROM {name}")
    };
    let load = QueryJob {
        destination_table: Some(dotted(&job.destination)),
        write_disposition: Some(job.write_disposition.unwrap_or(WriteDisposition::WriteAppend)),
        create_disposition: job.create_disposition,
        max_results: Some(0),
        ..query(&job.settings, "", select)
    };
    let result = warehouse.query(load).await?;
    Ok(result.affected_rows.unwrap_or(result.total_rows))
}

fn declaration(column: &Column) -> Result<String, WarehouseError> {
    let data_type = match column.mode {
        Mode::Repeated => format!("ARRAY<{}>", column.data_type),
        _ => column.data_type.clone(),
    };
    let required = if column.mode == Mode::Required { " NOT NULL" } else { "" };
    let described =
        column.description.as_ref().map(|text| format!(" OPTIONS(description={})", literal(text)));
    Ok(format!("{} {data_type}{required}{}", quoted(&column.name)?, described.unwrap_or_default()))
}

/// The options of the external table.
fn options(job: &LoadJob) -> String {
    let uris = match &job.source {
        LoadSource::Objects(uris) => uris.iter().map(|uri| literal(uri)).collect(),
        LoadSource::File { uri, .. } => vec![literal(uri)],
    };
    let mut options =
        vec![format!("format={}", literal(job.format.name())), format!("uris=[{}]", uris.join(", "))];
    if job.ignore_unknown_values {
        options.push("ignore_unknown_values=true".to_owned());
    }
    if job.max_bad_records > 0 {
        options.push(format!("max_bad_records={}", job.max_bad_records));
    }
    if job.format != FileFormat::Csv {
        return options.join(", ");
    }
    let csv = &job.csv;
    // With type detection, the first line has the names.
    let skipped = csv.skip_leading_rows.unwrap_or(u64::from(job.autodetect && job.columns.is_empty()));
    options.push(format!("skip_leading_rows={skipped}"));
    let texts =
        [("field_delimiter", &csv.field_delimiter), ("quote", &csv.quote), ("encoding", &csv.encoding)];
    for (name, text) in texts {
        options.extend(text.as_ref().map(|text| format!("{name}={}", literal(text))));
    }
    let flags =
        [("allow_jagged_rows", csv.allow_jagged_rows), ("allow_quoted_newlines", csv.allow_quoted_newlines)];
    let set = flags.into_iter().filter(|(_, on)| *on == Some(true));
    options.extend(set.map(|(name, _)| format!("{name}=true")));
    options.join(", ")
}

/// The query for the columns of the destination. It has no rows if the table does not exist. It is a job, so
/// that a request that arrives again gets the same answer after the table was created.
fn columns_of(destination: &TableReference) -> Result<String, WarehouseError> {
    Ok(format!(
        "SELECT column_name, data_type FROM {}.INFORMATION_SCHEMA.COLUMNS WHERE table_name = {} ORDER BY ordinal_position",
        quoted(&destination.dataset)?,
        // A partition has the columns of its table.
        literal(destination.table.split('$').next().unwrap_or_default())
    ))
}

/// The columns in the result of this query.
fn columns(found: &QueryResult) -> Vec<Column> {
    let rows = found.rows.iter().map(|row| {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Column { name: text("column_name"), data_type: text("data_type"), ..Column::default() }
    });
    rows.collect()
}
