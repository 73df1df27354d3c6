//! The topics of flows in the SQLite file: durable, at least once.
//!
//! What it is: [`SqliteTopics`]. A published message is a row, and each subscription of its topic has a row that refers to
//! the message. The row of a subscription is hidden while a receiver has the message, and deleted when the message is
//! acknowledged. The last subscription that does so deletes the message. Google keeps messages for seven days, and so
//! does this adapter.
//!
//! What it must not know: who publishes, and what a trigger does with a message.
//!
//! How it runs: `table` reads and writes the rows. [`SqliteTopics::push`] delivers the messages of pushed subscriptions.
//! Nothing polls: a publication wakes everybody who waits.

mod push;
mod table;
#[cfg(test)]
mod tests;

use crate::database::{Database, DbError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use segue_model::trigger_state::TriggerKey;
use segue_ports::topics::{
    ACK_DEADLINES, Push, Received, Subscription, SubscriptionName, TopicMessage, TopicName,
};
use segue_ports::{Clock as _, Environment, PortError, SystemClock, Topics};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PORT: &str = "topics";
/// The project of this machine, if the environment names no project.
const LOCAL_PROJECT: &str = "segue-local";
/// How long a message is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Topics and subscriptions in a SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct SqliteTopics {
    database: Database,
    /// Changes with each publication, and whenever a message may be delivered again.
    changes: Arc<watch::Sender<u64>>,
    /// The project of names without a project.
    project: Arc<str>,
}

/// The name of the project of this machine. The environment can name it, as for Google's clients.
pub fn local_project(environment: &Environment) -> String {
    let named =
        ["SEGUE_PROJECT", "GOOGLE_CLOUD_PROJECT"].into_iter().find_map(|name| environment.filled(name));
    named.unwrap_or(LOCAL_PROJECT).to_owned()
}

impl SqliteTopics {
    /// The topics in a database.
    pub fn new(database: Database) -> Self {
        Self { database, changes: Arc::new(watch::Sender::new(0)), project: LOCAL_PROJECT.into() }
    }

    /// With another project for names without a project.
    #[must_use]
    pub fn with_project(self, project: &str) -> Self {
        Self { project: project.into(), ..self }
    }

    async fn write<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.database.write(work).await.map_err(|error| error.at(PORT))
    }

    async fn scan<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.database.scan(work).await.map_err(|error| error.at(PORT))
    }

    /// Wakes everybody who waits for messages.
    fn wake(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

fn now() -> i64 {
    SystemClock.now().as_millisecond()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The time until a moment in milliseconds since 1970, at least one millisecond.
fn until(moment: i64) -> Duration {
    Duration::from_millis(u64::try_from(moment.saturating_sub(now())).unwrap_or_default().max(1))
}

fn no_topic(topic: &TopicName) -> PortError {
    PortError::not_found(format!("the topic {topic}"))
}

fn no_subscription(name: &SubscriptionName) -> PortError {
    PortError::not_found(format!("the subscription {name}"))
}

#[async_trait]
impl Topics for SqliteTopics {
    fn project(&self) -> &str {
        &self.project
    }

    async fn prepare_topic(&self, topic: &TopicName) -> Result<(), PortError> {
        match self.create_topic(topic).await {
            Err(PortError::AlreadyExists { .. }) => Ok(()),
            made => made,
        }
    }

    async fn create_topic(&self, topic: &TopicName) -> Result<(), PortError> {
        let name = topic.to_string();
        match self.write(move |connection| table::add_topic(connection, &name)).await? {
            true => Ok(()),
            false => Err(PortError::AlreadyExists { what: format!("the topic {topic}") }),
        }
    }

    async fn has_topic(&self, topic: &TopicName) -> Result<bool, PortError> {
        let name = topic.to_string();
        self.scan(move |connection| table::has_topic(connection, &name)).await
    }

    async fn topics(&self, project: &str) -> Result<Vec<TopicName>, PortError> {
        let begin = format!("projects/{project}/topics/");
        let names = self.scan(move |connection| table::topics(connection, &begin)).await?;
        names.iter().map(|name| TopicName::parse(name, LOCAL_PROJECT)).collect()
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool, PortError> {
        let name = topic.to_string();
        self.write(move |connection| table::delete_topic(connection, &name)).await
    }

    async fn publish(
        &self,
        topic: &TopicName,
        messages: Vec<TopicMessage>,
    ) -> Result<Vec<String>, PortError> {
        messages.iter().try_for_each(TopicMessage::check)?;
        let (name, now) = (topic.to_string(), now());
        let oldest = SystemClock.now().checked_sub(KEPT).unwrap_or(Timestamp::MIN).as_millisecond();
        let published = self
            .write(move |connection| {
                if !table::has_topic(connection, &name)? {
                    return Ok(None);
                }
                table::forget(connection, oldest)?;
                messages
                    .iter()
                    .map(|message| table::publish(connection, &name, message, now))
                    .collect::<Result<_, _>>()
                    .map(Some)
            })
            .await?;
        let ids: Vec<i64> = published.ok_or_else(|| no_topic(topic))?;
        self.wake();
        Ok(ids.into_iter().map(|id| id.to_string()).collect())
    }

    async fn create_subscription(&self, subscription: &Subscription) -> Result<(), PortError> {
        let Subscription { name, topic, ack_deadline, is_ordered, .. } = subscription;
        let topic = topic.as_ref().ok_or_else(|| {
            PortError::invalid(format!("a new subscription needs a topic; name the topic of {name}"))
        })?;
        if *ack_deadline < ACK_DEADLINES.0 || *ack_deadline > ACK_DEADLINES.1 {
            return Err(PortError::invalid(format!(
                "the ack deadline of {name} is {} s; it must be 10 to 600 s",
                ack_deadline.as_secs()
            )));
        }
        let row = table::NewSubscription {
            name: name.to_string(),
            topic: topic.to_string(),
            ack_deadline: millis(*ack_deadline),
            is_ordered: *is_ordered,
        };
        match self.write(move |connection| table::add_subscription(connection, &row)).await? {
            table::Added::Yes => Ok(()),
            table::Added::NoTopic => Err(no_topic(topic)),
            table::Added::Exists => {
                Err(PortError::AlreadyExists { what: format!("the subscription {name}") })
            }
        }
    }

    async fn subscription(&self, name: &SubscriptionName) -> Result<Option<Subscription>, PortError> {
        let wanted = name.to_string();
        let row = self.scan(move |connection| table::subscription(connection, &wanted)).await?;
        row.map(described).transpose()
    }

    async fn subscriptions(&self, project: &str) -> Result<Vec<Subscription>, PortError> {
        let begin = format!("projects/{project}/subscriptions/");
        let rows = self.scan(move |connection| table::subscriptions(connection, &begin)).await?;
        rows.into_iter().map(described).collect()
    }

    async fn delete_subscription(&self, name: &SubscriptionName) -> Result<bool, PortError> {
        let name = name.to_string();
        self.write(move |connection| table::delete_subscription(connection, &name)).await
    }

    async fn push_to(&self, name: &SubscriptionName, trigger: Option<&TriggerKey>) -> Result<(), PortError> {
        let wanted = name.to_string();
        let trigger = trigger
            .map(serde_json::to_string)
            .transpose()
            .map_err(|error| PortError::unavailable(PORT, error))?;
        match self.write(move |connection| table::push_to(connection, &wanted, trigger.as_deref())).await? {
            true => {
                self.wake();
                Ok(())
            }
            false => Err(no_subscription(name)),
        }
    }

    async fn pull(
        &self,
        name: &SubscriptionName,
        most: u32,
        wait: Duration,
    ) -> Result<Vec<Received>, PortError> {
        let end = tokio::time::Instant::now() + wait;
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            let wanted = name.to_string();
            let taken = self.write(move |connection| table::take(connection, &wanted, most, now())).await?;
            let next = match taken {
                table::Taken::Missing => return Err(no_subscription(name)),
                table::Taken::Pushed => {
                    return Err(PortError::invalid(format!(
                        "the messages of {name} are pushed to a trigger, so they cannot be pulled; name another \
                         subscription"
                    )));
                }
                table::Taken::Messages(rows) if !rows.is_empty() => {
                    return rows.into_iter().map(received).collect();
                }
                table::Taken::Messages(_) => {
                    let wanted = name.to_string();
                    self.scan(move |connection| table::next_of(connection, &wanted)).await?
                }
            };
            let again = next.map_or(Duration::MAX, until);
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(end) => return Ok(Vec::new()),
                () = tokio::time::sleep(again.min(Duration::from_secs(600))) => {}
            }
        }
    }

    async fn acknowledge(&self, name: &SubscriptionName, ack_ids: &[String]) -> Result<(), PortError> {
        self.change(name, ack_ids, table::acknowledge).await
    }

    async fn extend(
        &self,
        name: &SubscriptionName,
        ack_ids: &[String],
        deadline: Duration,
    ) -> Result<(), PortError> {
        let visible_at = now().saturating_add(millis(deadline));
        self.change(name, ack_ids, move |connection, name, delivery| {
            table::hide(connection, name, delivery, visible_at)
        })
        .await?;
        self.wake();
        Ok(())
    }
}

impl SqliteTopics {
    /// Makes a change for each delivery. An `ack_id` of an earlier delivery has no effect.
    async fn change(
        &self,
        name: &SubscriptionName,
        ack_ids: &[String],
        change: impl Fn(&Connection, &str, Delivery) -> Result<(), DbError> + Send + 'static,
    ) -> Result<(), PortError> {
        let deliveries: Vec<Delivery> =
            ack_ids.iter().map(|ack_id| Delivery::parse(ack_id)).collect::<Result<_, _>>()?;
        let wanted = name.to_string();
        let is_there = self
            .write(move |connection| {
                if table::subscription(connection, &wanted)?.is_none() {
                    return Ok(false);
                }
                deliveries.into_iter().try_for_each(|delivery| change(connection, &wanted, delivery))?;
                Ok(true)
            })
            .await?;
        if is_there { Ok(()) } else { Err(no_subscription(name)) }
    }
}

/// One delivery: the message, and how often it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delivery {
    message: i64,
    attempt: i64,
}

impl Delivery {
    fn ack_id(self) -> String {
        format!("{}.{}", self.message, self.attempt)
    }

    fn parse(ack_id: &str) -> Result<Self, PortError> {
        let parts = ack_id.split_once('.');
        parts
            .and_then(|(message, attempt)| {
                Some(Self { message: message.parse().ok()?, attempt: attempt.parse().ok()? })
            })
            .ok_or_else(|| PortError::invalid(format!("'{}' is not an ack id", ack_id.escape_debug())))
    }
}

fn received(row: table::Row) -> Result<Received, PortError> {
    let attributes =
        serde_json::from_str(&row.attributes).map_err(|error| PortError::unavailable(PORT, error))?;
    Ok(Received {
        ack_id: row.delivery.ack_id(),
        message_id: row.delivery.message.to_string(),
        published: Timestamp::from_millisecond(row.published).unwrap_or(Timestamp::MAX),
        message: TopicMessage { data: row.data.into(), attributes, ordering_key: row.ordering_key },
    })
}

fn described(row: table::SubscriptionRow) -> Result<Subscription, PortError> {
    let push = match &row.push {
        None => Push::None,
        Some(key) => {
            Push::Trigger(serde_json::from_str(key).map_err(|error| PortError::unavailable(PORT, error))?)
        }
    };
    Ok(Subscription {
        name: SubscriptionName::parse(&row.name, LOCAL_PROJECT)?,
        topic: row.topic.map(|topic| TopicName::parse(&topic, LOCAL_PROJECT)).transpose()?,
        ack_deadline: Duration::from_millis(u64::try_from(row.ack_deadline).unwrap_or_default()),
        is_ordered: row.is_ordered,
        push,
    })
}
