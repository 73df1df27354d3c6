//! The event bus. Each message is delivered at least once, in any order.

use crate::error::PortError;
use crate::wire::Message;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::id::ExecutionId;
use std::borrow::Cow;

/// The topic of a message, which decides the service that receives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Events of executions, for the executor.
    Executions,
    /// Ticks of schedules and reached states of executions, for the scheduler.
    Triggers,
    /// Requests for backfills, for the scheduler.
    Backfills,
    /// Task runs, for the service with that name.
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

    /// The topic with this name on the platform. None if no topic has such a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "execution-events" => Some(Self::Executions),
            "trigger-events" => Some(Self::Triggers),
            "backfills" => Some(Self::Backfills),
            _ => name.strip_prefix("task-").map(|service| Self::Tasks(Cow::Owned(service.to_owned()))),
        }
    }
}

/// How many messages of a topic are not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The name of the topic.
    pub topic: String,
    /// Messages that are due, including those that are being handled.
    pub due: u64,
    /// Messages that are delivered later: delays, and retries.
    pub later: u64,
}

/// A message that the bus gave up and keeps for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Names the message for [`EventBus::deliver_again`].
    pub id: u64,
    /// The name of the topic.
    pub topic: String,
    /// The content as JSON.
    pub body: String,
    /// The number of deliveries.
    pub deliveries: u32,
    /// Why the bus gave the message up.
    pub reason: String,
    /// When the bus gave the message up.
    pub since: Timestamp,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The topic to publish to.
    pub topic: Topic,
    /// The content.
    pub message: Message,
}

/// Publishes messages. The platform delivers them: Pub/Sub sends push requests, the embedded bus calls a
/// [`MessageHandler`].
///
/// Every method can also return [`PortError::Unavailable`] if the bus does not accept the messages.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes all messages. After `Ok`, each message will be delivered at least once. This is not atomic:
    /// after an error, some of the messages may have been published.
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError>;

    /// Like [`Self::publish`], but no message is delivered before `due`. If `due` has passed, the messages
    /// are delivered at once. `due` may be up to 30 days ahead.
    async fn publish_at(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError>;

    /// What is waiting, by topic. None if the platform itself shows it: Pub/Sub has a page with such numbers.
    async fn backlog(&self) -> Result<Option<Vec<Backlog>>, PortError> {
        Ok(None)
    }

    /// The messages that were given up, oldest first. None if the platform keeps them elsewhere.
    async fn letters(&self) -> Result<Option<Vec<Letter>>, PortError> {
        Ok(None)
    }

    /// Publishes a message of [`Self::letters`] again, and removes it from them. Returns false if there is no such
    /// message. A crash in between leaves the message in both places, which handlers tolerate.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the content cannot be read.
    async fn deliver_again(&self, id: u64) -> Result<bool, PortError> {
        let _keeps_none = id;
        Ok(false)
    }
}

/// The handler's answer to a delivered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The message is handled, or needs no handling. It is not delivered again.
    Done,
    /// The infrastructure failed: deliver the message again after a delay.
    Retry,
    /// The process stops: deliver the message again to another process, and do not count this delivery.
    Stopped,
}

/// Handles delivered messages. The same handler serves push requests and the embedded bus.
#[async_trait]
pub trait MessageHandler: Send + Sync {
    /// Handles one message. The handler must tolerate duplicate, late and reordered messages.
    async fn handle(&self, message: Message) -> Verdict;

    /// Tells the handler that its process stops soon. The handler ends long work early, in a way that another process
    /// can continue. Returns at once. By default, running work just goes on.
    fn stop(&self) {}
}

/// A message that the bus gave up after too many deliveries.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenUp {
    /// The content. None if the body cannot be parsed.
    pub message: Option<Message>,
    /// The execution that the message is about. None if the message's attributes do not say so.
    pub execution_id: Option<ExecutionId>,
    /// The subscription that gave the message up.
    pub subscription: String,
    /// The number of deliveries. 0 if the number is unknown.
    pub deliveries: u32,
    /// True if every delivery ended because the process died, not because the handler answered. Such a
    /// message must not be tried again.
    pub deadly: bool,
    /// The time the bus gave the message up. None if the bus does not know.
    pub since: Option<Timestamp>,
}

/// Handles messages that were given up, so that nothing waits for them.
#[async_trait]
pub trait DeadLetterHandler: Send + Sync {
    /// Ends whatever waits for the message that was given up. The handler must tolerate duplicates.
    async fn given_up(&self, letter: GivenUp) -> Verdict;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_its_name() {
        let task = Topic::Tasks(Cow::Borrowed("http"));
        for topic in [Topic::Executions, Topic::Triggers, Topic::Backfills, task] {
            assert_eq!(Topic::named(&topic.name()), Some(topic));
        }
        assert_eq!(Topic::named("orders"), None);
    }
}
