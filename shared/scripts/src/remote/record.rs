//! What is recorded about the container of an attempt, so that every delivery finds the same container.
//!
//! The record is a file in the runner's own folder. It is written before the platform is asked for a container, and again
//! when the platform has named the container. The wrapper script reads the first line.

use super::container::Remote;
use segue_ports::PortError;
use segue_task::TaskError;

/// The name of the file.
pub(super) const RECORD: &str = "container";
/// The largest size of the file, in bytes.
const LIMIT: u64 = 4096;

/// A place for a container, and the container if one was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// A random name of this start. A container with the name of another start ends at once. This covers a worker that
    /// stood still between the record and the start, while another worker took the attempt over and started a container.
    pub(super) turn: String,
    /// Where the container runs.
    pub(super) place: String,
    /// The container's name. None if no answer about a start was recorded.
    pub(super) container: Option<String>,
}

impl Record {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.turn, self.place, self.container.as_deref().unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::to_owned);
        let (turn, place) = (lines.next()?, lines.next()?);
        Some(Self { turn, place, container: lines.next().filter(|name| !name.is_empty()) })
    }
}

impl Remote {
    /// The record. None if no start was begun.
    pub(super) async fn record(&self) -> Result<Option<Record>, PortError> {
        match self.storage().get_text(&self.uri(RECORD), LIMIT).await {
            Ok(text) => Ok(Record::parse(&text)),
            Err(PortError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn write(&self, record: &Record) -> Result<(), PortError> {
        self.storage().put_text(&self.stored(RECORD), record.text()).await.map(|_| ())
    }

    /// Completes the record of a container that was just started. If another worker wrote a record in the meantime, its
    /// container does the work, and this container is removed.
    pub(super) async fn complete(&self, record: Record, container: &str) -> Result<(), TaskError> {
        if self.record().await?.is_none_or(|now| now.turn != record.turn) {
            self.jobs.remove(container).await?;
            return Err(TaskError::Stopped);
        }
        Ok(self.write(&Record { container: Some(container.to_owned()), ..record }).await?)
    }

    /// The container of a record. If the record names none, looks for a container with the attempt's key, and completes
    /// the record.
    pub(super) async fn container_of(&self, record: Record) -> Result<Option<String>, TaskError> {
        if record.container.is_some() {
            return Ok(record.container);
        }
        let found = self.jobs.find(&record.place, &self.key).await?;
        if let Some(container) = &found {
            self.write(&Record { container: Some(container.clone()), ..record }).await?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let begun = Record { turn: "t1".to_owned(), place: "jobs/a".to_owned(), container: None };
        let started = Record { container: Some("jobs/a/executions/b".to_owned()), ..begun.clone() };
        for record in [begun, started] {
            assert_eq!(Record::parse(&record.text()), Some(record));
        }
        assert_eq!(Record::parse(""), None);
    }
}
