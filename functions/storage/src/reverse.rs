//! `storage.Reverse`.

use crate::draft::{Draft, extension};
use crate::split::newline;
use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_files::path::disk_error;
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::io::SeekFrom;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// The number of bytes read at once, from the end to the beginning.
const BLOCK: u64 = 256 * 1024;

/// Writes the lines of a file in reverse order.
///
/// ```yaml
/// id: newest_first
/// type: io.kestra.plugin.core.storage.Reverse
/// from: "{{ outputs.write.uri }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Reverse {
    /// The file.
    pub from: String,
    /// The text that ends a line.
    #[serde(default = "newline")]
    pub separator: String,
    /// Accepted, and has no effect: the content of lines is not read.
    pub charset: Option<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The new file.
    pub uri: String,
}

impl Task for Reverse {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Reverse";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.Reverse"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.separator.is_empty() {
            return Err(TaskError::failed(
                "separator is empty; write the text that ends a line, like \"\\n\"",
            ));
        }
        let uri = uri_of_value(&self.from, &context.message().namespace)?;
        // A stream cannot be read from its end, so the file is fetched.
        let source = context.working_dir().join(format!("{}source", segue_files::output::SCRATCH_PREFIX));
        context.storage().get_file(&uri, &source).await.map_err(|error| not_there(error, &uri))?;
        let mut draft = Draft::create(context, format!("reversed{}", extension(&uri))).await?;
        reverse(&source, &self.separator, &mut draft).await?;
        tokio::fs::remove_file(&source).await.map_err(|error| disk_error("remove", &source, &error))?;
        Ok(Output { uri: draft.finish(context).await? })
    }
}

/// Reads blocks from the end. `head` is the end of a line that begins in an earlier block.
async fn reverse(source: &Path, separator: &str, draft: &mut Draft) -> Result<(), TaskError> {
    let broken = |error: std::io::Error| disk_error("read", source, &error);
    let mut file = File::open(source).await.map_err(broken)?;
    let mut position = file.metadata().await.map_err(broken)?.len();
    let mut head: Vec<u8> = Vec::new();
    let mut is_end = true;
    while position > 0 {
        let length = position.min(BLOCK);
        position -= length;
        file.seek(SeekFrom::Start(position)).await.map_err(broken)?;
        let mut block = Vec::new();
        (&mut file).take(length).read_to_end(&mut block).await.map_err(broken)?;
        block.append(&mut head);
        let mut rest = block.as_slice();
        if is_end {
            rest = rest.strip_suffix(separator.as_bytes()).unwrap_or(rest);
        }
        while let Some(at) = last_position(rest, separator.as_bytes()) {
            let (before, line) = rest.split_at(at);
            draft.record(line.strip_prefix(separator.as_bytes()).unwrap_or(line), separator).await?;
            rest = before;
            is_end = false;
        }
        // If the border of two blocks splits a separator, the next block completes the separator. The last separator of
        // the file is kept until a line is written, so it does not count as a separator between lines.
        head = if is_end { block } else { rest.to_vec() };
    }
    if is_end {
        let whole = head.strip_suffix(separator.as_bytes()).unwrap_or(&head);
        if head.is_empty() {
            return Ok(());
        }
        return draft.record(whole, separator).await;
    }
    draft.record(&head, separator).await
}

fn last_position(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    bytes.windows(separator.len()).rposition(|window| window == separator)
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    async fn reversed(bytes: &[u8], separator: &str) -> Vec<u8> {
        let platform = Platform::new();
        let from = platform.store("e/x.txt", bytes).await;
        let task =
            json!({"type": "io.kestra.plugin.core.storage.Reverse", "from": from, "separator": separator});
        let outputs = platform.run(task).await.outputs();
        platform.stored(&outputs["uri"]).await
    }

    #[tokio::test]
    async fn lines_come_the_other_way_round() {
        assert_eq!(reversed(b"1\n2\n3", "\n").await, b"3\n2\n1\n");
        assert_eq!(reversed(b"1\n2\n\n3\n", "\n").await, b"3\n\n2\n1\n");
        assert_eq!(reversed(b"1", "\n").await, b"1\n");
        assert_eq!(reversed(b"\n", "\n").await, b"\n");
        assert_eq!(reversed(b"", "\n").await, b"");
        assert_eq!(reversed(b"a--b--", "--").await, b"b--a--");
    }

    #[tokio::test]
    async fn the_size_of_blocks_does_not_change_the_result() {
        for separator in ["\n", "<>"] {
            let lines: Vec<String> =
                (0..60_000).map(|i| format!("line {i} {}", "x".repeat(i % 37))).collect();
            let text = lines.join(separator) + separator;
            let mut expected: Vec<String> = lines.clone();
            expected.reverse();
            let expected = expected.join(separator) + separator;
            assert!(reversed(text.as_bytes(), separator).await == expected.as_bytes());
        }
        let long = "y".repeat(700_000);
        assert!(reversed(format!("a\n{long}\n").as_bytes(), "\n").await == format!("{long}\na\n").as_bytes());
    }
}
