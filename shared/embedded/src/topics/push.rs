//! Delivers the messages of pushed subscriptions to their triggers, like Pub/Sub's push requests.

use super::table::{self, SubscriptionRow};
use super::{Delivery, SqliteTopics, millis, now, until};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use segue_model::trigger_state::TriggerKey;
use segue_ports::wire::{Arrived, Message, WIRE_VERSION};
use segue_ports::{MessageHandler, PortError, Verdict};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many messages are handled at the same time.
const AT_ONCE: u32 = 64;
/// How long a message may be handled before it is delivered again. Only the death of the process makes this necessary.
const HIDDEN: Duration = Duration::from_secs(60);
/// The waits before a message that was handed back is delivered again: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// The wait after a failure of the database.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest sleep without a reason to wake.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// A message on its way to its trigger.
struct Due {
    subscription: String,
    delivery: Delivery,
    /// None if the row cannot be read.
    message: Option<Message>,
}

impl SqliteTopics {
    /// Passes the messages of pushed subscriptions to `handler`, until `shutdown`. A message that the handler hands back
    /// is delivered again after a wait that doubles.
    pub async fn push(&self, handler: &dyn MessageHandler, shutdown: CancellationToken) {
        let mut changes = self.changes.subscribe();
        // A process that ended left its messages hidden. There is no other process now that could have them.
        let mut failed = self.show_all().await.err();
        while !shutdown.is_cancelled() {
            changes.borrow_and_update();
            let nap = match self.push_once(handler).await {
                Ok(None) => continue,
                Ok(Some(nap)) => nap,
                Err(error) => {
                    failed = Some(error);
                    PAUSE
                }
            };
            if let Some(error) = failed.take() {
                tracing::warn!(%error, "messages of topics cannot be delivered now");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    async fn show_all(&self) -> Result<(), PortError> {
        self.write(table::show_pushed).await
    }

    /// Delivers the messages that are due. Returns the time until the next one is due; none if there may be more now.
    async fn push_once(&self, handler: &dyn MessageHandler) -> Result<Option<Duration>, PortError> {
        let (due, next) = self
            .write(|connection| {
                let mut due = Vec::new();
                let mut next: Option<i64> = None;
                for subscription in table::pushed(connection)? {
                    let left = AT_ONCE.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
                    let now = now();
                    let rows = table::lease(connection, &subscription, left, now, now + millis(HIDDEN))?;
                    due.extend(rows.into_iter().map(|row| due_message(&subscription, row)));
                    next = next.into_iter().chain(table::next_of(connection, &subscription.name)?).min();
                }
                Ok((due, next))
            })
            .await?;
        if due.is_empty() {
            return Ok(Some(next.map_or(LONGEST_SLEEP, |next| until(next).min(LONGEST_SLEEP))));
        }
        let handled = due.into_iter().map(|due| async move {
            let verdict = match due.message {
                Some(message) => handler.handle(message).await,
                // The key of the trigger cannot be read, so nobody can have the message.
                None => Verdict::Retry,
            };
            (due.subscription, due.delivery, verdict)
        });
        let handled = futures::future::join_all(handled).await;
        self.write(move |connection| {
            for (subscription, delivery, verdict) in &handled {
                match verdict {
                    Verdict::Done => table::acknowledge(connection, subscription, *delivery)?,
                    Verdict::Stopped => table::hide(connection, subscription, *delivery, 0)?,
                    Verdict::Retry => {
                        let wait = backoff(delivery.attempt);
                        table::hide(connection, subscription, *delivery, now().saturating_add(millis(wait)))?;
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok(None)
    }
}

fn backoff(attempt: i64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    (WAITS.0 * 2_u32.pow(doublings)).min(WAITS.1)
}

fn due_message(subscription: &SubscriptionRow, row: table::Row) -> Due {
    let (name, delivery) = (subscription.name.clone(), row.delivery);
    let message = arrived(subscription, row);
    if let Err(error) = &message {
        tracing::error!(subscription = name, message = delivery.message, %error, "a message cannot be delivered");
    }
    Due { subscription: name, delivery, message: message.ok() }
}

fn arrived(subscription: &SubscriptionRow, row: table::Row) -> Result<Message, serde_json::Error> {
    let key: TriggerKey = serde_json::from_str(subscription.push.as_deref().unwrap_or_default())?;
    Ok(Message::Arrived(Box::new(Arrived {
        version: WIRE_VERSION,
        key,
        subscription: subscription.name.clone(),
        message_id: row.delivery.message.to_string(),
        data: BASE64_STANDARD.encode(row.data),
        attributes: serde_json::from_str(&row.attributes)?,
        ordering_key: row.ordering_key,
        published: Timestamp::from_millisecond(row.published).ok(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let waits: Vec<u64> = [1, 2, 3, 10, 11, i64::MAX].map(|attempt| backoff(attempt).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 512, 600, 600]);
    }
}
