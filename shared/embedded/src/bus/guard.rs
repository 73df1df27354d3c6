//! What keeps a message that ends the process from ending every process after it.
//!
//! In peace nothing is written down of a message in hand: a process that dies finds it again, and that is that. But
//! one of the messages it finds may be what ended it. So what is left over from a former process is marked in the
//! file before it is handed out, a handful at a time. A message that has a mark when a process begins was in hand as
//! the last one ended: it is handed out alone, with nothing beside it that could end the process in its stead, and
//! marked again. With enough marks it is given up without being handed out.
//!
//! A process that is killed at random moments marks nothing twice but a message that was being handled alone at that
//! very moment, some milliseconds of a life: an innocent message is not given up by that.
//!
//! Task runs are not guarded here: their claims count (see `StateStore::claim`), and they may take hours.

use super::lane::Held;
use segue_ports::Topic;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a suspect is handled alone; others go on beside one that takes longer.
const ALONE: Duration = Duration::from_secs(5);
/// How long task runs wait for the suspects of other topics after a start.
const QUIET: Duration = Duration::from_secs(20);

/// What is to be done with the next message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// It came in this life: handed out as it is.
    None,
    /// It is left over: marked, then handed out beside others.
    Mark,
    /// It was in hand as a process ended: marked, then handed out alone.
    Alone,
    /// It was in hand too often, or asked too often to be delivered again.
    GiveUp,
}

/// The guard of one topic.
pub(super) struct Guard {
    /// Messages up to this id are left over from a former process; none are where the topic is not guarded.
    left_over: i64,
    limit: u32,
    /// The suspect in hand, and until when it is alone.
    alone: Option<(i64, Instant)>,
    /// How many suspects are left in guarded topics.
    suspects: watch::Receiver<usize>,
    /// Until when an unguarded topic waits for these; none in a guarded one.
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

    /// Nothing may be handed out now: a suspect is in hand, or other topics have some.
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

    /// A suspect is in hand.
    pub(super) fn begin(&mut self, id: i64) {
        self.alone = Some((id, Instant::now() + ALONE));
    }

    /// A message has ended.
    pub(super) fn ended(&mut self, id: i64) {
        if self.alone.is_some_and(|(suspect, _)| suspect == id) {
            self.alone = None;
        }
    }

    /// When the topic opens without anything happening in it.
    pub(super) fn next(&self) -> Option<Instant> {
        self.alone.map(|(_, until)| until).or(self.quiet)
    }

    /// Comes when there are fewer suspects elsewhere, if that is waited for.
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
