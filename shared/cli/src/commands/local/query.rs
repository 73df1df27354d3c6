//! `segue query`: BigQuery SQL on the local warehouse.

use crate::environment::environment;
use crate::report::{Output, table};
use segue_model::Json;
use segue_ports::warehouse::QueryJob;
use segue_ports::{Clock as _, SystemClock};
use segue_standalone::{Options, Standalone};
use std::path::PathBuf;

/// Runs BigQuery SQL on the local warehouse and prints the rows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  segue query --data-dir .segue 'SELECT COUNT(*) AS trips FROM zoomcamp.yellow_tripdata'")]
pub(crate) struct Args {
    /// One or more statements.
    sql: String,
    /// The format of the output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(crate) async fn run(args: Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let options = Options {
        data_dir: crate::kept_data_dir(data_dir),
        environment: environment(),
        ..Options::default()
    };
    let standalone = Standalone::open(&options)?;
    let job_id = format!("query_{}", SystemClock.now().as_nanosecond());
    let result =
        standalone.ports().warehouse.query(QueryJob { job_id, sql: args.sql, ..QueryJob::default() }).await?;
    match args.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&result.rows)?),
        Output::Text => {
            let names: Vec<&str> = result.schema.iter().map(|column| column.name.as_str()).collect();
            let rows = result
                .rows
                .iter()
                .map(|row| names.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect());
            print!("{}", table(&names, rows));
        }
    }
    Ok(crate::OK)
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => "NULL".into(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
