//! What every [`Topics`] must do. The names of topics and subscriptions begin with `scope`.

use crate::error::PortError;
use crate::topics::{Push, Received, Subscription, SubscriptionName, TopicMessage, TopicName, Topics};
use segue_model::trigger_state::TriggerKey;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The time after which a message counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs every check.
pub async fn all(topics: &dyn Topics, scope: &str) -> Result<(), PortError> {
    topics_are_created_listed_and_deleted(topics, scope).await?;
    subscriptions_are_created_listed_and_deleted(topics, scope).await?;
    every_subscription_gets_every_message(topics, scope).await?;
    a_message_arrives_as_it_was_published(topics, scope).await?;
    an_acknowledged_message_does_not_come_again(topics, scope).await?;
    a_delivery_that_is_handed_back_comes_again(topics, scope).await?;
    a_delivery_without_an_answer_comes_again(topics, scope).await?;
    an_ordered_subscription_keeps_the_order_of_a_key(topics, scope).await?;
    what_is_not_there_is_not_found(topics, scope).await?;
    a_message_that_google_refuses_is_refused(topics, scope).await?;
    a_pushed_subscription_names_its_trigger(topics, scope).await
}

fn topic(topics: &dyn Topics, scope: &str, id: &str) -> Result<TopicName, PortError> {
    TopicName::new(topics.project(), &format!("{scope}-{id}"))
}

fn subscription(topics: &dyn Topics, scope: &str, id: &str) -> Result<SubscriptionName, PortError> {
    SubscriptionName::new(topics.project(), &format!("{scope}-{id}"))
}

fn text(text: &str) -> TopicMessage {
    TopicMessage { data: text.to_owned().into(), ..TopicMessage::default() }
}

/// A topic with one subscription.
async fn pair(
    topics: &dyn Topics,
    scope: &str,
    id: &str,
) -> Result<(TopicName, SubscriptionName), PortError> {
    let (topic, name) = (topic(topics, scope, id)?, subscription(topics, scope, id)?);
    topics.create_topic(&topic).await?;
    topics.create_subscription(&Subscription::new(name.clone(), topic.clone())).await?;
    Ok((topic, name))
}

/// Pulls until `count` different messages have come.
async fn pulled(
    topics: &dyn Topics,
    name: &SubscriptionName,
    count: usize,
) -> Result<Vec<Received>, PortError> {
    let begun = Instant::now();
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    while seen.len() < count {
        if begun.elapsed() > PATIENCE {
            return Err(PortError::unavailable("topics", format!("{} of {count} messages came", seen.len())));
        }
        for received in topics.pull(name, 100, Duration::from_secs(5)).await? {
            seen.insert(received.message_id.clone());
            all.push(received);
        }
    }
    Ok(all)
}

fn ack_ids(received: &[Received]) -> Vec<String> {
    received.iter().map(|one| one.ack_id.clone()).collect()
}

/// A topic is created once, listed in its project, and deleted once.
pub async fn topics_are_created_listed_and_deleted(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let names = [topic(topics, scope, "list-a")?, topic(topics, scope, "list-b")?];
    for name in &names {
        assert!(!topics.has_topic(name).await?);
        topics.create_topic(name).await?;
        let again = topics.create_topic(name).await;
        assert!(matches!(again, Err(PortError::AlreadyExists { .. })), "{again:?}");
        assert!(topics.has_topic(name).await?);
    }
    let begin = format!("{scope}-list-");
    let mut listed = topics.topics(topics.project()).await?;
    listed.retain(|name| name.id().starts_with(&begin));
    assert_eq!(listed, names);
    for name in &names {
        assert!(topics.delete_topic(name).await?);
        assert!(!topics.delete_topic(name).await?);
        assert!(!topics.has_topic(name).await?);
    }
    Ok(())
}

/// A subscription is created once, described as it was created, listed, and deleted once. It survives its topic.
pub async fn subscriptions_are_created_listed_and_deleted(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, first) = pair(topics, scope, "subs-a").await?;
    let ordered = Subscription {
        ack_deadline: Duration::from_secs(60),
        is_ordered: true,
        ..Subscription::new(subscription(topics, scope, "subs-b")?, topic.clone())
    };
    topics.create_subscription(&ordered).await?;
    let again = topics.create_subscription(&ordered).await;
    assert!(matches!(again, Err(PortError::AlreadyExists { .. })), "{again:?}");
    let begin = format!("{scope}-subs-");
    let mut listed = topics.subscriptions(topics.project()).await?;
    listed.retain(|one| one.name.id().starts_with(&begin));
    assert_eq!(listed, [Subscription::new(first.clone(), topic.clone()), ordered.clone()]);
    topics.publish(&topic, vec![text("kept")]).await?;
    assert!(topics.delete_topic(&topic).await?);
    let left = topics.subscription(&first).await?;
    assert_eq!(left.map(|left| left.topic), Some(None), "the subscription is left without a topic");
    for name in [&first, &ordered.name] {
        assert!(topics.delete_subscription(name).await?);
        assert!(!topics.delete_subscription(name).await?);
        assert_eq!(topics.subscription(name).await?, None);
    }
    Ok(())
}

/// Each subscription gets the messages that were published after its creation. Ids are unique.
pub async fn every_subscription_gets_every_message(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, first) = pair(topics, scope, "fan-a").await?;
    topics.publish(&topic, vec![text("early")]).await?;
    let second = subscription(topics, scope, "fan-b")?;
    topics.create_subscription(&Subscription::new(second.clone(), topic.clone())).await?;
    let ids = topics.publish(&topic, (0..50).map(|number| text(&number.to_string())).collect()).await?;
    let unique: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!((ids.len(), unique.len()), (50, 50));
    let late: BTreeSet<_> =
        pulled(topics, &second, 50).await?.into_iter().map(|one| one.message_id).collect();
    assert_eq!(late, unique, "only what came after the subscription");
    let early = pulled(topics, &first, 51).await?;
    assert!(early.iter().any(|one| &*one.message.data == b"early"));
    for received in early.iter().filter(|one| &*one.message.data != b"early") {
        let number: usize = String::from_utf8_lossy(&received.message.data).parse().unwrap_or(usize::MAX);
        assert_eq!(ids.get(number), Some(&received.message_id), "ids are in the order of the messages");
    }
    Ok(())
}

/// Data, attributes and ordering key arrive unchanged.
pub async fn a_message_arrives_as_it_was_published(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = pair(topics, scope, "as-sent").await?;
    let attributes =
        [("kind", "ü \" \n"), ("empty", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let sent = TopicMessage {
        data: vec![0, 0xff, b'a', b'\n'].into(),
        attributes: attributes.into(),
        ordering_key: "customer 7".to_owned(),
    };
    topics.publish(&topic, vec![sent.clone()]).await?;
    let received = pulled(topics, &name, 1).await?;
    assert_eq!(received.first().map(|one| &one.message), Some(&sent));
    Ok(())
}

/// An acknowledgement ends the deliveries of a message, also if it is repeated.
pub async fn an_acknowledged_message_does_not_come_again(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = pair(topics, scope, "acked").await?;
    topics.publish(&topic, vec![text("once")]).await?;
    let received = pulled(topics, &name, 1).await?;
    topics.acknowledge(&name, &ack_ids(&received)).await?;
    topics.acknowledge(&name, &ack_ids(&received)).await?;
    topics.acknowledge(&name, &[]).await?;
    topics.extend(&name, &ack_ids(&received), Duration::ZERO).await?;
    assert_eq!(topics.pull(&name, 10, Duration::from_millis(500)).await?, []);
    Ok(())
}

/// A delivery with a deadline of zero comes again at once, with the same id.
pub async fn a_delivery_that_is_handed_back_comes_again(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = pair(topics, scope, "back").await?;
    topics.publish(&topic, vec![text("again")]).await?;
    let first = pulled(topics, &name, 1).await?;
    topics.extend(&name, &ack_ids(&first), Duration::ZERO).await?;
    let begun = Instant::now();
    let second = pulled(topics, &name, 1).await?;
    assert!(begun.elapsed() < Duration::from_secs(9), "before the ack deadline");
    let id = |received: &[Received]| received.first().map(|one| one.message_id.clone());
    assert_eq!(id(&first), id(&second));
    Ok(())
}

/// A delivery that is neither acknowledged nor handed back comes again after the ack deadline, not before.
pub async fn a_delivery_without_an_answer_comes_again(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = pair(topics, scope, "silent").await?;
    topics.publish(&topic, vec![text("again")]).await?;
    let begun = Instant::now();
    pulled(topics, &name, 1).await?;
    pulled(topics, &name, 1).await?;
    assert!(begun.elapsed() > Duration::from_secs(8), "it came after {:?}", begun.elapsed());
    Ok(())
}

/// Messages with one ordering key come in order.
pub async fn an_ordered_subscription_keeps_the_order_of_a_key(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = (topic(topics, scope, "ordered")?, subscription(topics, scope, "ordered")?);
    topics.create_topic(&topic).await?;
    let spec = Subscription { is_ordered: true, ..Subscription::new(name.clone(), topic.clone()) };
    topics.create_subscription(&spec).await?;
    let keyed = |number: u32| TopicMessage { ordering_key: "key".to_owned(), ..text(&number.to_string()) };
    for number in 0..5 {
        topics.publish(&topic, vec![keyed(number)]).await?;
    }
    let mut seen = Vec::new();
    let begun = Instant::now();
    while seen.len() < 5 && begun.elapsed() < PATIENCE {
        for received in topics.pull(&name, 10, Duration::from_secs(1)).await? {
            seen.push(String::from_utf8_lossy(&received.message.data).into_owned());
            topics.acknowledge(&name, &[received.ack_id]).await?;
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    Ok(())
}

/// Requests about topics and subscriptions that do not exist.
pub async fn what_is_not_there_is_not_found(topics: &dyn Topics, scope: &str) -> Result<(), PortError> {
    let (topic, name) = (topic(topics, scope, "absent")?, subscription(topics, scope, "absent")?);
    let key = TriggerKey::new("n", "f", "t");
    for answer in [
        topics.publish(&topic, vec![text("lost")]).await.map(|_| ()),
        topics.create_subscription(&Subscription::new(name.clone(), topic)).await,
        topics.pull(&name, 1, Duration::ZERO).await.map(|_| ()),
        topics.push_to(&name, Some(&key)).await,
    ] {
        assert!(matches!(answer, Err(PortError::NotFound { .. })), "{answer:?}");
    }
    Ok(())
}

/// If one message is refused, none is published.
pub async fn a_message_that_google_refuses_is_refused(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (topic, name) = pair(topics, scope, "refused").await?;
    let answer = topics.publish(&topic, vec![text("right"), TopicMessage::default()]).await;
    assert!(matches!(answer, Err(PortError::Invalid { .. })), "{answer:?}");
    assert_eq!(topics.publish(&topic, Vec::new()).await?, Vec::<String>::new());
    assert_eq!(topics.pull(&name, 10, Duration::from_millis(300)).await?, []);
    Ok(())
}

/// A subscription says which trigger it pushes to, and is for pulling again afterwards.
pub async fn a_pushed_subscription_names_its_trigger(
    topics: &dyn Topics,
    scope: &str,
) -> Result<(), PortError> {
    let (_, name) = pair(topics, scope, "pushed").await?;
    let push = async || Ok(topics.subscription(&name).await?.map(|one| one.push));
    for key in [TriggerKey::new("a.b", "flow_1", "t-1"), TriggerKey::new("a", "f.g", "t")] {
        topics.push_to(&name, Some(&key)).await?;
        assert_eq!(push().await?, Some(Push::Trigger(key)));
    }
    for _ in 0..2 {
        topics.push_to(&name, None).await?;
        assert_eq!(push().await?, Some(Push::None));
    }
    Ok::<(), PortError>(())
}
