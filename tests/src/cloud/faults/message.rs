//! The message in a push request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The text of the message. Empty if the body is no push request.
pub(super) fn text_of(body: &[u8]) -> String {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let data = envelope.pointer("/message/data").and_then(Value::as_str).unwrap_or_default();
    String::from_utf8_lossy(&STANDARD.decode(data).unwrap_or_default()).into_owned()
}

/// The request that publishes a message as a dead letter, with the attributes that Pub/Sub adds.
pub(super) fn dead_letter(body: &[u8], subscription: &str, deliveries: u32) -> Value {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |pointer: &str| envelope.pointer(pointer).cloned();
    let mut attributes = part("/message/attributes").unwrap_or_else(|| json!({}));
    if let Some(attributes) = attributes.as_object_mut() {
        let more = [
            ("CloudPubSubDeadLetterSourceSubscription", subscription.to_owned()),
            ("CloudPubSubDeadLetterSourceDeliveryCount", deliveries.to_string()),
        ];
        attributes.extend(more.map(|(name, value)| (name.to_owned(), value.into())));
    }
    let data = part("/message/data").unwrap_or_else(|| json!(""));
    json!({"messages": [{"data": data, "attributes": attributes}]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_says_where_it_comes_from() {
        let body = json!({"message": {"data": "e30=", "attributes": {"executionId": "e"}, "messageId": "1"}});
        let body = body.to_string();
        assert_eq!(text_of(body.as_bytes()), "{}");
        let letter = dead_letter(body.as_bytes(), "segue-http", 5);
        let attributes = &letter["messages"][0]["attributes"];
        assert_eq!(attributes["executionId"], "e");
        assert_eq!(attributes["CloudPubSubDeadLetterSourceSubscription"], "segue-http");
        assert_eq!(attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5");
    }
}
