//! Subscriptions, and messages that are pulled and acknowledged.

use super::PubSub;
use super::messages::{
    Acknowledge, List, ModifyAckDeadline, Nothing, OfSubscription, PubsubMessage, Pull, Pulled,
    ReceivedMessage, Subscription, Subscriptions,
};
use crate::refusal::Refusal;
use crate::rpc::json::timestamp;
use crate::rpc::page;
use segue_ports::topics::{ACK_DEADLINES, Received, Subscription as Known, SubscriptionName};
use std::sync::Arc;
use std::time::Duration;

/// How long a client that pulls waits for the first message.
const WAIT: Duration = Duration::from_secs(30);
/// The largest number of messages of one pull. It is Google's limit.
pub(super) const MOST: u32 = 1000;

pub(super) fn missing(name: &SubscriptionName) -> Refusal {
    Refusal::not_found(format!("Subscription does not exist: {name}; create it first"))
}

pub(super) async fn create(pubsub: Arc<PubSub>, asked: Subscription) -> Result<Subscription, Refusal> {
    asked.check()?;
    let mut known = Known::new(pubsub.subscription(&asked.name)?, pubsub.topic(&asked.topic)?);
    known.is_ordered = asked.enable_message_ordering;
    if asked.ack_deadline_seconds != 0 {
        known.ack_deadline = seconds(asked.ack_deadline_seconds)?;
    }
    pubsub.topics.create_subscription(&known).await?;
    Ok(described(known))
}

pub(super) async fn get(pubsub: Arc<PubSub>, asked: OfSubscription) -> Result<Subscription, Refusal> {
    let name = pubsub.subscription(&asked.subscription)?;
    let known = pubsub.topics.subscription(&name).await?;
    known.map(described).ok_or_else(|| missing(&name))
}

pub(super) async fn delete(pubsub: Arc<PubSub>, asked: OfSubscription) -> Result<Nothing, Refusal> {
    let name = pubsub.subscription(&asked.subscription)?;
    match pubsub.topics.delete_subscription(&name).await? {
        true => Ok(Nothing {}),
        false => Err(missing(&name)),
    }
}

pub(super) async fn list(pubsub: Arc<PubSub>, asked: List) -> Result<Subscriptions, Refusal> {
    let project = asked.parent.strip_prefix("projects/").unwrap_or(&asked.parent);
    let known = pubsub.topics.subscriptions(project).await?;
    let (known, next_page_token) = page(known, asked.page_size, &asked.page_token)?;
    Ok(Subscriptions { subscriptions: known.into_iter().map(described).collect(), next_page_token })
}

pub(super) async fn pull(pubsub: Arc<PubSub>, asked: Pull) -> Result<Pulled, Refusal> {
    let name = pubsub.subscription(&asked.subscription)?;
    let most = u32::try_from(asked.max_messages).ok().filter(|most| *most > 0).ok_or_else(|| {
        Refusal::invalid(format!("maxMessages is {}; it must be 1 or more", asked.max_messages))
    })?;
    let wait = if asked.return_immediately { Duration::ZERO } else { WAIT };
    let received = pubsub.topics.pull(&name, most.min(MOST), wait).await?;
    Ok(Pulled { received_messages: received.into_iter().map(delivered).collect() })
}

pub(super) async fn acknowledge(pubsub: Arc<PubSub>, asked: Acknowledge) -> Result<Nothing, Refusal> {
    let name = pubsub.subscription(&asked.subscription)?;
    pubsub.topics.acknowledge(&name, &asked.ack_ids).await?;
    pubsub.receivers.learn(&name, &asked.ack_ids, Duration::ZERO);
    Ok(Nothing {})
}

pub(super) async fn extend(pubsub: Arc<PubSub>, asked: ModifyAckDeadline) -> Result<Nothing, Refusal> {
    let name = pubsub.subscription(&asked.subscription)?;
    let deadline = seconds(asked.ack_deadline_seconds)?;
    pubsub.topics.extend(&name, &asked.ack_ids, deadline).await?;
    pubsub.receivers.learn(&name, &asked.ack_ids, deadline);
    Ok(Nothing {})
}

/// A deadline of a client. With 0, messages are delivered again at once.
pub(super) fn seconds(asked: i32) -> Result<Duration, Refusal> {
    let longest = ACK_DEADLINES.1;
    let deadline = u64::try_from(asked).map(Duration::from_secs).ok();
    deadline.filter(|deadline| *deadline <= longest).ok_or_else(|| {
        Refusal::invalid(format!("the ack deadline is {asked} s; it must be 0 to {} s", longest.as_secs()))
    })
}

fn described(known: Known) -> Subscription {
    // Google's name for a topic that was deleted.
    let topic = known.topic.map_or_else(|| "_deleted-topic_".to_owned(), |topic| topic.to_string());
    let seconds = i32::try_from(known.ack_deadline.as_secs()).unwrap_or(i32::MAX);
    Subscription::described(known.name.to_string(), topic, seconds, known.is_ordered)
}

pub(super) fn delivered(received: Received) -> ReceivedMessage {
    let Received { ack_id, message_id, published, message } = received;
    ReceivedMessage {
        ack_id,
        message: Some(PubsubMessage {
            data: message.data,
            attributes: message.attributes,
            message_id,
            publish_time: Some(timestamp(published)),
            ordering_key: message.ordering_key,
        }),
    }
}
