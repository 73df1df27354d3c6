//! The rows of finished jobs, until they are read: one line of JSON for each row, in memory or in a file.
//!
//! A result of any size can be read in pages, in any order. The file is deleted with the result.

use super::shape;
use crate::refusal::Refusal;
use futures::StreamExt as _;
use segue_ports::warehouse::RowStream;
use serde_json::Value;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt as _;

/// The size of a result that stays in memory, in bytes.
const IN_MEMORY: usize = 1 << 20;
/// The size of a page, in bytes. BigQuery's pages have up to 10 MB.
pub(super) const PAGE_BYTES: usize = 10 << 20;
/// The number of rows between two known positions in the file.
const STEP: usize = 256;

/// The rows of one job.
pub(super) struct Results {
    schema: Value,
    count: usize,
    place: Place,
    /// The position of each [`STEP`]th row.
    positions: Vec<u64>,
}

enum Place {
    Memory(Vec<u8>),
    File(TempPath),
}

/// A part of the rows.
pub(super) struct Page {
    /// The rows as JSON texts.
    pub(super) rows: Vec<String>,
    /// The first row of the next page. None after the last row.
    pub(super) next: Option<usize>,
}

impl Results {
    /// Reads all rows. `schema` is the one of [`shape::schema`].
    pub(super) async fn collect(schema: Value, mut rows: RowStream, folder: &Path) -> Result<Self, Refusal> {
        let (mut count, mut written, mut positions) = (0, 0_u64, Vec::new());
        let mut buffer = Vec::new();
        let mut file: Option<(tokio::fs::File, TempPath)> = None;
        while let Some(row) = rows.next().await {
            if count % STEP == 0 {
                positions.push(written + buffer.len() as u64);
            }
            let line = shape::row(&schema, &row?).to_string();
            buffer.extend_from_slice(line.as_bytes());
            buffer.push(b'\n');
            count += 1;
            if buffer.len() < IN_MEMORY {
                continue;
            }
            if file.is_none() {
                let made = tempfile::Builder::new().prefix("result-").tempfile_in(folder);
                let (open, path) = made.map_err(Refusal::disk)?.into_parts();
                file = Some((tokio::fs::File::from_std(open), path));
            }
            if let Some((open, _)) = &mut file {
                open.write_all(&buffer).await.map_err(Refusal::disk)?;
                written += buffer.len() as u64;
                buffer.clear();
            }
        }
        let place = match file {
            None => Place::Memory(buffer),
            Some((mut open, path)) => {
                open.write_all(&buffer).await.map_err(Refusal::disk)?;
                open.flush().await.map_err(Refusal::disk)?;
                Place::File(path)
            }
        };
        Ok(Self { schema, count, place, positions })
    }

    /// The number of rows.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The schema of the rows.
    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    /// The rows from number `first` on: at most `most`, and not more than a page may have.
    pub(super) async fn page(self: &Arc<Self>, first: usize, most: usize) -> Result<Page, Refusal> {
        let this = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || this.read(first, most)).await;
        read.map_err(|error| Refusal::new("internalError", error.to_string()))?.map_err(Refusal::disk)
    }

    fn read(&self, first: usize, most: usize) -> std::io::Result<Page> {
        let position = self.positions.get(first / STEP).copied().unwrap_or_default();
        let past_the_end = first >= self.count;
        if past_the_end || most == 0 {
            return Ok(Page { rows: Vec::new(), next: (!past_the_end).then_some(first) });
        }
        match &self.place {
            Place::Memory(bytes) => {
                let start = usize::try_from(position).unwrap_or(usize::MAX);
                self.lines(bytes.get(start..).unwrap_or_default(), first, most)
            }
            Place::File(path) => {
                let mut file = std::fs::File::open(path)?;
                file.seek(SeekFrom::Start(position))?;
                self.lines(BufReader::with_capacity(1 << 16, file), first, most)
            }
        }
    }

    fn lines(&self, from: impl std::io::BufRead, first: usize, most: usize) -> std::io::Result<Page> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for line in from.lines().skip(first % STEP) {
            let line = line?;
            if rows.len() == most || (bytes + line.len() > PAGE_BYTES && !rows.is_empty()) {
                break;
            }
            bytes += line.len();
            rows.push(line);
        }
        let next = first + rows.len();
        Ok(Page { rows, next: (next < self.count).then_some(next) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn of(count: usize, folder: &Path) -> Arc<Results> {
        let schema = json!({"fields": [{"name": "n", "type": "INTEGER"}, {"name": "s", "type": "STRING"}]});
        let rows = (0..count).map(|n| {
            let row = json!({"n": n, "s": "long text\nwith lines ".repeat(20)});
            Ok(row.as_object().cloned().unwrap())
        });
        Arc::new(Results::collect(schema, futures::stream::iter(rows).boxed(), folder).await.unwrap())
    }

    #[tokio::test]
    async fn every_page_can_be_read_from_memory_and_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for (count, files) in [(0, 0), (1, 0), (700, 0), (60_000, 1)] {
            let results = of(count, folder.path()).await;
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files, "{count}");
            let (mut first, mut seen) = (0, 0);
            loop {
                let page = results.page(first, 50_000).await.unwrap();
                for row in &page.rows {
                    let row: Value = serde_json::from_str(row).unwrap();
                    assert_eq!(row["f"][0]["v"], seen.to_string());
                    seen += 1;
                }
                match page.next {
                    Some(next) => first = next,
                    None => break,
                }
            }
            assert_eq!(seen, count);
            if count > 600 {
                let page = results.page(600, 1).await.unwrap();
                assert!(page.rows[0].contains("\"600\"") && page.next == Some(601));
            }
            assert!(results.page(count, 10).await.unwrap().next.is_none());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a dropped result leaves no file");
    }
}
