//! The worker of one topic: loads messages, passes them to the handler, and records their ends.
//!
//! Only the worker loads and releases messages, one step after the other. So no message is handed out twice, except by
//! fault injection. Ends are written in batches. While one batch is being written, the next one is collected.

use super::faults::Dice;
use super::guard::{Care, Guard};
use super::lane::{Held, LaneCell};
use super::table::{self, Again, Dead, Outcomes, Row};
use super::waiting::Waiting;
use super::{Handling, PORT, Shared};
use crate::database::DbError;
use futures::FutureExt as _;
use segue_ports::bus::GivenUp;
use segue_ports::wire::Message;
use segue_ports::{Clock as _, PortError, SystemClock, Verdict};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// The pause after an error of the database.
const PAUSE: Duration = Duration::from_millis(500);
/// The number of messages that are read from the file at once.
const LOAD: usize = 128;

/// A message with the result of its delivery.
struct Ended {
    id: i64,
    deliveries: u32,
    begun: u32,
    copy: bool,
    verdict: Verdict,
    /// The reason why the message was given up. `None` if it was passed to the handler.
    given_up: Option<String>,
}

/// A batch of ends, and whether the batch was written to the file.
type Written = (Arc<Outcomes>, Result<(), DbError>);

/// The worker of one topic.
pub(super) struct Worker {
    shared: Arc<Shared>,
    topic: String,
    lane: Arc<LaneCell>,
    handling: Handling,
    guard: Guard,
    concurrency: usize,
    tasks: JoinSet<Ended>,
    outcomes: Outcomes,
    waiting: Waiting,
    dice: Option<Dice>,
    /// The number of copies made by fault injection that are not handled yet.
    copies: u64,
}

impl Worker {
    pub(super) fn start(
        shared: Arc<Shared>,
        topic: String,
        lane: Arc<LaneCell>,
        handling: Handling,
        concurrency: usize,
    ) -> Result<Self, PortError> {
        if !lane.start() {
            return Err(PortError::AlreadyExists { what: format!("a worker for the topic {topic}") });
        }
        Ok(Self {
            dice: shared.options.faults.map(Dice::new),
            guard: Guard::new(
                &topic,
                shared.left_over,
                shared.options.max_unended,
                shared.suspects.subscribe(),
            ),
            shared,
            topic,
            lane,
            handling,
            concurrency,
            tasks: JoinSet::new(),
            outcomes: Outcomes::default(),
            waiting: Waiting::default(),
            copies: 0,
        })
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        let lane = Arc::clone(&self.lane);
        let mut writing: Option<JoinHandle<Written>> = None;
        let mut stopping = false;
        loop {
            if !stopping {
                self.recall().await;
                self.dispatch().await;
                if self.tasks.len() < self.concurrency && self.load().await {
                    continue;
                }
            }
            if writing.is_none() && !self.outcomes.is_empty() {
                writing = Some(self.write());
            }
            if stopping && self.tasks.is_empty() && writing.is_none() {
                return;
            }
            let next = self.waiting.next().into_iter().chain(self.guard.next()).min().filter(|_| !stopping);
            tokio::select! {
                () = shutdown.cancelled(), if !stopping => stopping = true,
                Some(ended) = self.tasks.join_next() => {
                    self.ended(ended.ok());
                    while let Some(more) = self.tasks.try_join_next() {
                        self.ended(more.ok());
                    }
                }
                written = end_of(&mut writing) => {
                    writing = None;
                    if !self.written(written).await && stopping {
                        // The ends could not be written. Their messages are delivered again at the next start.
                        return;
                    }
                }
                () = lane.bell.notified() => {}
                () = self.guard.fewer_suspects(), if !stopping => {}
                () = until(next) => {}
            }
        }
    }

    /// Passes messages to the handler as long as there is room.
    async fn dispatch(&mut self) {
        let mut left_over = Vec::new();
        while self.tasks.len() + left_over.len() < self.concurrency && !self.guard.is_closed() {
            let held = {
                let mut lane = self.lane.lock();
                let index = self.dice.as_mut().map_or(0, |dice| dice.chooses(lane.ready.len()));
                lane.ready.remove(index)
            };
            let Some(held) = held else { break };
            match self.guard.care(&held, self.shared.options.max_deliveries) {
                Care::None => self.hand_out(held),
                Care::Mark => left_over.push(held),
                Care::Alone if self.tasks.is_empty() && left_over.is_empty() => {
                    self.guard.begin(held.id);
                    left_over.push(held);
                }
                Care::Alone => {
                    // The suspect waits until no other message is being handled.
                    self.lane.lock().ready.push_front(held);
                    break;
                }
                Care::GiveUp => self.give_up(held),
            }
        }
        if !left_over.is_empty() {
            self.hand_out_marked(left_over).await;
        }
    }

    /// Hands out messages of an earlier process after they are marked in the file.
    async fn hand_out_marked(&mut self, left_over: Vec<Held>) {
        let (topic, ids) = (self.topic.clone(), left_over.iter().map(|held| held.id).collect::<Vec<_>>());
        let marked =
            self.shared.database.write(move |connection| table::mark(connection, &topic, &ids)).await;
        match marked {
            Ok(()) => left_over.into_iter().for_each(|held| self.hand_out(held)),
            Err(error) => {
                self.complain("marked", &error);
                for held in left_over.into_iter().rev() {
                    self.guard.ended(held.id);
                    self.lane.lock().ready.push_front(held);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn hand_out(&mut self, held: Held) {
        let Some(held) = self.disturb(held) else { return };
        let handler = Arc::clone(&self.handling.handler);
        self.tasks.spawn(async move {
            let Held { id, message, deliveries, begun, copy, .. } = held;
            // A panic of a handler counts as an error, and must not end the worker.
            let verdict = AssertUnwindSafe(handler.handle(message)).catch_unwind().await;
            Ended { id, deliveries, begun, copy, verdict: verdict.unwrap_or(Verdict::Retry), given_up: None }
        });
    }

    /// Tells the handler of dead letters that a message is given up.
    fn give_up(&mut self, held: Held) {
        let Held { id, message, deliveries, begun, .. } = held;
        let deadly = deliveries < self.shared.options.max_deliveries;
        let times = if deadly { begun } else { deliveries };
        let reason = if deadly {
            format!("the process ended {times} times while it handled the message")
        } else {
            format!("the handler asked {times} times for another delivery")
        };
        let execution_id = match &message {
            Message::Execution(message) => Some(message.execution_id.clone()),
            Message::TaskRun(message) => Some(message.execution_id.clone()),
            Message::Looked(message) => Some(message.execution_id.clone()),
            Message::ExecutionStateReached(message) => Some(message.execution_id.clone()),
            Message::Tick(_)
            | Message::ScheduleChanged(_)
            | Message::FlowChanged(_)
            | Message::Backfill(_)
            | Message::Nothing {}
            | Message::Arrived(_)
            | Message::Sweep {} => None,
        };
        let subscription = self.topic.clone();
        let message = Some(message);
        let letter = GivenUp { message, execution_id, subscription, deliveries: times, deadly, since: None };
        let handler = self.handling.dead_letters.clone();
        self.tasks.spawn(async move {
            let verdict = match handler {
                Some(handler) => AssertUnwindSafe(handler.given_up(letter)).catch_unwind().await,
                None => Ok(Verdict::Done),
            };
            let verdict = verdict.unwrap_or(Verdict::Retry);
            Ended { id, deliveries, begun, copy: false, verdict, given_up: Some(reason) }
        });
    }

    /// Injects faults: duplicates a message, or holds it back. Returns `None` if the message is held back.
    fn disturb(&mut self, mut held: Held) -> Option<Held> {
        let Some(dice) = self.dice.as_mut().filter(|_| !held.disturbed) else { return Some(held) };
        held.disturbed = true;
        let now = Instant::now();
        if dice.duplicates() {
            let copy = Held { copy: true, disturbed: true, ..Held::new(held.id, held.message.clone(), 0) };
            self.waiting.hold_back(now + dice.delays().unwrap_or_default(), copy);
            self.copies += 1;
            self.shared.pending.fetch_add(1, Ordering::AcqRel);
        }
        match dice.delays() {
            Some(delay) => {
                self.waiting.hold_back(now + delay, held);
                None
            }
            None => Some(held),
        }
    }

    /// Takes in what is due: held-back messages from memory, and retries from the file.
    async fn recall(&mut self) {
        let now = Instant::now();
        let messages = self.waiting.due_messages(now);
        if !messages.is_empty() {
            self.lane.lock().ready.extend(messages);
        }
        let due = self.waiting.due_retries(now);
        if due.is_empty() {
            return;
        }
        let (topic, ids) = (self.topic.clone(), due.clone());
        let rows = self.shared.database.write(move |connection| table::load_some(connection, &topic, &ids));
        match rows.await {
            Ok(rows) => rows.into_iter().for_each(|row| self.take_in(row)),
            Err(error) => {
                self.complain("read", &error);
                due.into_iter().for_each(|id| self.waiting.retry(now + PAUSE, id));
            }
        }
    }

    /// Loads messages that are only in the file. Returns `false` if there was no message to load.
    async fn load(&mut self) -> bool {
        let from = {
            let mut lane = self.lane.lock();
            if lane.ready.is_empty() { lane.unloaded.take() } else { None }
        };
        let Some(from) = from else { return false };
        let topic = self.topic.clone();
        // This read goes through the writer. So earlier writes are already in the file.
        let rows = self.shared.database.write(move |connection| table::load(connection, &topic, from, LOAD));
        match rows.await {
            Ok(rows) => {
                if let Some(last) = rows.last().filter(|_| rows.len() == LOAD) {
                    self.lane.lock().leave_from(last.id.saturating_add(1));
                }
                for row in rows {
                    let fresh = self.lane.lock().held.insert(row.id);
                    if fresh {
                        self.take_in(row);
                    }
                }
            }
            Err(error) => {
                self.complain("read", &error);
                self.lane.lock().leave_from(from);
                tokio::time::sleep(PAUSE).await;
            }
        }
        true
    }

    /// Takes a message from the file into memory, or lets the message wait until it is due.
    fn take_in(&mut self, row: Row) {
        let wait = u64::try_from(row.visible_at.saturating_sub(now_millis())).unwrap_or_default();
        if wait > 0 {
            // If the clock was set back, a message must not wait longer than the longest retry.
            let wait = Duration::from_millis(wait).min(LAST_RETRY);
            self.waiting.retry(Instant::now() + wait, row.id);
            return;
        }
        match serde_json::from_str(&row.body) {
            Ok(message) => {
                let held = Held { begun: row.begun, ..Held::new(row.id, message, row.deliveries) };
                self.lane.lock().ready.push_back(held);
            }
            Err(error) => self.bury(row.id, format!("it cannot be read: {error}")),
        }
    }

    fn ended(&mut self, ended: Option<Ended>) {
        // `None` means that the task was aborted. This happens only when the worker ends.
        let Some(ended) = ended else { return };
        if ended.copy {
            self.copies = self.copies.saturating_sub(1);
            self.shared.pending.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        self.guard.ended(ended.id);
        if ended.begun > 0 {
            self.shared.suspects.send_modify(|left| *left = left.saturating_sub(1));
        }
        let again = |deliveries: u32, begun: u32, wait: Duration| {
            let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            Again { id: ended.id, visible_at: now_millis().saturating_add(wait), deliveries, begun }
        };
        match (ended.verdict, ended.given_up) {
            (Verdict::Done, None) => self.outcomes.done.push(ended.id),
            (Verdict::Done, Some(reason)) => self.bury(ended.id, reason),
            (Verdict::Retry, None) => {
                let deliveries = ended.deliveries.saturating_add(1);
                let wait = if deliveries >= self.shared.options.max_deliveries {
                    // The message is given up and not handled again.
                    Duration::ZERO
                } else {
                    backoff(deliveries)
                };
                self.outcomes.again.push(again(deliveries, 0, wait));
            }
            (Verdict::Retry, Some(_)) => {
                self.outcomes.again.push(again(ended.deliveries, ended.begun, LAST_RETRY));
            }
            // The message stays in the file and in `held`, so only the next worker loads it again. Task runs are not
            // guarded, so the message keeps no mark.
            (Verdict::Stopped, _) => {}
        }
    }

    fn bury(&mut self, id: i64, reason: String) {
        tracing::error!(topic = self.topic, id, reason, "a message was given up and kept as a dead letter");
        self.outcomes.dead.push(Dead { id, reason, died: now_millis() });
    }

    /// Starts to write the collected ends of messages.
    fn write(&mut self) -> JoinHandle<Written> {
        let outcomes = Arc::new(std::mem::take(&mut self.outcomes));
        let (shared, topic) = (Arc::clone(&self.shared), self.topic.clone());
        // Writing runs in its own task. So the messages are counted even if the worker is dropped in the meantime.
        tokio::spawn(async move {
            let theirs = Arc::clone(&outcomes);
            let written =
                shared.database.write(move |connection| table::settle(connection, &topic, &theirs)).await;
            if written.is_ok() {
                shared.pending.fetch_sub(outcomes.gone(), Ordering::AcqRel);
            }
            (outcomes, written)
        })
    }

    /// Releases the messages with ends that were written. Returns `false` if writing failed.
    async fn written(&mut self, written: Option<Written>) -> bool {
        let Some((outcomes, written)) = written else { return false };
        if let Err(error) = written {
            self.complain("written", &error);
            self.outcomes.done.extend(&outcomes.done);
            self.outcomes.again.extend(&outcomes.again);
            self.outcomes.dead.extend(outcomes.dead.iter().cloned());
            tokio::time::sleep(PAUSE).await;
            return false;
        }
        self.lane.forget(outcomes.done.iter().copied().chain(outcomes.dead.iter().map(|dead| dead.id)));
        for again in &outcomes.again {
            let wait = u64::try_from(again.visible_at.saturating_sub(now_millis())).unwrap_or_default();
            self.waiting.retry(Instant::now() + Duration::from_millis(wait).min(LAST_RETRY), again.id);
        }
        true
    }

    fn complain(&self, what: &str, error: &DbError) {
        tracing::warn!(topic = self.topic, %error, "{PORT}: messages could not be {what}; trying again");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.pending.fetch_sub(self.copies, Ordering::AcqRel);
        self.lane.stop();
    }
}

/// The pause before the next delivery: 100 ms, doubled with every delivery, at most one minute.
fn backoff(deliveries: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << deliveries.saturating_sub(1).min(16)).min(LAST_RETRY)
}

fn now_millis() -> i64 {
    SystemClock.now().as_millisecond()
}

async fn end_of(writing: &mut Option<JoinHandle<Written>>) -> Option<Written> {
    match writing {
        Some(task) => task.await.ok(),
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_ever_further_apart_up_to_a_minute() {
        assert_eq!(backoff(1), Duration::from_millis(100));
        assert_eq!(backoff(2), Duration::from_millis(200));
        assert_eq!(backoff(9), Duration::from_millis(25_600));
        assert_eq!(backoff(1_000), Duration::from_secs(60));
    }
}
