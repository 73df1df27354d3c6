//! The rows of topics, subscriptions and messages. Times are milliseconds since 1970.

use super::Delivery;
use crate::database::DbError;
use rusqlite::{Connection, OptionalExtension as _, params};
use segue_ports::topics::TopicMessage;

/// A subscription to add.
pub(super) struct NewSubscription {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) ack_deadline: i64,
    pub(super) is_ordered: bool,
}

/// A subscription with its columns.
pub(super) struct SubscriptionRow {
    pub(super) name: String,
    pub(super) topic: Option<String>,
    pub(super) ack_deadline: i64,
    pub(super) is_ordered: bool,
    /// The key of the trigger that gets the messages, as JSON.
    pub(super) push: Option<String>,
}

/// A message that was taken from a subscription.
pub(super) struct Row {
    pub(super) delivery: Delivery,
    pub(super) data: Vec<u8>,
    /// The attributes as JSON.
    pub(super) attributes: String,
    pub(super) ordering_key: String,
    pub(super) published: i64,
}

/// Whether a subscription was added.
pub(super) enum Added {
    Yes,
    NoTopic,
    Exists,
}

/// The result of taking messages.
pub(super) enum Taken {
    /// There is no such subscription.
    Missing,
    /// The messages are pushed.
    Pushed,
    /// These messages are hidden from others now.
    Messages(Vec<Row>),
}

fn run(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize, DbError> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

fn exists(connection: &Connection, sql: &str, name: &str) -> Result<bool, DbError> {
    Ok(connection.prepare_cached(sql)?.exists([name])?)
}

/// Returns false if the topic exists.
pub(super) fn add_topic(connection: &Connection, name: &str) -> Result<bool, DbError> {
    Ok(run(connection, "INSERT INTO topics (name) VALUES (?1) ON CONFLICT DO NOTHING", [name])? > 0)
}

pub(super) fn has_topic(connection: &Connection, name: &str) -> Result<bool, DbError> {
    exists(connection, "SELECT 1 FROM topics WHERE name = ?1", name)
}

/// The topics with names that begin like this.
pub(super) fn topics(connection: &Connection, begin: &str) -> Result<Vec<String>, DbError> {
    let mut statement = connection
        .prepare_cached("SELECT name FROM topics WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name")?;
    Ok(statement.query_map([begin], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Returns false if there was no such topic.
pub(super) fn delete_topic(connection: &Connection, name: &str) -> Result<bool, DbError> {
    run(connection, "UPDATE subscriptions SET topic = NULL WHERE topic = ?1", [name])?;
    Ok(run(connection, "DELETE FROM topics WHERE name = ?1", [name])? > 0)
}

pub(super) fn add_subscription(connection: &Connection, new: &NewSubscription) -> Result<Added, DbError> {
    if !has_topic(connection, &new.topic)? {
        return Ok(Added::NoTopic);
    }
    let added = run(
        connection,
        "INSERT INTO subscriptions (name, topic, ack_deadline, ordered) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![new.name, new.topic, new.ack_deadline, new.is_ordered],
    )?;
    Ok(if added > 0 { Added::Yes } else { Added::Exists })
}

fn read(row: &rusqlite::Row<'_>) -> Result<SubscriptionRow, rusqlite::Error> {
    Ok(SubscriptionRow {
        name: row.get(0)?,
        topic: row.get(1)?,
        ack_deadline: row.get(2)?,
        is_ordered: row.get(3)?,
        push: row.get(4)?,
    })
}

pub(super) fn subscription(connection: &Connection, name: &str) -> Result<Option<SubscriptionRow>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, topic, ack_deadline, ordered, push FROM subscriptions WHERE name = ?1",
    )?;
    Ok(statement.query_row([name], read).optional()?)
}

/// The subscriptions with names that begin like this.
pub(super) fn subscriptions(connection: &Connection, begin: &str) -> Result<Vec<SubscriptionRow>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, topic, ack_deadline, ordered, push FROM subscriptions
         WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
    )?;
    Ok(statement.query_map([begin], read)?.collect::<Result<_, _>>()?)
}

/// The subscriptions that push their messages.
pub(super) fn pushed(connection: &Connection) -> Result<Vec<SubscriptionRow>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, topic, ack_deadline, ordered, push FROM subscriptions WHERE push IS NOT NULL ORDER BY name",
    )?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Makes every hidden message of pushed subscriptions due, at the start of a process.
pub(super) fn show_pushed(connection: &Connection) -> Result<(), DbError> {
    run(
        connection,
        "UPDATE deliveries SET visible_at = 0 WHERE visible_at > 0
         AND subscription IN (SELECT name FROM subscriptions WHERE push IS NOT NULL)",
        [],
    )?;
    Ok(())
}

/// Returns false if there was no such subscription.
pub(super) fn delete_subscription(connection: &Connection, name: &str) -> Result<bool, DbError> {
    run(
        connection,
        "DELETE FROM topic_messages WHERE id IN (SELECT message FROM deliveries WHERE subscription = ?1)
         AND NOT EXISTS (SELECT 1 FROM deliveries other WHERE other.message = topic_messages.id AND other.subscription <> ?1)",
        [name],
    )?;
    run(connection, "DELETE FROM deliveries WHERE subscription = ?1", [name])?;
    Ok(run(connection, "DELETE FROM subscriptions WHERE name = ?1", [name])? > 0)
}

/// Returns false if there is no such subscription.
pub(super) fn push_to(connection: &Connection, name: &str, trigger: Option<&str>) -> Result<bool, DbError> {
    Ok(run(connection, "UPDATE subscriptions SET push = ?2 WHERE name = ?1", params![name, trigger])? > 0)
}

/// Writes a message, and a row for each subscription. Returns the id of the message.
pub(super) fn publish(
    connection: &Connection,
    topic: &str,
    message: &TopicMessage,
    now: i64,
) -> Result<i64, DbError> {
    let attributes = serde_json::to_string(&message.attributes)?;
    run(
        connection,
        "INSERT INTO topic_messages (data, attributes, published) VALUES (?1, ?2, ?3)",
        params![&message.data[..], attributes, now],
    )?;
    let id = connection.last_insert_rowid();
    let kept = run(
        connection,
        "INSERT INTO deliveries (subscription, message, ordering_key, visible_at, attempt)
         SELECT name, ?2, ?3, 0, 0 FROM subscriptions WHERE topic = ?1",
        params![topic, id, message.ordering_key],
    )?;
    if kept == 0 {
        // Nobody can ever receive the message. Its id is not used again.
        run(connection, "DELETE FROM topic_messages WHERE id = ?1", [id])?;
    }
    Ok(id)
}

/// Deletes messages that were published before `oldest`. Ids are in the order of publication.
pub(super) fn forget(connection: &Connection, oldest: i64) -> Result<(), DbError> {
    loop {
        let mut statement =
            connection.prepare_cached("SELECT id, published FROM topic_messages ORDER BY id LIMIT 1")?;
        let first: Option<(i64, i64)> =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((id, _)) = first.filter(|(_, published)| *published < oldest) else { return Ok(()) };
        run(connection, "DELETE FROM deliveries WHERE message = ?1", [id])?;
        run(connection, "DELETE FROM topic_messages WHERE id = ?1", [id])?;
    }
}

/// Takes messages for a receiver that pulls, and hides them for the ack deadline of the subscription.
pub(super) fn take(connection: &Connection, name: &str, most: u32, now: i64) -> Result<Taken, DbError> {
    match subscription(connection, name)? {
        None => Ok(Taken::Missing),
        Some(row) if row.push.is_some() => Ok(Taken::Pushed),
        Some(row) => {
            lease(connection, &row, most, now, now.saturating_add(row.ack_deadline)).map(Taken::Messages)
        }
    }
}

/// Hides due messages until `hidden_until` and returns them. Of the messages with one ordering key, an ordered
/// subscription gives out the oldest only.
pub(super) fn lease(
    connection: &Connection,
    subscription: &SubscriptionRow,
    most: u32,
    now: i64,
    hidden_until: i64,
) -> Result<Vec<Row>, DbError> {
    let in_order = if subscription.is_ordered {
        "AND (d.ordering_key = '' OR NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.subscription = d.subscription
         AND e.ordering_key = d.ordering_key AND e.ordering_key <> '' AND e.message < d.message))"
    } else {
        ""
    };
    let sql = format!(
        "SELECT d.message, d.attempt + 1, m.data, m.attributes, d.ordering_key, m.published
         FROM deliveries d JOIN topic_messages m ON m.id = d.message
         WHERE d.subscription = ?1 AND d.visible_at <= ?2 {in_order} ORDER BY d.message LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows: Vec<Row> = statement
        .query_map(params![subscription.name, now, most], |row| {
            Ok(Row {
                delivery: Delivery { message: row.get(0)?, attempt: row.get(1)? },
                data: row.get(2)?,
                attributes: row.get(3)?,
                ordering_key: row.get(4)?,
                published: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    for row in &rows {
        run(
            connection,
            "UPDATE deliveries SET visible_at = ?3, attempt = ?4 WHERE subscription = ?1 AND message = ?2",
            params![subscription.name, row.delivery.message, hidden_until, row.delivery.attempt],
        )?;
    }
    Ok(rows)
}

/// When the next message of a subscription is due. None if it has no messages.
pub(super) fn next_of(connection: &Connection, name: &str) -> Result<Option<i64>, DbError> {
    let mut statement =
        connection.prepare_cached("SELECT min(visible_at) FROM deliveries WHERE subscription = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0))?)
}

pub(super) fn acknowledge(connection: &Connection, name: &str, delivery: Delivery) -> Result<(), DbError> {
    let Delivery { message, attempt } = delivery;
    let gone = run(
        connection,
        "DELETE FROM deliveries WHERE subscription = ?1 AND message = ?2 AND attempt = ?3",
        params![name, message, attempt],
    )?;
    if gone > 0 {
        run(
            connection,
            "DELETE FROM topic_messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message = ?1)",
            [message],
        )?;
    }
    Ok(())
}

/// Sets the time at which a message is delivered again.
pub(super) fn hide(
    connection: &Connection,
    name: &str,
    delivery: Delivery,
    visible_at: i64,
) -> Result<(), DbError> {
    run(
        connection,
        "UPDATE deliveries SET visible_at = ?4 WHERE subscription = ?1 AND message = ?2 AND attempt = ?3",
        params![name, delivery.message, delivery.attempt, visible_at],
    )?;
    Ok(())
}
