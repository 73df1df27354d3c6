//! `segue query`: BigQuery SQL on the local warehouse.

use crate::environment::environment;
use crate::report::{Output, table};
use anyhow::Context as _;
use segue_model::Json;
use segue_ports::warehouse::QueryJob;
use segue_ports::{Clock as _, SystemClock};
use segue_standalone::{Options, Standalone};
use std::io::Read;
use std::path::PathBuf;

/// Runs BigQuery SQL on the local warehouse and prints the rows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue query --data-dir .segue 'SELECT COUNT(*) AS trips FROM zoomcamp.yellow_tripdata'
  segue query @daily.sql --output json
  cat daily.sql | segue query -")]
pub(crate) struct Args {
    /// One or more statements. `@FILE` reads them from a file, and `-` from standard input.
    #[arg(allow_hyphen_values = true, value_name = "SQL")]
    sql: String,
    /// The format of the output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(crate) async fn run(args: Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let sql = statements(&args.sql, std::io::stdin())?;
    // Without a data directory, a query can still calculate.
    let temporary = match &data_dir {
        None if !crate::kept_data_dir(None).is_dir() => Some(tempfile::tempdir()?),
        _ => None,
    };
    let data_dir = match &temporary {
        Some(dir) => dir.path().to_owned(),
        None => crate::existing_data_dir(data_dir)?,
    };
    let options = Options { data_dir, environment: environment(), ..Options::default() };
    let standalone = Standalone::open(&options)?;
    let job_id = format!("query_{}", SystemClock.now().as_nanosecond());
    let result = standalone.ports().warehouse.query(QueryJob { job_id, sql, ..QueryJob::default() }).await?;
    match args.output {
        Output::Json => crate::print::line(serde_json::to_string_pretty(&result.rows)?),
        Output::Text => {
            let names: Vec<&str> = result.schema.iter().map(|column| column.name.as_str()).collect();
            let rows = result
                .rows
                .iter()
                .map(|row| names.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect());
            crate::print::text(table(&names, rows));
        }
    }
    Ok(crate::OK)
}

/// The SQL of the argument, of the file that it names, or of standard input.
fn statements(given: &str, mut input: impl Read) -> anyhow::Result<String> {
    if given == "-" {
        let mut sql = String::new();
        input.read_to_string(&mut sql).context("cannot read the statements from standard input")?;
        return Ok(sql);
    }
    match given.strip_prefix('@') {
        // System variables of BigQuery begin with @@, and are no files.
        Some(file) if !file.starts_with('@') => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read the statements from {file}"))
        }
        _ => Ok(given.to_owned()),
    }
}

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
        let error = of("@/no/daily.sql").unwrap_err();
        assert_eq!(error.to_string(), "cannot read the statements from /no/daily.sql");
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
        assert_eq!((args.sql.as_str(), args.output), ("-- daily totals\nSELECT 1", Output::Json));
        let args = parse(&["query", "--output", "json", "-"]).unwrap();
        assert_eq!((args.sql.as_str(), args.output), ("-", Output::Json));
    }
}
