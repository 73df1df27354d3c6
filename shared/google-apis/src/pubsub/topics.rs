//! Topics, and messages that are published.

use super::PubSub;
use super::messages::{
    List, NamesOfSubscriptions, Nothing, OfTopic, Publish, Published, PubsubMessage, Topic, Topics,
};
use crate::refusal::Refusal;
use crate::rpc::page;
use segue_ports::topics::{TopicMessage, TopicName};
use std::sync::Arc;

/// The largest number of messages in one publication. It is Google's limit.
const MOST: usize = 1000;

fn missing(topic: &TopicName) -> Refusal {
    Refusal::not_found(format!("Topic not found: {topic}; create it first"))
}

pub(super) async fn create(pubsub: Arc<PubSub>, asked: Topic) -> Result<Topic, Refusal> {
    asked.check()?;
    let topic = pubsub.topic(&asked.name)?;
    pubsub.topics.create_topic(&topic).await?;
    Ok(Topic::named(topic.to_string()))
}

pub(super) async fn get(pubsub: Arc<PubSub>, asked: OfTopic) -> Result<Topic, Refusal> {
    let topic = pubsub.topic(&asked.topic)?;
    match pubsub.topics.has_topic(&topic).await? {
        true => Ok(Topic::named(topic.to_string())),
        false => Err(missing(&topic)),
    }
}

pub(super) async fn delete(pubsub: Arc<PubSub>, asked: OfTopic) -> Result<Nothing, Refusal> {
    let topic = pubsub.topic(&asked.topic)?;
    match pubsub.topics.delete_topic(&topic).await? {
        true => Ok(Nothing {}),
        false => Err(missing(&topic)),
    }
}

pub(super) async fn list(pubsub: Arc<PubSub>, asked: List) -> Result<Topics, Refusal> {
    let project = asked.parent.strip_prefix("projects/").unwrap_or(&asked.parent);
    let names = pubsub.topics.topics(project).await?;
    let (names, next_page_token) = page(names, asked.page_size, &asked.page_token)?;
    Ok(Topics { topics: names.iter().map(|name| Topic::named(name.to_string())).collect(), next_page_token })
}

pub(super) async fn subscriptions(pubsub: Arc<PubSub>, asked: List) -> Result<NamesOfSubscriptions, Refusal> {
    let topic = pubsub.topic(&asked.parent)?;
    if !pubsub.topics.has_topic(&topic).await? {
        return Err(missing(&topic));
    }
    let all = pubsub.topics.subscriptions(topic.project()).await?;
    let of_topic = all.into_iter().filter(|known| known.topic.as_ref() == Some(&topic));
    let names = of_topic.map(|known| known.name.to_string()).collect();
    let (subscriptions, next_page_token) = page(names, asked.page_size, &asked.page_token)?;
    Ok(NamesOfSubscriptions { subscriptions, next_page_token })
}

pub(super) async fn publish(pubsub: Arc<PubSub>, asked: Publish) -> Result<Published, Refusal> {
    let topic = pubsub.topic(&asked.topic)?;
    let count = asked.messages.len();
    if count == 0 || count > MOST {
        return Err(Refusal::invalid(format!(
            "a publication has 1 to {MOST} messages, but this one has {count}"
        )));
    }
    let messages = asked.messages.into_iter().map(message).collect();
    Ok(Published { message_ids: pubsub.topics.publish(&topic, messages).await? })
}

/// The server sets the id and the time of a message, as Google does.
fn message(asked: PubsubMessage) -> TopicMessage {
    let PubsubMessage { data, attributes, ordering_key, .. } = asked;
    TopicMessage { data, attributes, ordering_key }
}
