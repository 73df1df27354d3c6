//! Detects the types of columns that were read as text. A column gets the narrowest type that fits every value.

use super::quoted;
use segue_ports::warehouse::{QueryResult, WarehouseError};

/// Types, the narrowest first.
const TYPES: [&str; 5] = ["INT64", "FLOAT64", "BOOL", "DATE", "TIMESTAMP"];

/// The query that reads `table` with detected types. The columns of `table` are texts. `query` runs a
/// statement as a job with this suffix in its id.
pub(in super::super) async fn select<F>(
    table: &str,
    query: impl Fn(&'static str, String) -> F,
) -> Result<String, WarehouseError>
where
    F: Future<Output = Result<QueryResult, WarehouseError>>,
{
    let names = query("_names", format!("SELECT * FROM {table} LIMIT 1")).await?.schema;
    let names: Vec<String> = names.into_iter().map(|column| column.name).collect();
    let mut chosen = Vec::new();
    for name in &names {
        let column = quoted(name)?;
        let tests = TYPES.iter().map(|kind| {
            // A time at midnight can be converted to a date, but is no date.
            let also =
                if *kind == "DATE" { format!(" AND STRPOS({column}, ':') = 0") } else { String::new() };
            format!("COUNTIF(SAFE_CAST({column} AS {kind}) IS NOT NULL{also})")
        });
        let tests: Vec<_> = tests.collect();
        chosen.push(format!(
            "CASE COUNTIF({column} IS NOT NULL) WHEN 0 THEN 'STRING' {} ELSE 'STRING' END AS {column}",
            tests
                .iter()
                .zip(TYPES)
                .map(|(test, kind)| format!("WHEN {test} THEN '{kind}'"))
                .collect::<Vec<_>>()
                .join(" ")
        ));
    }
    let sql = format!("SELECT {} FROM {table}", chosen.join(", "));
    let found = query("_types", sql).await?;
    let types = found.rows.first();
    let mut columns = Vec::new();
    for name in &names {
        let column = quoted(name)?;
        let kind = types.and_then(|types| types.get(name)).and_then(|kind| kind.as_str()).unwrap_or("STRING");
        columns.push(format!("CAST({column} AS {kind}) AS {column}"));
    }
    Ok(format!("SELECT {} FROM {table}", columns.join(", ")))
}
