//! `segue query`: BigQuery SQL on the local warehouse.

mod csv;
mod parameters;

use crate::client::{Needs, Reach, Refused};
use crate::report::table;
use anyhow::Context as _;
use segue_api_types::{WarehouseQuery, WarehouseResult};
use segue_model::{Json, Map};
use std::io::Read;
use std::path::Path;

/// The default number of rows on a terminal. A table of a million rows does not fit there.
const ROWS_FOR_PEOPLE: u64 = 1_000;

/// Runs BigQuery SQL on the local warehouse and prints the rows.
///
/// Works beside a running server, and on a data directory that no server uses. Without both, a query can still
/// calculate.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue query --data-dir .segue 'SELECT COUNT(*) AS trips FROM zoomcamp.yellow_tripdata'
  segue query @daily.sql -p day:DATE:2024-03-01 --output json
  segue query 'SELECT * FROM zoomcamp.zones' --output csv > zones.csv
  cat daily.sql | segue query -")]
pub(crate) struct Args {
    /// One or more statements. `@FILE` reads them from a file, and `-` from standard input.
    #[arg(allow_hyphen_values = true, value_name = "SQL")]
    sql: String,
    /// A parameter of the statements, written @NAME in the SQL. NAME:TYPE:VALUE declares the type, as `bq query` does:
    /// day:DATE:2024-03-01, ids:ARRAY<INT64>:[1,2]. Without a name (:INT64:3) it is the next ? of the SQL. With
    /// NAME=VALUE, a number, true, false and null are typed, and anything else is a text. May be repeated.
    #[arg(short, long = "param", alias = "parameter", value_name = "NAME:TYPE:VALUE")]
    parameters: Vec<String>,
    /// The largest number of printed rows. Default: 1000 as text, all rows in other formats.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The format of the output.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// The format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A table for people.
    Text,
    /// A JSON list of objects.
    Json,
    /// Lines with commas, the names of the columns first.
    Csv,
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let sql = statements(&args.sql, std::io::stdin())?;
    let (parameters, typed_parameters) = parameters::read(&args.parameters)?;
    let query = WarehouseQuery {
        sql,
        max_results: args.limit.or((args.output == Form::Text).then_some(ROWS_FOR_PEOPLE)),
        parameters,
        typed_parameters,
        ..WarehouseQuery::default()
    };
    // Without a data directory, a query can still calculate.
    let temporary =
        (reach.data_dir.is_none() && !reach.names_a_server() && !crate::kept_data_dir(None).is_dir())
            .then(tempfile::tempdir)
            .transpose()?;
    let own;
    let reach = match &temporary {
        Some(dir) => {
            own = Reach { data_dir: Some(dir.path().to_owned()), ..reach.clone() };
            &own
        }
        None => reach,
    };
    let session = reach.open(crate::report::Output::Text, Needs::Tables).await?;
    let call = session.client.post(&["warehouse", "query"]).json_body(&serde_json::to_value(&query)?);
    let result = call.read::<WarehouseResult>().await?.value;
    match args.output {
        Form::Json => crate::print::line(serde_json::to_string_pretty(&result.rows)?),
        Form::Csv => crate::print::text(csv::text(&result)),
        Form::Text => crate::print::text(for_people(&result)),
    }
    let rest = result.total_rows.saturating_sub(result.rows.len() as u64);
    if rest > 0 && !result.columns.is_empty() {
        eprintln!("note: {rest} more rows; print them with --limit {}", result.total_rows);
    }
    Ok(crate::OK)
}

/// A table of the rows, or what a statement without rows has done.
fn for_people(result: &WarehouseResult) -> String {
    if result.columns.is_empty() {
        return format!("{}\n", done(result));
    }
    let names: Vec<&str> = result.columns.iter().map(|column| column.name.as_str()).collect();
    let cells = |row: &Map| names.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect();
    table(&names, result.rows.iter().map(cells))
}

/// What a statement has done, such as `INSERT: 2 rows`.
fn done(result: &WarehouseResult) -> String {
    let what = match result.statement.as_str() {
        "" => "done",
        statement => statement,
    };
    match result.affected_rows {
        Some(1) => format!("{what}: 1 row"),
        Some(rows) => format!("{what}: {rows} rows"),
        None => format!("{what}: done"),
    }
    .replace("done: done", "done")
    .replace('_', " ")
}

/// The SQL of the argument, of the file that it names, or of standard input.
fn statements(given: &str, mut input: impl Read) -> anyhow::Result<String> {
    if given == "-" {
        let mut sql = String::new();
        input.read_to_string(&mut sql).context("cannot read the statements from standard input")?;
        return Ok(sql);
    }
    match given.strip_prefix('@') {
        // A name with an ending is no statement, so a file of this name is meant.
        None if Path::new(given).extension().is_some() && Path::new(given).is_file() => {
            Err(Refused(format!("{given} is a file; write @{given} to run the statements in it")).into())
        }
        // System variables of BigQuery begin with @@, and are no files.
        Some(file) if !file.starts_with('@') => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read the statements from {file}"))
        }
        _ => Ok(given.to_owned()),
    }
}

/// A value as text.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => "NULL".into(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_come_from_the_argument_a_file_or_standard_input() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "-- daily\nSELECT 2").unwrap();
        let of = |given: &str| statements(given, "SELECT 3".as_bytes());
        assert_eq!(of("-- first\nSELECT 1").unwrap(), "-- first\nSELECT 1");
        assert_eq!(of(&format!("@{}", file.path().display())).unwrap(), "-- daily\nSELECT 2");
        assert_eq!(of("-").unwrap(), "SELECT 3");
        assert_eq!(of("@@x").unwrap(), "@@x");
        let named = tempfile::Builder::new().suffix(".sql").tempfile().unwrap();
        let name = named.path().display();
        let error = of(&name.to_string()).unwrap_err();
        assert_eq!(error.to_string(), format!("{name} is a file; write @{name} to run the statements in it"));
        assert_eq!(crate::client::exit_code(&error), crate::REFUSED);
        let error = of("@/no/daily.sql").unwrap_err();
        assert_eq!(error.to_string(), "cannot read the statements from /no/daily.sql");
    }

    fn result(statement: &str, affected_rows: Option<u64>) -> WarehouseResult {
        WarehouseResult { statement: statement.to_owned(), affected_rows, ..WarehouseResult::default() }
    }

    #[test]
    fn a_statement_without_rows_says_what_it_did() {
        assert_eq!(for_people(&result("INSERT", Some(2))), "INSERT: 2 rows\n");
        assert_eq!(for_people(&result("CREATE_TABLE_AS_SELECT", Some(1))), "CREATE TABLE AS SELECT: 1 row\n");
        assert_eq!(for_people(&result("CREATE_SCHEMA", None)), "CREATE SCHEMA: done\n");
        assert_eq!(for_people(&result("", None)), "done\n");
    }

    #[test]
    fn sql_may_begin_with_a_comment() {
        #[derive(clap::Parser)]
        struct Verb {
            #[command(flatten)]
            args: Args,
        }
        let parse = |words: &[&str]| <Verb as clap::Parser>::try_parse_from(words).map(|verb| verb.args);
        let args = parse(&["query", "-- daily totals\nSELECT 1", "--output", "json"]).unwrap();
        assert_eq!((args.sql.as_str(), args.output), ("-- daily totals\nSELECT 1", Form::Json));
        let args = parse(&["query", "--output", "json", "-"]).unwrap();
        assert_eq!((args.sql.as_str(), args.output), ("-", Form::Json));
    }
}
