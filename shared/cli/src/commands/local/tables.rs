//! `segue tables`: the tables of the local warehouse.

use crate::client::{Needs, Reach};
use crate::report::{Output, table};
use segue_api_types::WarehouseTable;
use serde_json::json;

/// Lists the tables of the local warehouse with their row counts.
///
/// Works beside a running server, and on a data directory that no server uses.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue tables --data-dir .segue
  segue tables zoomcamp --output json
  segue tables --server http://127.0.0.1:8080")]
pub(crate) struct Args {
    /// Only tables of this dataset.
    dataset: Option<String>,
    /// The format of the output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.output, Needs::Tables).await?;
    let call = session.client.get(&["warehouse", "tables"]).maybe("dataset", args.dataset.as_ref());
    let tables = call.read::<Vec<WarehouseTable>>().await?.value;
    match args.output {
        Output::Json => {
            let list: Vec<_> = tables
                .iter()
                .map(|table| {
                    json!({"dataset": table.dataset, "table": table.table, "type": table.kind, "rows": table.rows})
                })
                .collect();
            crate::print::line(serde_json::to_string_pretty(&list)?);
        }
        Output::Text => {
            let rows = tables.iter().map(|table| {
                vec![
                    format!("{}.{}", table.dataset, table.table),
                    table.kind.clone(),
                    table.rows.map_or_else(|| "-".into(), |rows| rows.to_string()),
                ]
            });
            crate::print::text(table(&["table", "type", "rows"], rows));
        }
    }
    Ok(crate::OK)
}
