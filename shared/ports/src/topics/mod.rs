//! Topics and subscriptions of flows: messages that flows publish and receive. The messages between the services of
//! Segue are not among them ([`crate::EventBus`]).

mod message;
mod names;
mod serde_type;

pub use message::{Received, TopicMessage};
pub use names::{SubscriptionName, TopicName};
pub use serde_type::{SerdeType, message_variables};

use crate::credentials::Credentials;
use crate::error::PortError;
use async_trait::async_trait;
use segue_model::trigger_state::TriggerKey;
use std::sync::Arc;
use std::time::Duration;

/// The ack deadline of a subscription that names none.
pub const ACK_DEADLINE: Duration = Duration::from_secs(10);
/// The shortest and the longest ack deadline.
pub const ACK_DEADLINES: (Duration, Duration) = (ACK_DEADLINE, Duration::from_secs(600));

/// A subscription: the messages of a topic from its creation on, until they are acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The full name.
    pub name: SubscriptionName,
    /// The topic. None if the topic was deleted.
    pub topic: Option<TopicName>,
    /// The time after which a message that was delivered and not acknowledged is delivered again.
    pub ack_deadline: Duration,
    /// Whether messages with the same ordering key are delivered in the order of their publication.
    pub is_ordered: bool,
    /// Who gets the messages.
    pub push: Push,
}

impl Subscription {
    /// A subscription with the usual settings, for receivers that pull.
    pub fn new(name: SubscriptionName, topic: TopicName) -> Self {
        Self { name, topic: Some(topic), ack_deadline: ACK_DEADLINE, is_ordered: false, push: Push::None }
    }
}

/// Who gets the messages of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A receiver that pulls.
    None,
    /// A trigger. The platform delivers each message to the scheduler, as [`crate::wire::Message::Arrived`].
    Trigger(TriggerKey),
    /// Another program, at this address.
    Elsewhere(String),
}

/// Topics and subscriptions. Each message is delivered at least once to each subscription of its topic, in any order
/// unless the subscription is ordered.
///
/// Every method can also return [`PortError::Unavailable`] if the platform does not answer, and [`PortError::Invalid`]
/// for a request that the platform refuses.
#[async_trait]
pub trait Topics: Send + Sync {
    /// The project of names without a project.
    fn project(&self) -> &str;

    /// The same topics for the given identity. None if this is the same identity, or the platform has no accounts.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for credentials that cannot be parsed.
    fn acting_as(&self, _credentials: &Credentials) -> Result<Option<Arc<dyn Topics>>, PortError> {
        Ok(None)
    }

    /// Called before a flow uses a topic. Creates the topic on a platform where nobody else makes topics. Elsewhere it
    /// does nothing, so that a misspelled name is an error.
    async fn prepare_topic(&self, _topic: &TopicName) -> Result<(), PortError> {
        Ok(())
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// [`PortError::AlreadyExists`].
    async fn create_topic(&self, topic: &TopicName) -> Result<(), PortError>;

    /// Whether a topic exists.
    async fn has_topic(&self, topic: &TopicName) -> Result<bool, PortError>;

    /// The topics of a project, in alphabetical order.
    async fn topics(&self, project: &str) -> Result<Vec<TopicName>, PortError>;

    /// Deletes a topic. Its subscriptions stay, with the messages they have. Returns false if there was no such topic.
    async fn delete_topic(&self, topic: &TopicName) -> Result<bool, PortError>;

    /// Publishes messages, and returns their ids in the same order. An id is unique within the topic. After an error,
    /// some of the messages may have been published.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such topic. [`PortError::Invalid`] for a message that no platform accepts
    /// ([`TopicMessage::check`]); then no message is published.
    async fn publish(&self, topic: &TopicName, messages: Vec<TopicMessage>)
    -> Result<Vec<String>, PortError>;

    /// Creates a subscription. It gets the messages that are published from now on. The field `push` is ignored: a new
    /// subscription is for receivers that pull.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such topic. [`PortError::AlreadyExists`].
    async fn create_subscription(&self, subscription: &Subscription) -> Result<(), PortError>;

    /// A subscription. None if it does not exist.
    async fn subscription(&self, name: &SubscriptionName) -> Result<Option<Subscription>, PortError>;

    /// The subscriptions of a project, in alphabetical order.
    async fn subscriptions(&self, project: &str) -> Result<Vec<Subscription>, PortError>;

    /// Deletes a subscription with its messages. Returns false if there was no such subscription.
    async fn delete_subscription(&self, name: &SubscriptionName) -> Result<bool, PortError>;

    /// Delivers the messages of a subscription to a trigger from now on; with None, receivers pull them again. Messages
    /// that wait already are delivered too.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such subscription.
    async fn push_to(&self, name: &SubscriptionName, trigger: Option<&TriggerKey>) -> Result<(), PortError>;

    /// Takes up to `most` messages. Each is delivered again if it is not acknowledged within the ack deadline. Waits up
    /// to `wait` for the first message. The result may be empty although messages wait.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such subscription. [`PortError::Invalid`] if its messages are pushed; only
    /// Google's emulator allows that.
    async fn pull(
        &self,
        name: &SubscriptionName,
        most: u32,
        wait: Duration,
    ) -> Result<Vec<Received>, PortError>;

    /// Acknowledges deliveries: their messages are not delivered again. With an `ack_id` that is too late,
    /// this may have no effect.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such subscription.
    async fn acknowledge(&self, name: &SubscriptionName, ack_ids: &[String]) -> Result<(), PortError>;

    /// Sets new deadlines for deliveries, counted from now. With zero, the messages are delivered again at once.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such subscription.
    async fn extend(
        &self,
        name: &SubscriptionName,
        ack_ids: &[String],
        deadline: Duration,
    ) -> Result<(), PortError>;
}
