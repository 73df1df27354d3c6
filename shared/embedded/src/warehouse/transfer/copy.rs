//! Copies of tables. Each kind of copy is one of its own rows.

use super::super::DuckDbWarehouse;
use super::{dotted, query, table};
use segue_ports::warehouse::{Copied, CopyJob, QueryJob, Warehouse as _, WarehouseError};

/// Writes the rows of all sources into the destination.
pub(in super::super) async fn copy(
    warehouse: &DuckDbWarehouse,
    job: CopyJob,
) -> Result<Copied, WarehouseError> {
    let selects = job.sources.iter().map(|source| Ok(format!("SELECT * FROM {}", table(source)?)));
    let selects = selects.collect::<Result<Vec<_>, WarehouseError>>()?;
    let job = QueryJob {
        destination_table: Some(dotted(&job.destination)),
        write_disposition: job.write_disposition,
        create_disposition: job.create_disposition,
        max_results: Some(0),
        ..query(&job.settings, "", selects.join(" UNION ALL "))
    };
    let result = warehouse.query(job).await?;
    Ok(Copied { job_id: result.job_id, rows: Some(result.affected_rows.unwrap_or(result.total_rows)) })
}
