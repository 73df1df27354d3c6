//! The messages of topics.

use crate::error::PortError;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The largest message with its attributes, in bytes.
const LARGEST: usize = 10_000_000;
const MOST_ATTRIBUTES: usize = 100;
const LONGEST_KEY: usize = 256;
const LONGEST_VALUE: usize = 1_024;
const LONGEST_ORDERING_KEY: usize = 1_024;

/// A message to publish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMessage {
    /// The content.
    pub data: Bytes,
    /// Any keys and values.
    pub attributes: BTreeMap<String, String>,
    /// Messages with the same key are delivered in order by ordered subscriptions. Empty: no order.
    pub ordering_key: String,
}

impl TopicMessage {
    /// Checks the message against Google's limits, which hold on every platform.
    ///
    /// # Errors
    /// [`PortError::Invalid`] with what is wrong.
    pub fn check(&self) -> Result<(), PortError> {
        let wrong =
            |what: String| Err(PortError::invalid(format!("the message cannot be published: {what}")));
        if self.data.is_empty() && self.attributes.is_empty() {
            return wrong("it has neither data nor attributes".to_owned());
        }
        let attributes: usize = self.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
        let size = self.data.len() + attributes;
        if size > LARGEST {
            return wrong(format!(
                "it has {size} bytes, and {LARGEST} are allowed; publish the URI of a file instead"
            ));
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            return wrong(format!(
                "it has {} attributes, and {MOST_ATTRIBUTES} are allowed",
                self.attributes.len()
            ));
        }
        for (key, value) in &self.attributes {
            let shown: String = key.chars().take(40).collect();
            if key.is_empty() || key.len() > LONGEST_KEY {
                return wrong(format!("the name of attribute '{shown}' must have 1 to {LONGEST_KEY} bytes"));
            }
            if key.starts_with("goog") {
                return wrong(format!("the attribute '{shown}' begins with 'goog', which Google reserves"));
            }
            if value.len() > LONGEST_VALUE {
                return wrong(format!("the attribute '{shown}' may have {LONGEST_VALUE} bytes"));
            }
        }
        if self.ordering_key.len() > LONGEST_ORDERING_KEY {
            return wrong(format!("its ordering key may have {LONGEST_ORDERING_KEY} bytes"));
        }
        Ok(())
    }
}

/// One delivery of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Identifies this delivery, for [`super::Topics::acknowledge`].
    pub ack_id: String,
    /// The id of the message. It is the same in every delivery.
    pub message_id: String,
    /// When the message was published.
    pub published: Timestamp,
    /// The message as it was published.
    pub message: TopicMessage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_google_refuses_is_refused_everywhere() {
        let with = |key: &str, value: &str| TopicMessage {
            attributes: BTreeMap::from([(key.to_owned(), value.to_owned())]),
            ..TopicMessage::default()
        };
        let many = (0..101).map(|number| (format!("k{number}"), String::new())).collect();
        for (message, part) in [
            (TopicMessage::default(), "neither data"),
            (TopicMessage { data: vec![0; LARGEST + 1].into(), ..TopicMessage::default() }, "10000001 bytes"),
            (TopicMessage { attributes: many, ..TopicMessage::default() }, "101 attributes"),
            (with("", "x"), "1 to 256"),
            (with("googclient", "x"), "goog"),
            (with("key", &"x".repeat(1_025)), "'key' may have"),
            (TopicMessage { ordering_key: "x".repeat(1_025), ..with("a", "b") }, "ordering key"),
        ] {
            let error = message.check().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        with("key", "").check().unwrap();
    }
}
