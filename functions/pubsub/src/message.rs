//! A message as flows write it: a map with `data`, `attributes`, `messageId` and `orderingKey`.

use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::topics::{self, Received, TopicMessage, message_variables};
use segue_task::ion;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The format of the data of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SerdeType {
    /// Text. Data that is not UTF-8 is read as base64.
    #[default]
    String,
    /// JSON.
    Json,
}

impl SerdeType {
    pub(crate) fn of_port(self) -> topics::SerdeType {
        match self {
            Self::String => topics::SerdeType::String,
            Self::Json => topics::SerdeType::Json,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    data: Json,
    attributes: Option<Map>,
    ordering_key: Option<Json>,
    /// Pub/Sub itself gives ids. A consumed message that is published again has an old one.
    #[serde(rename = "messageId")]
    _message_id: Option<Json>,
}

/// Reads a message that is to be published.
///
/// # Errors
/// A value that is not a message, as a sentence.
pub(crate) fn to_publish(value: Json, serde: SerdeType) -> Result<TopicMessage, String> {
    let written: Written = serde_json::from_value(value)
        .map_err(|error| format!("it is not a message: {error}; write data, attributes and orderingKey"))?;
    let data = match &written.data {
        Json::Null => Vec::new(),
        data => serde.of_port().write(data),
    };
    let attributes: BTreeMap<String, String> = written
        .attributes
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key, text(value)))
        .collect();
    let ordering_key = written.ordering_key.filter(|key| !key.is_null()).map(text).unwrap_or_default();
    let message = TopicMessage { data: data.into(), attributes, ordering_key };
    message.check().map_err(|error| error.to_string())?;
    Ok(message)
}

fn text(value: Json) -> String {
    match value {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// Messages as a file: one Ion value on each line.
///
/// # Errors
/// A message with data of another format, as a sentence.
pub(crate) fn to_file(messages: &[Received], serde: SerdeType) -> Result<String, String> {
    let mut file = String::new();
    for Received { message_id, message, .. } in messages {
        let TopicMessage { data, attributes, ordering_key } = message;
        let row = message_variables(serde.of_port(), data, attributes, message_id, ordering_key)
            .map_err(|why| format!("message {message_id}: {why}"))?;
        file.push_str(&ion::to_string(&Json::Object(row)));
        file.push('\n');
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_read_as_it_is_written() {
        let read = |value: Json| to_publish(value, SerdeType::Json).unwrap();
        let message = read(
            json!({"data": {"a": 1}, "attributes": {"n": 7, "none": null}, "orderingKey": 5, "messageId": "1"}),
        );
        assert_eq!(&message.data[..], b"{\"a\":1}");
        assert_eq!(message.attributes, BTreeMap::from([("n".to_owned(), "7".to_owned())]));
        assert_eq!(message.ordering_key, "5");
        assert_eq!(&read(json!({"data": "plain"})).data[..], b"plain");
        for (wrong, part) in [
            (json!("text"), "not a message"),
            (json!({"dat": "x"}), "unknown field `dat`"),
            (json!({"messageId": "1"}), "neither data nor attributes"),
        ] {
            let error = to_publish(wrong, SerdeType::String).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
