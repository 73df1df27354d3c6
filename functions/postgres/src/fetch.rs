//! Runs statements, and returns or stores their rows: no rows, outputs, or a file.

use crate::cells::cell;
use crate::session::Session;
use futures::{Stream, TryStreamExt as _};
use jiff::tz::TimeZone;
use segue_jdbc::collect::{self, Collector, Pieces};
use segue_jdbc::{FetchType, Fetched, Statement};
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use std::pin::{Pin, pin};
use tokio_postgres::{Column, SimpleQueryMessage, SimpleQueryRow};

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
        let rows = pin!(self.rows(statement, columns).await?);
        let mut collector = Collector::new(self.kind);
        let uri = if self.kind == FetchType::Store {
            // The store and the server work at the same time.
            let (sender, pieces) = collect::file();
            let stored = collect::store(self.context, statement.number, pieces);
            let (uri, read) = tokio::join!(stored, collected(rows, &mut collector, Some(sender)));
            read?;
            Some(uri?)
        } else {
            collected(rows, &mut collector, None).await?;
            None
        };
        Ok(Some(collector.finish(self.context, uri)))
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
}

/// Reads all rows. A statement ends with its last row, and changes nothing before.
async fn collected(
    mut rows: Pin<&mut (impl Stream<Item = Result<Map, TaskError>> + Send)>,
    collector: &mut Collector,
    sender: Option<Pieces>,
) -> Result<(), TaskError> {
    loop {
        let piece = match rows.try_next().await {
            Ok(Some(row)) => collector.add(row)?,
            Ok(None) => break,
            Err(error) => {
                if let Some(sender) = &sender {
                    let _gone = sender.send(Err(collect::cut())).await;
                }
                return Err(error);
            }
        };
        if let (Some(piece), Some(sender)) = (piece, &sender)
            && sender.send(Ok(piece)).await.is_err()
        {
            // The store takes no more. Its own error counts.
            return Ok(());
        }
    }
    if let (Some(piece), Some(sender)) = (collector.rest(), &sender) {
        let _gone = sender.send(Ok(piece)).await;
    }
    Ok(())
}
