//! Prevents a message that ended one process from ending every later process.
//!
//! Nothing is written about a message while it is being handled. If the process dies, the next process finds the
//! message again. But this message may have ended the process.
//!
//! So the messages that an earlier process left over are marked in the file before they are handed out, a few at a
//! time. If a message has a mark when a process starts, the message was being handled when the last process ended. It
//! is a suspect. It is marked again and handed out alone, so that no other message can end the process. A message with
//! too many marks is given up and not handed out.
//!
//! A process that is killed at random marks a message twice only if the message was being handled alone at that time.
//! This takes some milliseconds. So an innocent message is not given up.
//!
//! Task runs are not guarded, because they may take hours. Their claims count their deliveries (see
//! `StateStore::claim`).

use super::lane::Held;
use segue_ports::Topic;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The time for which a suspect is handled alone. After this time, other messages are handled too.
const ALONE: Duration = Duration::from_secs(5);
/// The longest time that task runs wait after a start for the suspects of other topics.
const QUIET: Duration = Duration::from_secs(20);

/// How to handle the next message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// This process published the message. It is handed out directly.
    None,
    /// An earlier process left the message over. It is marked, and then handed out together with others.
    Mark,
    /// The message was being handled when a process ended. It is marked, and then handed out alone.
    Alone,
    /// The message was being handled too often when a process ended, or its handler asked for too many retries.
    GiveUp,
}

/// The guard of one topic.
pub(super) struct Guard {
    /// Messages up to this id are left over from an earlier process. 0 if the topic is not guarded.
    left_over: i64,
    limit: u32,
    /// The id of the suspect that is being handled, and the end of its time alone. `None` if no suspect is being
    /// handled.
    alone: Option<(i64, Instant)>,
    /// The number of suspects that are left in guarded topics.
    suspects: watch::Receiver<usize>,
    /// The time until which an unguarded topic waits for suspects. `None` in a guarded topic.
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

    /// Whether nothing may be handed out now. This topic handles a suspect, or other topics have suspects.
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

    /// Records that the handling of a message has ended.
    pub(super) fn ended(&mut self, id: i64) {
        if self.alone.is_some_and(|(suspect, _)| suspect == id) {
            self.alone = None;
        }
    }

    /// The time at which the topic opens without another event. `None` if the topic does not wait for a time.
    pub(super) fn next(&self) -> Option<Instant> {
        self.alone.map(|(_, until)| until).or(self.quiet)
    }

    /// Waits until other topics have fewer suspects. Waits forever if the topic does not wait for suspects.
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
