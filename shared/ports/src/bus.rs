//! The event bus: at least once, in no promised order.

use crate::error::PortError;
use crate::wire::Message;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::id::ExecutionId;
use std::borrow::Cow;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Events of executions, for the executor.
    Executions,
    /// Ticks of schedules and ends of executions, for the scheduler.
    Triggers,
    /// Requests for backfills, for the scheduler.
    Backfills,
    /// Task runs, for the service of that name.
    Tasks(Cow<'static, str>),
}

impl Topic {
    /// The topic's name on the platform: `execution-events`, `trigger-events`, `task-http`, …
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Executions => Cow::Borrowed("execution-events"),
            Self::Triggers => Cow::Borrowed("trigger-events"),
            Self::Backfills => Cow::Borrowed("backfills"),
            Self::Tasks(service) => Cow::Owned(format!("task-{service}")),
        }
    }
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where it goes.
    pub topic: Topic,
    /// What it says.
    pub message: Message,
}

/// Publishes messages. Delivery is the platform's affair: Pub/Sub pushes, the embedded bus calls a
/// [`MessageHandler`].
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes all of them; when it returns, each will be delivered at least once. Not atomic: after an
    /// error some may be on their way.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the bus does not take them.
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError>;

    /// As [`Self::publish`], but none is delivered before `due`; at once where that has passed. May be up to 30 days
    /// ahead.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the bus does not take them.
    async fn publish_at(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError>;
}

/// What becomes of a delivered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done with, or of no interest; never delivered again.
    Done,
    /// An infrastructure fault: deliver it again after a while.
    Retry,
    /// The handler's process stops: deliver it again to the next one, and do not count this delivery.
    Stopped,
}

/// Takes delivered messages. The same handler serves push requests and the embedded bus.
#[async_trait]
pub trait MessageHandler: Send + Sync {
    /// Handles one message; must bear duplicates, late and reordered messages.
    async fn handle(&self, message: Message) -> Verdict;
}

/// A message that was delivered again and again in vain.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenUp {
    /// What it says; none where nobody can read it.
    pub message: Option<Message>,
    /// The execution it is about, as far as can be told without reading it.
    pub execution_id: Option<ExecutionId>,
    /// The subscription that gave it up.
    pub subscription: String,
    /// How often it was delivered; 0 where that is not known.
    pub deliveries: u32,
    /// Each of these deliveries ended with the process that had it, not with an answer: it must not be tried again.
    pub deadly: bool,
}

/// Takes the messages that were given up, so that nothing waits for them.
#[async_trait]
pub trait DeadLetterHandler: Send + Sync {
    /// Sees to it that nobody waits for a message which was given up; must bear duplicates.
    async fn given_up(&self, letter: GivenUp) -> Verdict;
}
