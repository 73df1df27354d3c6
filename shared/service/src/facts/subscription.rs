//! A push subscription of a function.

use super::{FactsError, whole_seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// The longest wait before a message is delivered again that Pub/Sub allows.
const LONGEST_BACKOFF: Duration = Duration::from_secs(600);

/// A push subscription of a function.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The topic, before the prefix is added.
    pub topic: String,
    /// Pub/Sub posts the messages to this path of the function's address.
    pub path: String,
    /// How long Pub/Sub waits for the answer, in seconds: 10 to 600.
    #[serde(rename = "ack_deadline_s", deserialize_with = "whole_seconds")]
    #[schemars(with = "u32")]
    pub ack_deadline: Duration,
    /// The shortest wait before a message is delivered again, in seconds.
    #[serde(rename = "minimum_backoff_s", deserialize_with = "seconds")]
    #[schemars(with = "f64")]
    pub minimum_backoff: Duration,
    /// The longest wait before a message is delivered again, in seconds: at most 600.
    #[serde(rename = "maximum_backoff_s", deserialize_with = "seconds")]
    #[schemars(with = "f64")]
    pub maximum_backoff: Duration,
    /// The number of failed deliveries after which a message goes to the topic `dead-letters`: 5 to 100.
    /// `null`: never.
    pub max_delivery_attempts: Option<u32>,
}

impl Subscription {
    /// The subscription's name, before the prefix is added.
    pub fn name(&self, function: &str) -> String {
        format!("{function}-{}", self.topic)
    }

    pub(super) fn check(&self) -> Result<(), FactsError> {
        let is_name = self.topic.starts_with(|first: char| first.is_ascii_lowercase())
            && self
                .topic
                .chars()
                .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-');
        if !is_name {
            let expected = "a name of lower-case letters, digits and dashes that begins with a letter";
            return Err(FactsError::value("subscriptions.topic", &self.topic, expected));
        }
        if !self.path.starts_with('/') {
            return Err(FactsError::value("subscriptions.path", &self.path, "a path that begins with /"));
        }
        let deadline = self.ack_deadline.as_secs();
        if !(10..=600).contains(&deadline) {
            return Err(FactsError::value(
                "subscriptions.ack_deadline_s",
                deadline,
                "a number from 10 to 600",
            ));
        }
        let (minimum, maximum) = (self.minimum_backoff, self.maximum_backoff);
        if minimum > maximum {
            let expected = "at most maximum_backoff_s";
            return Err(FactsError::value(
                "subscriptions.minimum_backoff_s",
                minimum.as_secs_f64(),
                expected,
            ));
        }
        if maximum > LONGEST_BACKOFF {
            let expected = "a number from 0 to 600";
            return Err(FactsError::value(
                "subscriptions.maximum_backoff_s",
                maximum.as_secs_f64(),
                expected,
            ));
        }
        match self.max_delivery_attempts {
            Some(attempts) if !(5..=100).contains(&attempts) => {
                let expected = "a number from 5 to 100, or null";
                Err(FactsError::value("subscriptions.max_delivery_attempts", attempts, expected))
            }
            _ => Ok(()),
        }
    }
}

/// A duration, written as a number of seconds, with or without a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
