//! What every [`EventBus`] must do together with its delivery.
//!
//! The adapter's test makes a [`Recorder`], lets its platform deliver the topic [`topic`] to the recorder,
//! and runs the checks one after the other.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use crate::bus::{EventBus, MessageHandler, Outgoing, Topic, Verdict};
use crate::error::PortError;
use crate::wire::{ExecutionMessage, Message};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time after which a message counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The topic that the platform must deliver to the recorder.
pub fn topic() -> Topic {
    Topic::Executions
}

/// Records deliveries, and asks for as many retries as [`Recorder::refuse`] set.
#[derive(Debug, Default)]
pub struct Recorder {
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    deliveries: u32,
    done: bool,
    refusals: u32,
    message: Option<Message>,
}

impl Recorder {
    /// The number of deliveries of the message about this execution, and whether the message was handled.
    pub fn deliveries(&self, execution: &str) -> (u32, bool) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(execution).map_or((0, false), |seen| (seen.deliveries, seen.done))
    }

    /// Answers the next `times` deliveries about this execution with a retry.
    pub fn refuse(&self, execution: &str, times: u32) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(execution.to_owned()).or_default().refusals = times;
    }

    /// Waits until the message about this execution is handled.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if the message does not arrive in time.
    pub async fn done(&self, execution: &str) -> Result<(), PortError> {
        let begun = Instant::now();
        while !self.deliveries(execution).1 {
            if begun.elapsed() > PATIENCE {
                return Err(PortError::unavailable(
                    "event bus",
                    format!("the message about {execution} was not delivered in {PATIENCE:?}"),
                ));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    fn message(&self, execution: &str) -> Option<Message> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(execution).and_then(|seen| seen.message.clone())
    }
}

#[async_trait]
impl MessageHandler for Recorder {
    async fn handle(&self, message: Message) -> Verdict {
        let Message::Execution(about) = &message else { return Verdict::Done };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(about.execution_id.to_string()).or_default();
        seen.deliveries += 1;
        seen.message = Some(message);
        if seen.refusals > 0 {
            seen.refusals -= 1;
            return Verdict::Retry;
        }
        seen.done = true;
        Verdict::Done
    }
}

/// A message about an execution with this id.
pub fn message(execution: &str, event: Event) -> Outgoing {
    let message = Message::Execution(ExecutionMessage::new(ExecutionId::from(execution), event));
    Outgoing { topic: topic(), message }
}

/// Runs every check.
pub async fn all(bus: &dyn EventBus, recorder: &Recorder, scope: &str) -> Result<(), PortError> {
    every_message_arrives(bus, recorder, scope).await?;
    a_message_arrives_as_it_was_sent(bus, recorder, scope).await?;
    a_retry_is_delivered_again(bus, recorder, scope).await?;
    a_message_of_a_later_time_comes_then(bus, recorder, scope).await
}

/// No message is lost, whether messages are published one by one or in batches.
pub async fn every_message_arrives(
    bus: &dyn EventBus,
    recorder: &Recorder,
    scope: &str,
) -> Result<(), PortError> {
    let name = |index: u32| format!("{scope}-many-{index}");
    bus.publish(Vec::new()).await?;
    bus.publish((0..300).map(|index| message(&name(index), Event::Continued)).collect()).await?;
    for index in 300..320 {
        bus.publish(vec![message(&name(index), Event::Continued)]).await?;
    }
    for index in 0..320 {
        recorder.done(&name(index)).await?;
    }
    Ok(())
}

/// A message has the same content on arrival.
pub async fn a_message_arrives_as_it_was_sent(
    bus: &dyn EventBus,
    recorder: &Recorder,
    scope: &str,
) -> Result<(), PortError> {
    let name = format!("{scope}-as-sent");
    let sent = message(&name, Event::TimerFired { key: "a key with ü, \" and \n".to_owned() });
    bus.publish(vec![sent.clone()]).await?;
    recorder.done(&name).await?;
    assert_eq!(recorder.message(&name), Some(sent.message));
    Ok(())
}

/// A handler that asks for a retry gets the message again, until it answers "done".
pub async fn a_retry_is_delivered_again(
    bus: &dyn EventBus,
    recorder: &Recorder,
    scope: &str,
) -> Result<(), PortError> {
    let name = format!("{scope}-retried");
    recorder.refuse(&name, 2);
    bus.publish(vec![message(&name, Event::Continued)]).await?;
    recorder.done(&name).await?;
    assert!(recorder.deliveries(&name).0 >= 3, "twice refused, then done");
    Ok(())
}

/// A message with a due date is not delivered before the due date. If the due date has passed, the message is
/// delivered at once.
pub async fn a_message_of_a_later_time_comes_then(
    bus: &dyn EventBus,
    recorder: &Recorder,
    scope: &str,
) -> Result<(), PortError> {
    let (late, past) = (format!("{scope}-late"), format!("{scope}-past"));
    let due = Timestamp::now() + SignedDuration::from_millis(1_500);
    bus.publish_at(vec![message(&late, Event::Continued)], due).await?;
    bus.publish_at(vec![message(&past, Event::Continued)], Timestamp::UNIX_EPOCH).await?;
    recorder.done(&past).await?;
    while Timestamp::now() < due {
        // Read the deliveries before the clock, so that every delivery counted here came before the time that
        // is compared.
        let (deliveries, _) = recorder.deliveries(&late);
        assert!(deliveries == 0 || Timestamp::now() >= due, "it came too soon");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    recorder.done(&late).await
}
