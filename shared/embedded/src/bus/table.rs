//! The messages in the database.

use crate::database::DbError;
use rusqlite::{Connection, params};
use segue_ports::Backlog;
use segue_ports::wire::Message;

/// A message with its columns.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) body: String,
    /// The time from which the message can be delivered, in milliseconds since 1970.
    pub(super) visible_at: i64,
    /// The number of times that a handler handed the message back.
    pub(super) deliveries: u32,
    /// The number of marks: how often the message was handed out without an end.
    pub(super) begun: u32,
}

/// The ends of messages, written in one transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    /// The ids of messages that were handled.
    pub(super) done: Vec<i64>,
    /// Messages that are delivered again.
    pub(super) again: Vec<Again>,
    /// Messages that are given up.
    pub(super) dead: Vec<Dead>,
}

/// A message to be delivered again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    pub(super) id: i64,
    pub(super) visible_at: i64,
    pub(super) deliveries: u32,
    /// The number of marks that the message keeps. 0 after a delivery that ended.
    pub(super) begun: u32,
}

/// A message that becomes a dead letter.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    pub(super) id: i64,
    pub(super) reason: String,
    /// The time at which the message was given up, in milliseconds since 1970.
    pub(super) died: i64,
}

/// A message that was given up. It is kept for people who look for the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The number of the message among the messages that were given up.
    pub id: i64,
    /// The name of the topic.
    pub topic: String,
    /// The content of the message as JSON.
    pub body: String,
    /// The number of deliveries before the message was given up.
    pub deliveries: u32,
    /// The reason why the message was given up.
    pub reason: String,
    /// The time at which the message was given up, in milliseconds since 1970.
    pub died: i64,
}

impl Outcomes {
    /// The number of messages that these outcomes remove.
    pub(super) fn gone(&self) -> u64 {
        self.done.len() as u64 + self.dead.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.again.is_empty() && self.dead.is_empty()
    }
}

/// The number of messages, and the highest id. 0 if there is no message.
pub(super) fn totals(connection: &Connection) -> Result<(i64, i64), DbError> {
    let mut statement = connection.prepare("SELECT count(*), coalesce(max(id), 0) FROM messages")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

pub(super) fn insert(
    connection: &Connection,
    topic: &str,
    rows: &[(i64, String)],
    visible_at: i64,
) -> Result<(), DbError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO messages (topic, id, body, visible_at, deliveries) VALUES (?1, ?2, ?3, ?4, 0)",
    )?;
    for (id, body) in rows {
        statement.execute(params![topic, id, body, visible_at])?;
    }
    Ok(())
}

/// The messages of a topic from an id on, in the order of their ids.
pub(super) fn load(
    connection: &Connection,
    topic: &str,
    from: i64,
    limit: usize,
) -> Result<Vec<Row>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT id, body, visible_at, deliveries, begun FROM messages
         WHERE topic = ?1 AND id >= ?2 ORDER BY id LIMIT ?3",
    )?;
    statement.query_and_then(params![topic, from, limit], read)?.collect()
}

/// The messages with these ids. A message that no longer exists is left out.
pub(super) fn load_some(connection: &Connection, topic: &str, ids: &[i64]) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, body, visible_at, deliveries, begun FROM messages WHERE topic = ?1 AND id = ?2",
    )?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        for row in statement.query_and_then(params![topic, id], read)? {
            found.push(row?);
        }
    }
    Ok(found)
}

fn read(row: &rusqlite::Row<'_>) -> Result<Row, DbError> {
    Ok(Row {
        id: row.get(0)?,
        body: row.get(1)?,
        visible_at: row.get(2)?,
        deliveries: row.get(3)?,
        begun: row.get(4)?,
    })
}

/// Adds a mark to messages before they are handed out.
pub(super) fn mark(connection: &Connection, topic: &str, ids: &[i64]) -> Result<(), DbError> {
    let mut statement =
        connection.prepare_cached("UPDATE messages SET begun = begun + 1 WHERE topic = ?1 AND id = ?2")?;
    for id in ids {
        statement.execute(params![topic, id])?;
    }
    Ok(())
}

/// The topics of messages that have a mark and are due.
pub(super) fn marked(connection: &Connection, now: i64) -> Result<Vec<String>, DbError> {
    let mut statement =
        connection.prepare("SELECT topic FROM messages WHERE begun > 0 AND visible_at <= ?1")?;
    Ok(statement.query_map([now], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

pub(super) fn settle(connection: &Connection, topic: &str, outcomes: &Outcomes) -> Result<(), DbError> {
    let mut remove = connection.prepare_cached("DELETE FROM messages WHERE topic = ?1 AND id = ?2")?;
    for id in &outcomes.done {
        remove.execute(params![topic, id])?;
    }
    for again in &outcomes.again {
        connection
            .prepare_cached(
                "UPDATE messages SET visible_at = ?3, deliveries = ?4, begun = ?5 WHERE topic = ?1 AND id = ?2",
            )?
            .execute(params![topic, again.id, again.visible_at, again.deliveries, again.begun])?;
    }
    for dead in &outcomes.dead {
        connection
            .prepare_cached(
                "INSERT INTO dead_letters (topic, body, deliveries, reason, died)
                 SELECT topic, body, max(deliveries, begun), ?3, ?4 FROM messages WHERE topic = ?1 AND id = ?2",
            )?
            .execute(params![topic, dead.id, dead.reason, dead.died])?;
        remove.execute(params![topic, dead.id])?;
    }
    Ok(())
}

pub(super) fn dead_letters(connection: &Connection) -> Result<Vec<DeadLetter>, DbError> {
    let mut statement = connection
        .prepare_cached("SELECT id, topic, body, deliveries, reason, died FROM dead_letters ORDER BY id")?;
    let letters = statement
        .query_map([], |row| {
            Ok(DeadLetter {
                id: row.get(0)?,
                topic: row.get(1)?,
                body: row.get(2)?,
                deliveries: row.get(3)?,
                reason: row.get(4)?,
                died: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(letters)
}

/// Removes a message that was given up.
pub(super) fn bury(connection: &Connection, id: i64) -> Result<(), DbError> {
    connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The messages of each topic that are due, and those that come later.
pub(super) fn backlog(connection: &Connection, now: i64) -> Result<Vec<Backlog>, DbError> {
    let mut statement = connection.prepare_cached(
        "SELECT topic, sum(visible_at <= ?1), sum(visible_at > ?1) FROM messages GROUP BY topic ORDER BY topic",
    )?;
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    let found = statement.query_map([now], |row| {
        Ok(Backlog { topic: row.get(0)?, due: count(row.get(1)?), later: count(row.get(2)?) })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The message in the JSON of a row.
pub(super) fn decode(body: &str) -> Result<Message, DbError> {
    Ok(serde_json::from_str(body)?)
}

/// The JSON of a message.
pub(super) fn encode(message: &Message) -> Result<String, DbError> {
    Ok(serde_json::to_string(message)?)
}
