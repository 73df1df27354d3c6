//! Prevents a message that ends the process from ending every process after it.
//!
//! Normally nothing is written about a message that is being handled: if the process dies, the next one finds
//! the message again. But one of these messages may have ended the process. So the messages left over from an
//! earlier process are marked in the file before they are handed out, a few at a time. If a message has a
//! mark when a process starts, it was being handled when the last process ended. It is handed out alone, so
//! that no other message can end the process, and it is marked again. With enough marks it is given up
//! without being handed out.
//!
//! A process that is killed at random marks a message twice only if the message was being handled alone at
//! that time, which takes some milliseconds. So an innocent message is not given up.
//!
//! Task runs are not guarded here. Their deliveries are counted by their claims (see `StateStore::claim`),
//! and they may take hours.

use super::lane::Held;
use segue_ports::Topic;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a suspect is handled alone. After this time, other messages are handled too.
const ALONE: Duration = Duration::from_secs(5);
/// How long task runs wait for the suspects of other topics after a start.
const QUIET: Duration = Duration::from_secs(20);

/// How to handle the next message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// It was published in this process's life. It is handed out directly.
    None,
    /// It is left over. It is marked, and then handed out together with others.
    Mark,
    /// It was being handled when a process ended. It is marked, and then handed out alone.
    Alone,
    /// It was being handled too often when a process ended, or its handler asked for too many retries.
    GiveUp,
}

/// The guard of one topic.
pub(super) struct Guard {
    /// Messages up to this id are left over from an earlier process. 0 if the topic is not guarded.
    left_over: i64,
    limit: u32,
    /// The suspect that is being handled, and the end of its time alone.
    alone: Option<(i64, Instant)>,
    /// How many suspects are left in guarded topics.
    suspects: watch::Receiver<usize>,
    /// The time until which an unguarded topic waits for suspects. None in a guarded topic.
    quiet: Option<Instant>,
}

impl Guard {
    pub(super) fn new(topic: &str, left_over: i64, limit: u32, suspects: watch::Receiver<usize>) -> Self {
        let guarded = is_guarded(topic);
        let quiet = (!guarded).then(|| Instant::now() + QUIET);
        let left_over = if guarded { left_over } else { 0 };
        Self { left_over, limit, alone: None, suspects, quiet }
    }

    pub(super) fn care(&self, held: &Held, max_deliveries: u32) -> Care {
        if held.copy {
            Care::None
        } else if held.deliveries >= max_deliveries {
            Care::GiveUp
        } else if held.id > self.left_over {
            Care::None
        } else if held.begun >= self.limit {
            Care::GiveUp
        } else if held.begun > 0 {
            Care::Alone
        } else {
            Care::Mark
        }
    }

    /// Whether nothing may be handed out now, because this topic handles a suspect, or other topics have
    /// suspects.
    pub(super) fn is_closed(&mut self) -> bool {
        let now = Instant::now();
        if self.alone.is_some_and(|(_, until)| until <= now) {
            self.alone = None;
        }
        if self.quiet.is_some_and(|until| until <= now || *self.suspects.borrow() == 0) {
            self.quiet = None;
        }
        self.alone.is_some() || self.quiet.is_some()
    }

    /// Records that a suspect is being handled.
    pub(super) fn begin(&mut self, id: i64) {
        self.alone = Some((id, Instant::now() + ALONE));
    }

    /// Records that a message has ended.
    pub(super) fn ended(&mut self, id: i64) {
        if self.alone.is_some_and(|(suspect, _)| suspect == id) {
            self.alone = None;
        }
    }

    /// The time at which the topic opens without another event.
    pub(super) fn next(&self) -> Option<Instant> {
        self.alone.map(|(_, until)| until).or(self.quiet)
    }

    /// Waits until other topics have fewer suspects, if the topic waits for this.
    pub(super) async fn fewer_suspects(&mut self) {
        let waits = self.quiet.is_some();
        if !waits || self.suspects.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether messages of the topic are guarded.
pub(super) fn is_guarded(topic: &str) -> bool {
    !topic.starts_with(&*Topic::Tasks("".into()).name())
}
