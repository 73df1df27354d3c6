//! Copies of tables. Each kind of copy is one of its own rows.
//!
//! A copy of one table into a new table, or in the place of another, has the partitions, the clustering and the options
//! of its source. Other copies add rows to a table that has its own.

use super::super::DuckDbWarehouse;
use super::{dotted, literal, query, quoted, table};
use segue_ports::warehouse::{
    Copied, CopyJob, CreateDisposition, QueryJob, TableReference, Warehouse as _, WarehouseError,
    WriteDisposition,
};

/// Writes the rows of all sources into the destination.
pub(in super::super) async fn copy(
    warehouse: &DuckDbWarehouse,
    job: CopyJob,
) -> Result<Copied, WarehouseError> {
    let whole = match job.sources.as_slice() {
        [source] if has_no_rows_to_keep(warehouse, &job, source).await? => Some(source),
        _ => None,
    };
    let run = if let Some(source) = whole {
        let (to, from) = (table(&job.destination)?, table(source)?);
        query(&job.settings, "", format!("CREATE OR REPLACE TABLE {to} COPY {from}"))
    } else {
        let selects = job.sources.iter().map(|source| Ok(format!("SELECT * FROM {}", table(source)?)));
        let selects = selects.collect::<Result<Vec<_>, WarehouseError>>()?;
        QueryJob {
            destination_table: Some(dotted(&job.destination)),
            write_disposition: job.write_disposition,
            create_disposition: job.create_disposition,
            ..query(&job.settings, "", selects.join(" UNION ALL "))
        }
    };
    let result = warehouse.query(QueryJob { max_results: Some(0), ..run }).await?;
    Ok(Copied { job_id: result.job_id, rows: Some(result.affected_rows.unwrap_or(result.total_rows)) })
}

/// Whether the destination has nothing that the copy must keep. The answer is of a job, so that a request that arrives again gets the
/// same one after the destination was made.
async fn has_no_rows_to_keep(
    warehouse: &DuckDbWarehouse,
    job: &CopyJob,
    source: &TableReference,
) -> Result<bool, WarehouseError> {
    let to = &job.destination;
    let is_partition = to.table.contains('$') || source.table.contains(['$', '*']);
    if is_partition || (&to.dataset, &to.table) == (&source.dataset, &source.table) {
        return Ok(false);
    }
    let kind = |table: &TableReference| {
        Ok::<_, WarehouseError>(format!(
            "(SELECT MAX(table_type) FROM {}.INFORMATION_SCHEMA.TABLES WHERE table_name = {})",
            quoted(&table.dataset)?,
            literal(&table.table)
        ))
    };
    let sql = format!("SELECT {} AS source, {} AS destination", kind(source)?, kind(to)?);
    let found = warehouse.query(query(&job.settings, "_kinds", sql)).await?;
    let is = |name: &str, wanted: Option<&str>| {
        found.rows.first().and_then(|row| row.get(name)).is_some_and(|own| own.as_str() == wanted)
    };
    let is_new = is("destination", None) && job.create_disposition != Some(CreateDisposition::CreateNever);
    let is_replaced = is("destination", Some("BASE TABLE"))
        && job.write_disposition == Some(WriteDisposition::WriteTruncate);
    Ok(is("source", Some("BASE TABLE")) && (is_new || is_replaced))
}
