//! The event bus on SQLite: durable, at least once, in one process.
//!
//! What it is: [`DurableBus`]. A published message is a row of `messages` until a handler is done with it. If a process
//! dies while it handles messages, the next process finds all of them at its start. Only one process uses the file, so
//! nothing needs to be written about messages that are being handled.
//!
//! The message rarely causes such a death. So the death does not count as a delivery, except for left-over messages
//! (see `guard`). A retry that a handler asks for counts. After [`BusOptions::max_deliveries`] retries, the message
//! becomes a [`DeadLetter`], and the [`DeadLetterHandler`] ends whatever waits for the message.
//!
//! What it must not know: the content of a message.
//!
//! How it runs: each topic has one worker (`worker`), with its messages in memory (`lane`). `table` reads and writes
//! the rows, `faults` injects faults in tests, and `guard` handles messages that end the process. Nothing polls. A
//! worker sleeps until a message arrives or a retry is due.

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
use segue_ports::{
    Backlog, Clock as _, DeadLetterHandler, EventBus, Letter, MessageHandler, Outgoing, PortError,
    SystemClock, Topic,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worker::Worker;

const PORT: &str = "event bus";

/// The settings of a bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusOptions {
    /// A message is given up after this number of deliveries that ended with a request for a retry.
    pub max_deliveries: u32,
    /// A left-over message is given up after this number of deliveries that ended with the process.
    pub max_unended: u32,
    /// Injected faults, for tests. `None` if there are no faults.
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

/// The handlers of the messages of a topic.
#[derive(Clone)]
pub struct Handling {
    /// The handler that gets the messages.
    pub handler: Arc<dyn MessageHandler>,
    /// The handler that gets the messages that are given up. `None` if such messages are only recorded.
    pub dead_letters: Option<Arc<dyn DeadLetterHandler>>,
}

/// The state that publishers and workers share.
struct Shared {
    database: Database,
    options: BusOptions,
    /// The id of the next message.
    next_id: AtomicI64,
    /// The number of messages in the file that are not done.
    pending: AtomicU64,
    lanes: Mutex<HashMap<String, Arc<LaneCell>>>,
    /// Messages up to this id are left over from an earlier process.
    left_over: i64,
    /// The number of left-over messages that were being handled when the earlier process ended. They must be handled
    /// alone.
    suspects: watch::Sender<usize>,
}

/// Messages of one topic that will be written to the file together.
struct Batch {
    topic: String,
    lane: Arc<LaneCell>,
    messages: Vec<(i64, Message)>,
    rows: Vec<(i64, String)>,
    reserved: Option<u64>,
}

impl DurableBus {
    /// The bus in a database. Messages that are already in the database are delivered too.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the database cannot be read.
    pub fn new(database: Database, options: BusOptions) -> Result<Self, PortError> {
        let now = SystemClock.now().as_millisecond();
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

    /// Passes the messages of a topic to `handler`, at most `concurrency` at the same time, until `shutdown`. Then
    /// waits for the messages that are being handled, and returns. If the caller drops the future instead, these
    /// messages are delivered again.
    ///
    /// # Errors
    /// [`PortError::AlreadyExists`] if another worker handles the topic.
    pub async fn run(
        &self,
        topic: Topic,
        handler: Arc<dyn MessageHandler>,
        concurrency: usize,
        shutdown: CancellationToken,
    ) -> Result<(), PortError> {
        self.run_with(topic, Handling { handler, dead_letters: None }, concurrency, shutdown).await
    }

    /// Like [`Self::run`], but also with a handler for messages that are given up.
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

    /// The number of published messages of all topics that are not done, including messages that wait for a retry. A
    /// handler publishes follow-up messages before it is done. So at 0, nothing is in progress.
    pub fn pending(&self) -> u64 {
        self.shared.pending.load(Ordering::Acquire)
    }

    /// The messages that were given up, oldest first.
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
            // A message with a due time stays in the file. The worker finds the due time there.
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

    async fn backlog(&self) -> Result<Option<Vec<Backlog>>, PortError> {
        let now = SystemClock.now().as_millisecond();
        let found = self.shared.database.scan(move |connection| table::backlog(connection, now)).await;
        found.map(Some).map_err(|error| error.at(PORT))
    }

    async fn letters(&self) -> Result<Option<Vec<Letter>>, PortError> {
        let letters = self.dead_letters().await?.into_iter().map(|dead| Letter {
            id: u64::try_from(dead.id).unwrap_or_default(),
            topic: dead.topic,
            body: dead.body,
            deliveries: dead.deliveries,
            reason: dead.reason,
            since: Timestamp::from_millisecond(dead.died).unwrap_or(Timestamp::UNIX_EPOCH),
        });
        Ok(Some(letters.collect()))
    }

    async fn deliver_again(&self, id: u64) -> Result<bool, PortError> {
        let letters = self.dead_letters().await?;
        let Some(letter) = letters.into_iter().find(|letter| u64::try_from(letter.id) == Ok(id)) else {
            return Ok(false);
        };
        let unreadable = || PortError::invalid(format!("the message {id} cannot be read, so it stays here"));
        let message = table::decode(&letter.body).map_err(|_| unreadable())?;
        let topic = Topic::named(&letter.topic).ok_or_else(unreadable)?;
        self.publish(vec![Outgoing { topic, message }]).await?;
        let number = letter.id;
        let buried = self.shared.database.write(move |connection| table::bury(connection, number)).await;
        buried.map_err(|error| error.at(PORT))?;
        Ok(true)
    }
}

impl DurableBus {
    async fn send(&self, messages: Vec<Outgoing>, due: Option<Timestamp>) -> Result<(), PortError> {
        if messages.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        // Publishing runs in its own task. If the publisher is cancelled, the worker still learns about a message that
        // is in the file.
        let published = tokio::spawn(async move { shared.publish(messages, due).await });
        published.await.map_err(|error| PortError::unavailable(PORT, error))?
    }
}
