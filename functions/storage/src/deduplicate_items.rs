//! `storage.DeduplicateItems`.

use crate::draft::{Draft, extension};
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_task::records::Records;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Keeps the last of several rows with the same key, in the order of the file.
///
/// ```yaml
/// id: latest
/// type: io.kestra.plugin.core.storage.DeduplicateItems
/// from: "{{ outputs.query.uri }}"
/// expr: "{{ id }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeduplicateItems {
    /// A file of rows: ION, or JSON lines.
    pub from: String,
    /// An expression for the key of a row. The row's fields are variables.
    pub expr: String,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The new file.
    pub uri: String,
    /// The number of keys.
    pub num_keys: u64,
    /// The number of rows read.
    pub processed_items_total: u64,
    /// The number of rows left out.
    pub dropped_items_total: u64,
}

/// The fields of a row as variables of an expression.
pub(crate) fn variables(row: Json) -> Map {
    match row {
        Json::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// A key in 16 bytes, so that a hundred million rows fit into memory. The hash makes it hard to construct
/// equal keys.
fn fingerprint(key: &str) -> u128 {
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

impl Task for DeduplicateItems {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.DeduplicateItems";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.DeduplicateItems"];
    const RAW: &'static [&'static str] = &["expr"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        // First pass: finds the last row of each key.
        let mut keys: Vec<u128> = Vec::new();
        let mut last: HashMap<u128, usize> = HashMap::new();
        let mut records = Records::open(context, &self.from, "\n").await?;
        while let Some((_, row)) = records.next_row().await? {
            let key = fingerprint(&context.render_with(&self.expr, variables(row)).await?);
            last.insert(key, keys.len());
            keys.push(key);
        }
        // Second pass: writes only these rows, unchanged.
        let mut draft = Draft::create(context, format!("deduplicated{}", extension(&self.from))).await?;
        let mut records = Records::open(context, &self.from, "\n").await?;
        let mut at = 0;
        while let Some((record, _)) = records.next_row().await? {
            if keys.get(at).and_then(|key| last.get(key)) == Some(&at) {
                draft.record(&record, "\n").await?;
            }
            at += 1;
        }
        let uri = draft.finish(context).await?;
        let dropped = keys.len() - last.len();
        context.metric_counter("fileSize", keys.len() as f64);
        context.info(format!("{} rows, {} keys, {dropped} rows left out", keys.len(), last.len()));
        Ok(Output {
            uri,
            num_keys: last.len() as u64,
            processed_items_total: keys.len() as u64,
            dropped_items_total: dropped as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn the_last_of_each_key_stays_where_it_stands() {
        let platform = Platform::new();
        let rows =
            "{id:1,v:\"a\"}\n{\"id\": 2, \"v\": \"b\"}\n\n{id:1,v:\"c\"}\n{id:3,v:\"d\"}\n{id:3,v:\"e\"}";
        let from = platform.store("e/x.ion", rows.as_bytes()).await;
        let task = json!({"type": "io.kestra.plugin.core.storage.DeduplicateItems", "from": from, "expr": "{{ id }}"});
        let outputs = platform.run(task).await.outputs();
        let expected = "{\"id\": 2, \"v\": \"b\"}\n{id:1,v:\"c\"}\n{id:3,v:\"e\"}\n";
        assert_eq!(platform.stored(&outputs["uri"]).await, expected.as_bytes());
        assert_eq!(
            (&outputs["numKeys"], &outputs["processedItemsTotal"], &outputs["droppedItemsTotal"]),
            (&json!(3), &json!(5), &json!(2))
        );
    }

    #[tokio::test]
    async fn a_row_that_cannot_be_read_is_shown() {
        let platform = Platform::new();
        let from = platform.store("e/x.ion", b"{id:1}\n{id:\n").await;
        let task = json!({"type": "io.kestra.plugin.core.storage.DeduplicateItems", "from": from, "expr": "{{ id }}"});
        let error = platform.run(task).await.error();
        assert!(error.contains("{id:"), "{error}");
    }
}
