//! Tables that are partitioned by the time when a row arrives. The time is in a column that only `_PARTITIONTIME` and
//! `_PARTITIONDATE` name.
//!
//! The module must not know who reads or writes a table.

use super::engine::{Engine, Failure};
use super::sql::names::{PARTITION_TIME, duckdb_name, quote};
use segue_ports::warehouse::TableReference;

/// The length of a partition, if the table is partitioned by the time when a row arrives.
pub(crate) fn unit(partition_by: Option<&str>) -> Option<&'static str> {
    let upper = partition_by?.to_uppercase();
    let is_own = upper.contains(PARTITION_TIME) || upper.contains("_PARTITIONDATE");
    is_own.then(|| ["HOUR", "MONTH", "YEAR"].into_iter().find(|unit| upper.contains(unit)).unwrap_or("DAY"))
}

/// Adds the column to a new table, or to one that was replaced.
pub(crate) fn prepare(
    engine: &Engine,
    table: &TableReference,
    partition_by: Option<&str>,
) -> Result<(), Failure> {
    let Some(unit) = unit(partition_by) else { return Ok(()) };
    let (name, column) = (duckdb_name(table), quote(PARTITION_TIME));
    engine.connection.execute_batch(&format!(
        "ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column} TIMESTAMPTZ DEFAULT date_trunc('{unit}', now()); \
         ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT date_trunc('{unit}', now())"
    ))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_read_from_the_expression() {
        for (by, wanted) in [
            ("_PARTITIONDATE", Some("DAY")),
            ("DATE(_PARTITIONTIME)", Some("DAY")),
            ("TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", Some("HOUR")),
            ("DATE(seen)", None),
        ] {
            assert_eq!(unit(Some(by)), wanted, "{by}");
        }
    }
}
