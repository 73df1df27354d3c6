//! Runs statements, and returns or stores their rows: no rows, outputs, or a file.

use crate::cells::cell;
use crate::session::Session;
use crate::statements::Statement;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_task::{TaskContext, TaskError, ion};
use serde::{Deserialize, Serialize};
use std::pin::{Pin, pin};
use tokio::sync::mpsc;
use tokio_postgres::{Column, SimpleQueryMessage, SimpleQueryRow};

/// The most bytes of rows in outputs. No task run may have more outputs, so reading further is of no use.
const MOST_BYTES: usize = 8 << 20;
/// The size of a piece of a stored file.
const PIECE_BYTES: usize = 256 << 10;

/// What happens to the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FetchType {
    /// Nothing.
    #[default]
    None,
    /// All rows are outputs.
    Fetch,
    /// The first row is an output.
    FetchOne,
    /// The rows go to a file in internal storage, as ION, one on each line.
    Store,
}

/// The properties about rows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    /// What happens to the rows.
    pub fetch_type: Option<FetchType>,
    /// The property of old flows for FETCH.
    #[serde(default)]
    pub fetch: bool,
    /// The property of old flows for FETCH_ONE.
    #[serde(default)]
    pub fetch_one: bool,
    /// The property of old flows for STORE.
    #[serde(default)]
    pub store: bool,
    /// Accepted, and has no effect: rows are read one after another, and never are all of a file in memory.
    pub fetch_size: Option<u64>,
    /// The time zone of values with a time zone: `Europe/Paris`. Default: UTC.
    pub time_zone_id: Option<String>,
}

impl Fetch {
    /// What happens to the rows. The old properties count more, as in Kestra.
    pub(crate) fn kind(&self) -> FetchType {
        match (self.fetch, self.fetch_one, self.store) {
            (true, _, _) => FetchType::Fetch,
            (_, true, _) => FetchType::FetchOne,
            (_, _, true) => FetchType::Store,
            _ => self.fetch_type.unwrap_or_default(),
        }
    }

    /// The time zone of values with a time zone.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the zone is not known.
    pub(crate) fn zone(&self) -> Result<TimeZone, TaskError> {
        let Some(name) = self.time_zone_id.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(TimeZone::UTC);
        };
        TimeZone::get(name).map_err(|_| {
            TaskError::failed(format!(
                "timeZoneId is '{name}', which is not a time zone; write a name like Europe/Paris"
            ))
        })
    }
}

/// The rows of one statement.
#[derive(Debug, Default, Serialize)]
pub struct Fetched {
    /// With FETCH, the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map>>,
    /// With FETCH_ONE, the first row. Absent if there are no rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Map>,
    /// The number of rows fetched or stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// With STORE, the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// How rows are fetched.
pub(crate) struct Fetcher<'a> {
    pub(crate) session: &'a Session,
    pub(crate) context: &'a TaskContext,
    pub(crate) kind: FetchType,
    pub(crate) zone: TimeZone,
}

impl Fetcher<'_> {
    /// Runs a statement. None if the statement has no rows to fetch.
    ///
    /// # Errors
    /// [`TaskError`] if the statement fails, if the rows are too large for outputs, or if the file cannot be written.
    pub(crate) async fn run(&self, statement: &Statement) -> Result<Option<Fetched>, TaskError> {
        if self.kind == FetchType::None {
            self.without_rows(statement).await?;
            return Ok(None);
        }
        let described = self.session.client.prepare(&statement.text);
        let described = self.session.answer(described, Some(statement)).await?;
        let columns = described.columns();
        if columns.is_empty() {
            self.without_rows(statement).await?;
            return Ok(None);
        }
        let mut rows = pin!(self.rows(statement, columns).await?);
        let fetched = match self.kind {
            FetchType::Store => self.store(rows, statement).await?,
            FetchType::FetchOne => {
                let row = rows.try_next().await?;
                // The statement ends with its last row. Until then, it has not changed anything.
                while rows.try_next().await?.is_some() {}
                Fetched { size: Some(u64::from(row.is_some())), row, ..Fetched::default() }
            }
            FetchType::Fetch | FetchType::None => {
                let rows = fetch(rows).await?;
                Fetched { size: Some(rows.len() as u64), rows: Some(rows), ..Fetched::default() }
            }
        };
        self.context.metric_counter("fetch.size", fetched.size.unwrap_or_default() as f64);
        Ok(Some(fetched))
    }

    /// Runs a statement to its end, and lets its rows go.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the statement fails.
    pub(crate) async fn without_rows(&self, statement: &Statement) -> Result<(), TaskError> {
        let mut messages = pin!(self.messages(statement).await?);
        while let Some(message) = self.session.answer(messages.try_next(), Some(statement)).await? {
            if let SimpleQueryMessage::CommandComplete(rows) = message {
                self.context.debug(format!("statement {}: {rows} rows", statement.number));
            }
        }
        Ok(())
    }

    async fn messages(&self, statement: &Statement) -> Result<tokio_postgres::SimpleQueryStream, TaskError> {
        self.session.answer(self.session.client.simple_query_raw(&statement.text), Some(statement)).await
    }

    /// The rows of a statement, as maps. The last of two columns with the same name counts, as in Kestra.
    async fn rows<'a>(
        &'a self,
        statement: &'a Statement,
        columns: &'a [Column],
    ) -> Result<impl Stream<Item = Result<Map, TaskError>> + Send + 'a, TaskError> {
        let messages = Box::pin(self.messages(statement).await?);
        Ok(futures::stream::try_unfold(messages, move |mut messages| async move {
            while let Some(message) = self.session.answer(messages.try_next(), Some(statement)).await? {
                if let SimpleQueryMessage::Row(row) = message {
                    return Ok(Some((self.map(&row, columns), messages)));
                }
            }
            Ok(None)
        }))
    }

    fn map(&self, row: &SimpleQueryRow, columns: &[Column]) -> Map {
        let cells = columns.iter().enumerate().map(|(place, column)| {
            let text = row.try_get(place).ok().flatten();
            (column.name().to_owned(), text.map_or(Json::Null, |text| cell(column, text, &self.zone)))
        });
        cells.collect()
    }

    /// Writes the rows to a file, in pieces. The store and the server work at the same time.
    async fn store(
        &self,
        mut rows: Pin<&mut (impl Stream<Item = Result<Map, TaskError>> + Send)>,
        statement: &Statement,
    ) -> Result<Fetched, TaskError> {
        let attempt = self.context.attempt_key().attempt;
        let path = self.context.storage_path(&format!("rows-{attempt}-{}.ion", statement.number));
        let (sender, receiver) = mpsc::channel::<Result<Bytes, PortError>>(2);
        let pieces = futures::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let written = self.context.storage().put(&path, pieces.boxed());
        let read = async {
            let (mut size, mut piece) = (0, String::new());
            loop {
                let row = rows.try_next().await;
                let ended = !matches!(row, Ok(Some(_)));
                if let Ok(Some(row)) = row {
                    size += 1;
                    piece.push_str(&ion::to_string(&Json::Object(row)));
                    piece.push('\n');
                } else if let Err(error) = row {
                    // Without this, the store would take the pieces so far for the whole file.
                    let _gone = sender.send(Err(PortError::invalid("the statement failed"))).await;
                    return Err(error);
                }
                let full = piece.len() >= PIECE_BYTES || (ended && !piece.is_empty());
                // If the store takes no more, its own error counts.
                if full && sender.send(Ok(std::mem::take(&mut piece).into())).await.is_err() || ended {
                    drop(sender);
                    return Ok(size);
                }
            }
        };
        let (written, size) = tokio::join!(written, read);
        let size = size?;
        Ok(Fetched { uri: Some(written?.0), size: Some(size), ..Fetched::default() })
    }
}

async fn fetch(
    mut rows: Pin<&mut (impl Stream<Item = Result<Map, TaskError>> + Send)>,
) -> Result<Vec<Map>, TaskError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        bytes += serde_json::to_string(&row).map_or(0, |text| text.len());
        if bytes > MOST_BYTES {
            return Err(TaskError::failed(format!(
                "the rows have more than {MOST_BYTES} bytes, and a task may have at most so many bytes of outputs; set \
                 fetchType: STORE, which writes the rows to a file"
            )));
        }
        found.push(row);
    }
    Ok(found)
}
