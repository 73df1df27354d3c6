use super::*;
use segue_ports::conformance::topics as conformance;
use segue_ports::wire::Message;
use segue_ports::{MessageHandler, Verdict};
use std::sync::Mutex;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_does_what_the_port_says() {
    let directory = tempfile::tempdir().unwrap();
    let topics = SqliteTopics::new(Database::open(&directory.path().join("segue.db")).unwrap());
    conformance::all(&topics, LOCAL_PROJECT).await.unwrap();
}

#[test]
fn the_environment_names_the_project() {
    let of = |pairs: &[(&str, &str)]| {
        local_project(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    assert_eq!(of(&[]), LOCAL_PROJECT);
    assert_eq!(of(&[("GOOGLE_CLOUD_PROJECT", "mine")]), "mine");
    assert_eq!(of(&[("GOOGLE_CLOUD_PROJECT", "mine"), ("SEGUE_PROJECT", "own")]), "own");
    let directory = tempfile::tempdir().unwrap();
    let options = crate::EmbeddedOptions { project: Some("own".to_owned()), ..Default::default() };
    assert_eq!(crate::open_with(directory.path(), options).unwrap().topics.project(), "own");
}

/// Records the ids of messages, and hands the first deliveries back.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<(String, String)>>,
    handed_back: Mutex<u32>,
}

#[async_trait]
impl MessageHandler for Recorder {
    async fn handle(&self, message: Message) -> Verdict {
        let Message::Arrived(arrived) = message else { return Verdict::Done };
        self.seen.lock().unwrap().push((arrived.key.to_string(), arrived.data));
        let mut left = self.handed_back.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Verdict::Retry;
        }
        Verdict::Done
    }
}

struct Pushed {
    topics: SqliteTopics,
    topic: TopicName,
    name: SubscriptionName,
}

async fn pushed(database: Database) -> Pushed {
    let topics = SqliteTopics::new(database);
    let topic = TopicName::new(LOCAL_PROJECT, "orders").unwrap();
    let name = SubscriptionName::new(LOCAL_PROJECT, "orders").unwrap();
    topics.prepare_topic(&topic).await.unwrap();
    topics.prepare_topic(&topic).await.unwrap();
    if topics.subscription(&name).await.unwrap().is_none() {
        topics.create_subscription(&Subscription::new(name.clone(), topic.clone())).await.unwrap();
    }
    topics.push_to(&name, Some(&TriggerKey::new("n", "f", "t"))).await.unwrap();
    Pushed { topics, topic, name }
}

fn text(text: &str) -> TopicMessage {
    TopicMessage { data: text.to_owned().into(), ..TopicMessage::default() }
}

/// Runs the deliveries until `count` have come.
async fn deliver(topics: &SqliteTopics, recorder: &Recorder, count: usize) {
    let shutdown = CancellationToken::new();
    let all = async {
        while recorder.seen.lock().unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // A message that comes too often would come now.
        tokio::time::sleep(Duration::from_millis(50)).await;
        shutdown.cancel();
    };
    let push = topics.push(recorder, shutdown.clone());
    tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(push, all) }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_wakes_the_delivery_and_a_retry_comes_again() {
    let Pushed { topics, topic, .. } = pushed(Database::in_memory().unwrap()).await;
    let recorder = Recorder::default();
    *recorder.handed_back.lock().unwrap() = 1;
    let publish = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        topics.publish(&topic, vec![text("a")]).await.unwrap();
    };
    tokio::join!(deliver(&topics, &recorder, 2), publish);
    let seen = recorder.seen.lock().unwrap().clone();
    let expected = ("n.f.t".to_owned(), "YQ==".to_owned());
    assert_eq!(seen, [expected.clone(), expected]);
    let rows: i64 = topics
        .scan(|connection| {
            Ok(connection.query_row("SELECT count(*) FROM topic_messages", [], |row| row.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(rows, 0, "an acknowledged message is deleted");
}

/// A process that ends while messages are handled leaves them hidden. The next process delivers them at once.
#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_a_dead_process_are_delivered_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("segue.db");
    {
        let Pushed { topics, topic, name } = pushed(Database::open(&path).unwrap()).await;
        topics.publish(&topic, (0..100).map(|number| text(&number.to_string())).collect()).await.unwrap();
        let wanted = name.to_string();
        let leased = topics.write(move |connection| {
            let row = table::subscription(connection, &wanted)?.unwrap();
            table::lease(connection, &row, 70, now(), now() + 60_000)
        });
        assert_eq!(leased.await.unwrap().len(), 70);
    }
    let Pushed { topics, .. } = pushed(Database::open(&path).unwrap()).await;
    let recorder = Recorder::default();
    deliver(&topics, &recorder, 100).await;
    let seen = recorder.seen.lock().unwrap().clone();
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len()), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_forgotten_after_a_week_and_ids_are_not_used_again() {
    let Pushed { topics, topic, name } = pushed(Database::in_memory().unwrap()).await;
    let refused = topics.pull(&name, 1, Duration::ZERO).await;
    assert!(matches!(refused, Err(PortError::Invalid { .. })), "{refused:?}");
    topics.push_to(&name, None).await.unwrap();
    let first = topics.publish(&topic, vec![text("old")]).await.unwrap();
    topics
        .write(|connection| Ok(connection.execute("UPDATE topic_messages SET published = 1", [])?))
        .await
        .unwrap();
    let second = topics.publish(&topic, vec![text("new")]).await.unwrap();
    assert_ne!(first, second);
    let left = topics.pull(&name, 10, Duration::ZERO).await.unwrap();
    assert_eq!(left.into_iter().map(|one| one.message_id).collect::<Vec<_>>(), second);
    topics.acknowledge(&name, &["2.1".to_owned()]).await.unwrap();
    assert!(topics.acknowledge(&name, &["x".to_owned()]).await.is_err());
    let third = topics.publish(&topic, vec![text("newer")]).await.unwrap();
    assert_eq!(third, ["3"], "also if the table is empty");
}
