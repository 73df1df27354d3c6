//! `<id>_split`: splits the file of a ForEachItem.

use crate::split::{Split as SplitFile, newline};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Splits the file of a ForEachItem into pieces and lists them in a file, one URI on each line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The file.
    pub items: String,
    /// How the file is split. The first of `bytes`, `partitions`, `rows` that is set wins. Default: one row
    /// in each piece.
    #[serde(default)]
    pub batch: Batch,
}

/// How the file is split.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The largest size of a piece, such as `10MB`.
    pub bytes: Option<Json>,
    /// The number of pieces.
    pub partitions: Option<Json>,
    /// The number of lines in each piece.
    pub rows: Option<Json>,
    /// The text that ends a line.
    pub separator: Option<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// A file with the pieces' URIs, one on each line.
    pub splits: String,
}

impl Task for Split {
    const TYPE: &'static str = "io.segue.foreachitem.Split";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let rows = number("rows", self.batch.rows.as_ref())?;
        let partitions = number("partitions", self.batch.partitions.as_ref())?;
        let is_open = self.batch.bytes.is_none() && partitions.is_none() && rows.is_none();
        let split = SplitFile {
            from: self.items,
            bytes: self.batch.bytes,
            partitions: partitions.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
            rows: if is_open { Some(1) } else { rows },
            separator: self.batch.separator.unwrap_or_else(newline),
        };
        let pieces = split.run(context).await?.uris;
        context.info(format!("{} piece(s)", pieces.len()));
        let mut list = pieces.join("\n");
        list.push('\n');
        let splits = context.storage().put_text(&context.storage_path("splits.txt"), list).await?;
        Ok(Output { splits })
    }
}

fn number(name: &str, value: Option<&Json>) -> Result<Option<u64>, TaskError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim()
        .parse()
        .map(Some)
        .map_err(|_| TaskError::failed(format!("batch.{name} is {value}; it must be a whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_from_text_too() {
        assert_eq!(number("rows", Some(&json!("10"))).unwrap(), Some(10));
        assert_eq!(number("rows", Some(&json!(3))).unwrap(), Some(3));
        assert_eq!(number("rows", None).unwrap(), None);
        assert!(number("rows", Some(&json!("many"))).is_err());
    }
}
