//! A subscription that messages are taken from.

use crate::google::Project;
use schemars::JsonSchema;
use segue_ports::topics::{Received, Subscription, SubscriptionName};
use segue_ports::{PortError, Topics};
use segue_task::google::{GoogleAccount, named};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The most messages of one request.
const MOST_AT_ONCE: usize = 1_000;
/// The most bytes of data that are held at once.
const MOST_BYTES: usize = 64 << 20;
/// How long messages that are held stay hidden from others, and how often this is renewed.
const HELD: Duration = Duration::from_secs(60);
const RENEWED: Duration = Duration::from_secs(20);
/// The longest wait of one request.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The properties of a subscription.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    /// The topic: its name, or `projects/PROJECT/topics/NAME`.
    #[schemars(required)]
    pub topic: Option<String>,
    /// The subscription: its name, or `projects/PROJECT/subscriptions/NAME`.
    #[schemars(required)]
    pub subscription: Option<String>,
    /// Creates the subscription if it does not exist.
    #[serde(default = "yes")]
    pub auto_create_subscription: bool,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: GoogleAccount,
}

fn yes() -> bool {
    true
}

/// A subscription.
pub(crate) struct Source {
    pub(crate) topics: Arc<dyn Topics>,
    pub(crate) name: SubscriptionName,
}

impl Subscribed {
    /// Opens the subscription, and creates it if it does not exist.
    ///
    /// # Errors
    /// A missing or invalid name, or a topic or subscription that does not exist.
    pub(crate) async fn open(&self, context: &TaskContext) -> Result<Source, TaskError> {
        let project = Project::of(&self.google, context)?;
        let name = named(self.subscription.as_deref()).ok_or_else(|| {
            TaskError::failed("subscription is missing; write a name, and the subscription is created")
        })?;
        let name = SubscriptionName::parse(&name, &project.id)?;
        let source = Source { topics: project.topics.clone(), name };
        if self.auto_create_subscription && source.topics.subscription(&source.name).await?.is_none() {
            let topic = project.topic(self.topic.as_deref())?;
            source.topics.prepare_topic(&topic).await?;
            match source.topics.create_subscription(&Subscription::new(source.name.clone(), topic)).await {
                Ok(()) => context.info(format!("{} was created; it gets messages from now on", source.name)),
                Err(PortError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(source)
    }

    /// The subscription with this full name, with the flow's credentials.
    ///
    /// # Errors
    /// An invalid name, or credentials that cannot be parsed.
    pub(crate) fn known(&self, context: &TaskContext, name: &str) -> Result<Source, TaskError> {
        let project = Project::of(&self.google, context)?;
        Ok(Source { name: SubscriptionName::parse(name, &project.id)?, topics: project.topics })
    }
}

/// Messages that were taken and not acknowledged.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<Received>,
    /// Deliveries of messages that were seen before.
    pub(crate) again: Vec<String>,
    bytes: usize,
    renewed: Option<Instant>,
}

impl Taken {
    pub(crate) fn ack_ids(&self) -> Vec<String> {
        self.messages.iter().map(|one| one.ack_id.clone()).collect()
    }

    /// Whether no more messages may be held.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }
}

impl Source {
    /// Takes up to `most` messages until `end`, and at least those that are there now. Messages in `seen` are not counted.
    ///
    /// # Errors
    /// A subscription that does not exist, or one with messages that are pushed.
    pub(crate) async fn take(
        &self,
        most: usize,
        end: Instant,
        seen: &BTreeSet<String>,
    ) -> Result<Taken, TaskError> {
        let mut taken = Taken::default();
        let mut ids = BTreeSet::new();
        while taken.messages.len() < most && !taken.is_full() {
            let wanted = u32::try_from((most - taken.messages.len()).min(MOST_AT_ONCE)).unwrap_or(u32::MAX);
            let wait = end.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
            let came = self.topics.pull(&self.name, wanted, wait).await?;
            let none = came.is_empty();
            for received in came {
                if seen.contains(&received.message_id) || !ids.insert(received.message_id.clone()) {
                    taken.again.push(received.ack_id);
                } else {
                    taken.bytes += received.message.data.len();
                    taken.messages.push(received);
                }
            }
            let is_due = taken.renewed.is_none_or(|renewed| renewed.elapsed() > RENEWED);
            if !taken.messages.is_empty() && (is_due || !none) {
                self.topics.extend(&self.name, &taken.ack_ids(), HELD).await?;
                taken.renewed = Some(Instant::now());
            }
            if none && Instant::now() >= end {
                break;
            }
        }
        Ok(taken)
    }

    /// Lets others have the messages at once.
    pub(crate) async fn hand_back(&self, taken: &Taken) -> Result<(), TaskError> {
        Ok(self.topics.extend(&self.name, &taken.ack_ids(), Duration::ZERO).await?)
    }
}
