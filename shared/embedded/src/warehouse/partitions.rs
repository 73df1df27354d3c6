//! Partitions. DuckDB's tables have none, so a partition is the rows with its id.
//!
//! The module must not know who reads or writes a partition. To add a kind of partition, add a branch in [`Ids::of`].

use super::engine::{Engine, Failure};
use super::ingestion;
use super::rows::written;
use super::sql::invalid;
use super::sql::names::{PARTITION_TIME, duckdb_name, literal, message_name, quote};
use super::tables::TableDetails;
use segue_ports::warehouse::{TableReference, WarehouseError, WriteDisposition};

/// How the partitions of a table are named.
pub(crate) struct Ids {
    /// The id of a row, in DuckDB's syntax.
    pub(crate) sql: String,
    /// The number of digits of an id. `None` if ids are the numbers at which ranges begin.
    digits: Option<usize>,
    /// Whether the time when a row arrives is its partition.
    is_ingested: bool,
}

impl Ids {
    /// Reads the expression after PARTITION BY. `None` if it is of an unknown kind.
    pub(crate) fn of(partition_by: &str) -> Option<Self> {
        let upper = partition_by.to_uppercase();
        let column = quote(&super::shapes::partition_column(partition_by));
        if upper.contains("RANGE_BUCKET") {
            let (_, numbers) = upper.split_once("GENERATE_ARRAY")?;
            let numbers = numbers.trim().trim_start_matches('(').trim_end_matches(')');
            let numbers: Vec<i64> =
                numbers.split(',').map(|own| own.replace(' ', "").parse().ok()).collect::<Option<_>>()?;
            let [start, end, step] = numbers.as_slice() else { return None };
            let sql = format!(
                "CASE WHEN {column} IS NULL THEN '__NULL__' WHEN {column} < {start} OR {column} >= {end} THEN \
                 '__UNPARTITIONED__' ELSE CAST({start} + ({column} - {start}) // {step} * {step} AS VARCHAR) END"
            );
            return Some(Self { sql, digits: None, is_ingested: false });
        }
        let (format, digits) = if upper.contains("HOUR") {
            ("%Y%m%d%H", 10)
        } else if upper.contains("MONTH") {
            ("%Y%m", 6)
        } else if upper.contains("YEAR") {
            ("%Y", 4)
        } else {
            ("%Y%m%d", 8)
        };
        let is_ingested = ingestion::unit(Some(partition_by)).is_some();
        let column = if is_ingested { quote(PARTITION_TIME) } else { column };
        let sql = format!("coalesce(strftime({column}, '{format}'), '__NULL__')");
        Some(Self { sql, digits: Some(digits), is_ingested })
    }

    /// Whether a text is the id of a partition.
    fn has(&self, id: &str) -> bool {
        let is_number = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
        match self.digits {
            Some(digits) => id == "__NULL__" || (id.len() == digits && is_number(id)),
            None => id == "__NULL__" || is_number(id.strip_prefix('-').unwrap_or(id)),
        }
    }

    /// The beginning of the partition `id` of a table that is partitioned by the time when a row arrives.
    fn time(id: &str) -> String {
        let part = |from: usize, to: usize, default: &str| id.get(from..to).unwrap_or(default).to_owned();
        let (year, month) = (part(0, 4, "0001"), part(4, 6, "01"));
        format!("{year}-{month}-{} {}:00:00+00", part(6, 8, "01"), part(8, 10, "00"))
    }
}

/// Writes the rows of a query into one partition, as `table$id` asks. Returns the number of rows.
pub(crate) fn write(
    engine: &Engine,
    table: &TableReference,
    id: &str,
    details: &TableDetails,
    disposition: WriteDisposition,
    sql: &str,
) -> Result<u64, Failure> {
    let name = message_name(table);
    let refused = |message: &str, hint: &str| -> Failure { invalid(message, None, Some(hint)).into() };
    let Some(by) = &details.partition_by else {
        let message = format!("{name} is not partitioned, so it has no partition ${id}");
        return Err(refused(&message, "name the table without $"));
    };
    let Some(ids) = Ids::of(by) else {
        let message = format!("The partitions of {name} by {by} are not supported by the embedded warehouse");
        return Err(refused(&message, "partition the table by a time or a range of numbers"));
    };
    if !ids.has(id) {
        let message = format!("The partition id '{id}' is invalid for {name}, which is partitioned by {by}");
        let hint = match ids.digits {
            Some(digits) => format!("write {digits} digits"),
            None => "write the number at which the range begins".to_owned(),
        };
        return Err(refused(&message, &hint));
    }
    let target = duckdb_name(table);
    let (own, others) = (format!("{} = {}", ids.sql, literal(id)), format!("{} <> {}", ids.sql, literal(id)));
    let count = |filter: &str| -> Result<i64, Failure> {
        let sql = format!("SELECT count(*) FROM {target} WHERE {filter}");
        Ok(engine.connection.query_row(&sql, [], |row| row.get(0))?)
    };
    match disposition {
        WriteDisposition::WriteTruncate | WriteDisposition::WriteTruncateData => {
            engine.connection.execute(&format!("DELETE FROM {target} WHERE {own}"), [])?;
        }
        WriteDisposition::WriteEmpty if count(&own)? > 0 => {
            let name = format!("{name}${id}");
            return Err(WarehouseError::AlreadyExists { what: "Table".into(), name }.into());
        }
        WriteDisposition::WriteEmpty | WriteDisposition::WriteAppend => {}
    }
    let before = count(&others)?;
    let sql = if ids.is_ingested {
        let time = literal(&Ids::time(id));
        format!("SELECT *, CAST({time} AS TIMESTAMPTZ) AS {} FROM ({sql})", quote(PARTITION_TIME))
    } else {
        sql.to_owned()
    };
    let rows = written(engine, &format!("INSERT INTO {target} BY NAME {sql}"))?;
    if count(&others)? != before {
        let message =
            format!("Some rows belong to different partitions rather than destination partition {name}${id}");
        return Err(refused(&message, "filter the rows of the query by the partition"));
    }
    Ok(rows)
}
