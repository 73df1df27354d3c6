//! Runs the cases of `tests/data/googlesql`, one a line: a statement, `==>`, and its columns and rows, or its error.
//!
//! To add a case, add a line. The first words of a file say what the cases are about.

#![expect(clippy::disallowed_methods, reason = "a test has its settings in the environment")]

use super::DuckDbWarehouse;
use super::sql::analyze::documented;
use segue_ports::warehouse::{CreateDataset, Mode, QueryJob, Warehouse as _};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/googlesql")
}

/// What a statement gives: `a INT64, b ARRAY<STRING>` and its rows, or its error.
async fn outcome(warehouse: &DuckDbWarehouse, sql: &str) -> Result<(String, String), String> {
    let job = QueryJob { sql: sql.to_owned(), ..QueryJob::default() };
    let result = warehouse.query(job).await.map_err(|error| error.to_string())?;
    let columns: Vec<String> = result
        .schema
        .iter()
        .map(|column| match column.mode {
            Mode::Repeated => format!("{} ARRAY<{}>", column.name, column.data_type),
            _ => format!("{} {}", column.name, column.data_type),
        })
        .collect();
    let rows: Vec<Vec<serde_json::Value>> =
        result.rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect()).collect();
    Ok((columns.join(", "), serde_json::to_string(&rows).unwrap()))
}

async fn warehouse(folder: &Path) -> DuckDbWarehouse {
    let warehouse = DuckDbWarehouse::open(&folder.join("warehouse.duckdb"), &folder.join("objects"));
    let dataset = CreateDataset { name: "d".into(), ..CreateDataset::default() };
    warehouse.create_dataset(dataset).await.unwrap();
    warehouse
}

/// Every case has BigQuery's columns and rows, or its error.
#[tokio::test]
async fn cases_have_bigquerys_results() {
    let temporary = tempfile::tempdir().unwrap();
    let warehouse = warehouse(temporary.path()).await;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let parts: Vec<&str> = line.split("==>").map(str::trim).collect();
            let own = outcome(&warehouse, parts[0]).await;
            let fits = match (&own, parts.as_slice()) {
                (Ok((columns, rows)), [_, wanted_columns, wanted_rows]) => {
                    let wanted: serde_json::Value = serde_json::from_str(wanted_rows).unwrap();
                    columns == wanted_columns
                        && serde_json::from_str::<serde_json::Value>(rows).unwrap() == wanted
                }
                (Err(error), [_, wanted]) => {
                    error.contains(wanted.strip_prefix("error").unwrap_or("no error is expected here").trim())
                }
                _ => false,
            };
            count += 1;
            if !fits {
                wrong.push(format!("{}:{}: {line}\n      is {own:?}", file.display(), number + 1));
            }
        }
    }
    println!("{count} cases, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} cases were found");
}

/// Prints what each line of the file `SQL_FILE` gives.
#[tokio::test]
#[ignore = "prints the results of the statements in SQL_FILE"]
async fn print() {
    let temporary = tempfile::tempdir().unwrap();
    let warehouse = warehouse(temporary.path()).await;
    let text = std::fs::read_to_string(std::env::var("SQL_FILE").unwrap()).unwrap();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match outcome(&warehouse, line).await {
            Ok((columns, rows)) => println!("{line}\n   ==> {columns} ==> {rows}"),
            Err(error) => println!("{line}\n   ==> error {error}"),
        }
    }
}

/// The table of functions in `docs/warehouse.md` is the table of the code. `UPDATE=1` writes it.
#[test]
fn every_function_is_documented() {
    let list = |has: bool| {
        let names: Vec<String> = documented()
            .into_iter()
            .filter(|(_, own)| *own == has)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        (names.len(), names.join(" "))
    };
    let ((supported, yes), (refused, no)) = (list(true), list(false));
    let table = format!(
        "| Functions | Names |\n|---|---|\n| supported ({supported}) | {yes} |\n| refused by name ({refused}) | {no} |"
    );
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/warehouse.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- functions -->\n").unwrap();
    let (own, after) = rest.split_once("\n<!-- end of functions -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let updated = format!("{before}<!-- functions -->\n{table}\n<!-- end of functions -->{after}");
        std::fs::write(&page, updated).unwrap();
        return;
    }
    assert_eq!(own, table, "run this test with UPDATE=1 to write the table");
    assert!(supported > 250, "only {supported} functions");
}
