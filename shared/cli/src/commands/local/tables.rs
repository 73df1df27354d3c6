//! `segue tables`: the tables of the local warehouse.

use crate::environment::environment;
use crate::report::{Output, table};
use segue_standalone::{Options, Standalone};
use serde_json::json;
use std::path::PathBuf;

/// Lists the tables of the local warehouse with their row counts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  segue tables --data-dir .segue")]
pub(crate) struct Args {
    /// Only tables of this dataset.
    dataset: Option<String>,
    /// The format of the output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(crate) async fn run(args: Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let options = Options {
        data_dir: crate::existing_data_dir(data_dir)?,
        environment: environment(),
        ..Options::default()
    };
    let standalone = Standalone::open(&options)?;
    let warehouse = &standalone.ports().warehouse;
    let datasets = match args.dataset {
        Some(dataset) => vec![dataset],
        None => warehouse.list_datasets().await?,
    };
    let mut tables = Vec::new();
    for dataset in datasets {
        tables.extend(warehouse.list_tables(&dataset).await?);
    }
    match args.output {
        Output::Json => {
            let list: Vec<_> = tables
                .iter()
                .map(|table| {
                    json!({"dataset": table.dataset, "table": table.table, "type": table.kind.to_string(), "rows": table.rows})
                })
                .collect();
            crate::print::line(serde_json::to_string_pretty(&list)?);
        }
        Output::Text => {
            let rows = tables.iter().map(|table| {
                vec![
                    format!("{}.{}", table.dataset, table.table),
                    table.kind.to_string(),
                    table.rows.map_or_else(|| "-".into(), |rows| rows.to_string()),
                ]
            });
            crate::print::text(table(&["table", "type", "rows"], rows));
        }
    }
    Ok(crate::OK)
}
