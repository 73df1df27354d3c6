//! A platform in a temporary directory, for the tests of all types.

use segue_ports::topics::{Push, Received, Subscription, SubscriptionName, TopicMessage, TopicName};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

/// A platform for one test.
pub(crate) struct Platform(segue_task::testing::Platform);

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Self(segue_task::testing::Platform::new(crate::tasks(), connect))
    }

    /// A platform with a topic and a subscription of the same name.
    pub(crate) async fn subscribed(name: &str) -> Self {
        let platform = Self::new();
        let topic = platform.topic(name);
        platform.ports.topics.create_topic(&topic).await.unwrap();
        let subscription = Subscription::new(platform.name(name), topic);
        platform.ports.topics.create_subscription(&subscription).await.unwrap();
        platform
    }

    fn topic(&self, name: &str) -> TopicName {
        TopicName::new(self.ports.topics.project(), name).unwrap()
    }

    pub(crate) fn name(&self, name: &str) -> SubscriptionName {
        SubscriptionName::new(self.ports.topics.project(), name).unwrap()
    }

    pub(crate) async fn publish(&self, topic: &str, texts: &[&str]) {
        let message = |text: &&str| TopicMessage { data: text.to_string().into(), ..TopicMessage::default() };
        self.ports.topics.publish(&self.topic(topic), texts.iter().map(message).collect()).await.unwrap();
    }

    /// Takes this number of messages.
    pub(crate) async fn pull(&self, name: &str, count: u32) -> Vec<Received> {
        self.ports.topics.pull(&self.name(name), count, Duration::from_secs(5)).await.unwrap()
    }

    /// The number of messages that can be taken now. They are handed back.
    pub(crate) async fn waiting(&self, name: &str) -> usize {
        let name = self.name(name);
        let found = self.ports.topics.pull(&name, 10_000, Duration::ZERO).await.unwrap();
        let ids: Vec<String> = found.into_iter().map(|one| one.ack_id).collect();
        self.ports.topics.extend(&name, &ids, Duration::ZERO).await.unwrap();
        ids.len()
    }

    /// Has the messages delivered again that were taken and not acknowledged, as if their deadlines had passed. The ack
    /// ids of the local platform have the number of the message and the number of its deliveries.
    pub(crate) async fn deliver_again(&self, name: &str) {
        let ids: Vec<String> = (1..=3_000)
            .flat_map(|message| (1..=3).map(move |attempt| format!("{message}.{attempt}")))
            .collect();
        self.ports.topics.extend(&self.name(name), &ids, Duration::ZERO).await.unwrap();
    }

    pub(crate) async fn push(&self, name: &str) -> Push {
        self.ports.topics.subscription(&self.name(name)).await.unwrap().unwrap().push
    }
}
