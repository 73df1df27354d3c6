//! `storage.Split`.

use crate::draft::{Draft, extension};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::records::Records;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The largest number of open files.
const MAX_PARTITIONS: usize = 512;

/// Splits a file of lines into several files, by bytes, number of files, or lines. The first of these that is
/// set wins.
///
/// ```yaml
/// id: parts
/// type: io.kestra.plugin.core.storage.Split
/// from: "{{ outputs.write.uri }}"
/// rows: 1000
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The file.
    pub from: String,
    /// The largest size of a file, such as `10MB`. A longer line gets its own file.
    pub bytes: Option<Json>,
    /// The number of files. Lines are distributed in turn.
    pub partitions: Option<usize>,
    /// The number of lines in each file.
    pub rows: Option<u64>,
    /// The text that ends a line.
    #[serde(default = "newline")]
    pub separator: String,
}

pub(crate) fn newline() -> String {
    "\n".to_owned()
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The new files.
    pub uris: Vec<String>,
}

/// The rule for the beginning of the next file.
enum By {
    Bytes(u64),
    Partitions(usize),
    Rows(u64),
}

impl Split {
    fn by(&self) -> Result<By, TaskError> {
        let positive = |name: &str, ok: bool| match ok {
            true => Ok(()),
            false => Err(TaskError::failed(format!("{name} is 0; it must be at least 1"))),
        };
        if let Some(text) = &self.bytes {
            let bytes = size(text)?;
            positive("bytes", bytes > 0)?;
            return Ok(By::Bytes(bytes));
        }
        if let Some(partitions) = self.partitions {
            positive("partitions", partitions > 0)?;
            if partitions > MAX_PARTITIONS {
                return Err(TaskError::failed(format!(
                    "partitions is {partitions}; at most {MAX_PARTITIONS} are allowed"
                )));
            }
            return Ok(By::Partitions(partitions));
        }
        if let Some(rows) = self.rows {
            positive("rows", rows > 0)?;
            return Ok(By::Rows(rows));
        }
        Err(TaskError::failed("the file cannot be split without a size; set bytes, partitions or rows"))
    }
}

/// Parses a size such as `10MB`. Units are powers of 1024.
fn size(value: &Json) -> Result<u64, TaskError> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned).trim().to_ascii_uppercase();
    let wrong = || TaskError::failed(format!("bytes is {value}; write a number, or one with KB, MB or GB"));
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KB" | "K" => 1 << 10,
        "MB" | "M" => 1 << 20,
        "GB" | "G" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// Splits a file as its records arrive, and collects the URIs.
struct Cutter<'a> {
    context: &'a TaskContext,
    extension: String,
    uris: Vec<String>,
}

impl Cutter<'_> {
    async fn next(&self, number: usize) -> Result<Draft, TaskError> {
        Draft::create(self.context, format!("{number:06}{}", self.extension)).await
    }
}

impl Task for Split {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Split";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.Split"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let by = self.by()?;
        let mut records = Records::open(context, &self.from, &self.separator).await?;
        let mut cutter = Cutter { context, extension: extension(&self.from), uris: Vec::new() };
        match by {
            By::Partitions(partitions) => {
                let mut drafts: Vec<Draft> = Vec::new();
                let mut at = 0;
                while let Some(record) = records.next().await? {
                    if drafts.len() < partitions {
                        drafts.push(cutter.next(drafts.len()).await?);
                    }
                    if let Some(draft) = drafts.get_mut(at) {
                        draft.record(&record, &self.separator).await?;
                    }
                    at = (at + 1) % partitions;
                }
                for draft in drafts {
                    cutter.uris.push(draft.finish(context).await?);
                }
            }
            By::Bytes(_) | By::Rows(_) => {
                let mut current: Option<Draft> = None;
                let (mut bytes, mut rows) = (0, 0);
                while let Some(record) = records.next().await? {
                    let length = (record.len() + self.separator.len()) as u64;
                    let is_full = match by {
                        By::Bytes(most) => bytes + length > most,
                        By::Rows(most) => rows >= most,
                        By::Partitions(_) => false,
                    };
                    if let Some(full) = current.take_if(|_| is_full) {
                        cutter.uris.push(full.finish(context).await?);
                        (bytes, rows) = (0, 0);
                    }
                    let mut draft = match current.take() {
                        Some(draft) => draft,
                        None => cutter.next(cutter.uris.len()).await?,
                    };
                    draft.record(&record, &self.separator).await?;
                    current = Some(draft);
                    bytes += length;
                    rows += 1;
                }
                if let Some(last) = current {
                    cutter.uris.push(last.finish(context).await?);
                }
            }
        }
        context.metric_counter("count", cutter.uris.len() as f64);
        context.info(format!("{} was split into {} files", self.from, cutter.uris.len()));
        Ok(Output { uris: cutter.uris })
    }
}

#[cfg(test)]
mod tests {
    use super::size;
    use crate::testing::Platform;
    use serde_json::{Value, json};

    async fn parts(text: &[u8], more: Value) -> Vec<String> {
        let platform = Platform::new();
        let mut task = json!({"type": "io.kestra.plugin.core.storage.Split", "from": platform.store("e/x.csv", text).await});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let outputs = platform.run(task).await.outputs();
        let mut parts = Vec::new();
        for uri in outputs["uris"].as_array().unwrap() {
            assert!(uri.as_str().unwrap().ends_with(".csv"));
            parts.push(String::from_utf8(platform.stored(uri).await).unwrap());
        }
        parts
    }

    #[tokio::test]
    async fn by_rows_bytes_and_partitions() {
        assert_eq!(parts(b"1\n2\n3\n4\n5", json!({"rows": 2})).await, ["1\n2\n", "3\n4\n", "5\n"]);
        assert_eq!(parts(b"1\n2\n3\n", json!({"partitions": "2"})).await, ["1\n3\n", "2\n"]);
        assert_eq!(parts(b"1\n2\n", json!({"partitions": 5})).await, ["1\n", "2\n"]);
        assert_eq!(parts(b"aa\nbb\ncccccc\nd\n", json!({"bytes": 6})).await, ["aa\nbb\n", "cccccc\n", "d\n"]);
        assert_eq!(parts(b"1;2;3", json!({"rows": 1, "separator": ";"})).await, ["1;", "2;", "3;"]);
        assert_eq!(parts(b"a--b-c--", json!({"rows": 1, "separator": "--"})).await, ["a--", "b-c--"]);
        assert!(parts(b"", json!({"rows": 1})).await.is_empty());
        assert_eq!(parts(b"1\n2\n", json!({"bytes": "1MB", "rows": 1})).await, ["1\n2\n"]);
    }

    #[tokio::test]
    async fn invalid_properties_are_refused() {
        let platform = Platform::new();
        let from = platform.store("e/x", b"1").await;
        for more in [
            json!({}),
            json!({"rows": 0}),
            json!({"partitions": 0}),
            json!({"bytes": "ten"}),
            json!({"rows": 1, "separator": ""}),
        ] {
            let mut task = json!({"type": "io.kestra.plugin.core.storage.Split", "from": from});
            task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            platform.run(task).await.error();
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size(&json!("10MB")).unwrap(), 10 << 20);
        assert_eq!(size(&json!("1 kb")).unwrap(), 1024);
        assert_eq!(size(&json!(7)).unwrap(), 7);
        assert!(size(&json!("99999999999GB")).is_err());
        assert!(size(&json!("-1")).is_err());
    }
}
