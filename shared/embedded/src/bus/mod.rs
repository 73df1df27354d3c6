//! The event bus on SQLite: durable, at least once, in one process.
//!
//! What it is: [`DurableBus`]. A published message is a row of `messages` until a handler is done with it. A
//! process that dies with messages in hand finds them all again at its next start, at once: as one process at
//! a time has the file, what is in hand need not be written down. Such a death is hardly the message's fault and
//! does not count as a delivery (but see `guard`); a handler that asks for a retry does, and after
//! [`BusOptions::max_deliveries`] of those the message is put aside as a [`DeadLetter`], and the
//! [`DeadLetterHandler`] sees to it that nobody waits for it.
//!
//! What it must not know: what a message says.
//!
//! How it runs: one worker per topic (`worker`), its messages in memory (`lane`), the rows (`table`), faults
//! for tests (`faults`), messages that end the process (`guard`). Nothing polls: a worker sleeps until a message comes or a retry is due.

mod faults;
mod guard;
mod lane;
mod table;
mod waiting;
mod worker;

#[cfg(test)]
mod tests;

pub use faults::Faults;
pub use table::DeadLetter;

use crate::database::Database;
use async_trait::async_trait;
use jiff::Timestamp;
use lane::LaneCell;
use segue_ports::wire::Message;
use segue_ports::{DeadLetterHandler, EventBus, MessageHandler, Outgoing, PortError, Topic};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worker::Worker;

const PORT: &str = "event bus";

/// How a bus behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusOptions {
    /// After so many deliveries that asked for a retry a message is put aside.
    pub max_deliveries: u32,
    /// After so many deliveries of what a former process left over that ended with the process a message is put aside.
    pub max_unended: u32,
    /// Faults on purpose, for tests.
    pub faults: Option<Faults>,
}

impl Default for BusOptions {
    fn default() -> Self {
        Self { max_deliveries: 20, max_unended: 3, faults: None }
    }
}

/// The event bus in a SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct DurableBus {
    shared: Arc<Shared>,
}

/// Who takes the messages of a topic.
#[derive(Clone)]
pub struct Handling {
    /// Takes them.
    pub handler: Arc<dyn MessageHandler>,
    /// Sees to it that nobody waits for one that is given up; none: nobody does.
    pub dead_letters: Option<Arc<dyn DeadLetterHandler>>,
}

/// What publishers and workers have in common.
struct Shared {
    database: Database,
    options: BusOptions,
    /// The next message's id.
    next_id: AtomicI64,
    /// Messages whose end is not in the file yet.
    pending: AtomicU64,
    lanes: Mutex<HashMap<String, Arc<LaneCell>>>,
    /// Messages up to this id are left over from a former process.
    left_over: i64,
    /// How many of these were in hand as it ended, and wait for being handled alone.
    suspects: watch::Sender<usize>,
}

/// Messages for one topic, on their way into the file.
struct Batch {
    topic: String,
    lane: Arc<LaneCell>,
    messages: Vec<(i64, Message)>,
    rows: Vec<(i64, String)>,
    reserved: Option<u64>,
}

impl DurableBus {
    /// The bus in that database, with what is in it from before.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the database cannot be read.
    pub fn new(database: Database, options: BusOptions) -> Result<Self, PortError> {
        let now = Timestamp::now().as_millisecond();
        let found = database.read_blocking(move |connection| {
            let (count, last) = table::totals(connection)?;
            Ok((count, last, table::marked(connection, now)?))
        });
        let (count, last, marked) = found.map_err(|error| error.at(PORT))?;
        let suspects = marked.iter().filter(|topic| guard::is_guarded(topic)).count();
        let shared = Shared {
            database,
            options,
            next_id: AtomicI64::new(last.saturating_add(1)),
            pending: AtomicU64::new(u64::try_from(count).unwrap_or_default()),
            lanes: Mutex::default(),
            left_over: last,
            suspects: watch::Sender::new(suspects),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Hands the messages of a topic to `handler`, at most `concurrency` at once, until `shutdown`; then waits
    /// for those in hand and returns. Dropping it instead leaves those in hand to be delivered again.
    ///
    /// # Errors
    /// [`PortError::AlreadyExists`] when somebody handles the topic already.
    pub async fn run(
        &self,
        topic: Topic,
        handler: Arc<dyn MessageHandler>,
        concurrency: usize,
        shutdown: CancellationToken,
    ) -> Result<(), PortError> {
        self.run_with(topic, Handling { handler, dead_letters: None }, concurrency, shutdown).await
    }

    /// As [`Self::run`]; `handling` also hears of the messages that are given up.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_with(
        &self,
        topic: Topic,
        handling: Handling,
        concurrency: usize,
        shutdown: CancellationToken,
    ) -> Result<(), PortError> {
        let name = topic.name().into_owned();
        let lane = self.shared.lane(&name);
        let worker = Worker::start(Arc::clone(&self.shared), name, lane, handling, concurrency.max(1))?;
        worker.run(shutdown).await;
        Ok(())
    }

    /// How many messages are published and not done with, of all topics; those that wait for a retry count.
    /// A handler publishes what follows before it is done, so nothing is under way when this is 0.
    pub fn pending(&self) -> u64 {
        self.shared.pending.load(Ordering::Acquire)
    }

    /// The messages that were given up, oldest first.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, PortError> {
        self.shared.database.scan(table::dead_letters).await.map_err(|error| error.at(PORT))
    }
}

impl Shared {
    fn lane(&self, topic: &str) -> Arc<LaneCell> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(topic) {
            return Arc::clone(lane);
        }
        let lane = Arc::new(LaneCell::new());
        lanes.insert(topic.to_owned(), Arc::clone(&lane));
        lane
    }

    /// Sorts messages by topic and gives them ids.
    fn batches(&self, messages: Vec<Outgoing>) -> Result<Vec<Batch>, PortError> {
        let mut batches: Vec<Batch> = Vec::new();
        for Outgoing { topic, message } in messages {
            let body = table::encode(&message).map_err(|error| error.at(PORT))?;
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            let topic = topic.name();
            let index = match batches.iter().position(|batch| batch.topic == topic) {
                Some(index) => index,
                None => {
                    batches.push(Batch {
                        lane: self.lane(&topic),
                        topic: topic.into_owned(),
                        messages: Vec::new(),
                        rows: Vec::new(),
                        reserved: None,
                    });
                    batches.len() - 1
                }
            };
            if let Some(batch) = batches.get_mut(index) {
                batch.messages.push((id, message));
                batch.rows.push((id, body));
            }
        }
        Ok(batches)
    }

    async fn publish(&self, messages: Vec<Outgoing>, due: Option<Timestamp>) -> Result<(), PortError> {
        let visible_at = due.map_or(0, Timestamp::as_millisecond);
        let mut batches = self.batches(messages)?;
        let mut rows = Vec::with_capacity(batches.len());
        let mut count = 0;
        for batch in &mut batches {
            count += batch.rows.len() as u64;
            // What is due later waits in the file, where the worker finds when.
            if due.is_none() {
                batch.reserved = batch.lane.reserve(batch.messages.iter().map(|(id, _)| *id));
            }
            rows.push((batch.topic.clone(), std::mem::take(&mut batch.rows)));
        }
        self.pending.fetch_add(count, Ordering::AcqRel);
        let written = self
            .database
            .write(move |connection| {
                rows.iter().try_for_each(|(topic, rows)| table::insert(connection, topic, rows, visible_at))
            })
            .await;
        match written {
            Ok(()) => {
                for batch in batches {
                    batch.lane.deliver(batch.reserved, batch.messages);
                }
                Ok(())
            }
            Err(error) => {
                self.pending.fetch_sub(count, Ordering::AcqRel);
                for batch in batches {
                    batch.lane.forget(batch.messages.iter().map(|(id, _)| *id));
                }
                Err(error.at(PORT))
            }
        }
    }
}

#[async_trait]
impl EventBus for DurableBus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.send(messages, None).await
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError> {
        self.send(messages, Some(due)).await
    }
}

impl DurableBus {
    async fn send(&self, messages: Vec<Outgoing>, due: Option<Timestamp>) -> Result<(), PortError> {
        if messages.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        // On a task of its own: a publisher that is cancelled must not leave a message in the file of which
        // its worker never hears.
        let published = tokio::spawn(async move { shared.publish(messages, due).await });
        published.await.map_err(|error| PortError::unavailable(PORT, error))?
    }
}
