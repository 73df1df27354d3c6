//! Runs a file of SQL in DuckDB: the hand-written script that the taxi flow is compared with.

use anyhow::Context;
use clap::Parser;
use std::io::Write;
use std::path::PathBuf;

/// Run the statements of a file in a DuckDB database. `{csv}` in the file stands for the path of the CSV file.
#[derive(Parser)]
struct Arguments {
    /// The database file. It is created if it does not exist.
    #[arg(long)]
    database: PathBuf,
    /// The CSV file.
    #[arg(long)]
    csv: PathBuf,
    /// The file of statements.
    #[arg(long)]
    sql: PathBuf,
    /// The table with the rows to count at the end.
    #[arg(long)]
    count: String,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let sql = std::fs::read_to_string(&arguments.sql)
        .with_context(|| format!("{} cannot be read", arguments.sql.display()))?;
    let database = duckdb::Connection::open(&arguments.database)?;
    database.execute_batch(&sql.replace("{csv}", &arguments.csv.to_string_lossy()))?;
    let count = format!("SELECT count(*) FROM {}", arguments.count);
    let rows: i64 = database.query_row(&count, [], |row| row.get(0))?;
    writeln!(std::io::stdout(), "{rows}")?;
    Ok(())
}
