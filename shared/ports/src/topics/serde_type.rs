//! How the content of a message is written and read.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use segue_model::{Json, Map};
use std::collections::BTreeMap;

/// The format of the content of messages, as flows name it (`serdeType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SerdeType {
    /// Text.
    #[default]
    String,
    /// JSON.
    Json,
}

impl SerdeType {
    /// The format with this name. None if the name is unknown.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "STRING" => Some(Self::String),
            "JSON" => Some(Self::Json),
            _ => None,
        }
    }

    /// Reads content. As text, bytes that are not UTF-8 become base64.
    ///
    /// # Errors
    /// Content that is not JSON, as a sentence.
    pub fn read(self, data: &[u8]) -> Result<Json, String> {
        match self {
            Self::String => Ok(match std::str::from_utf8(data) {
                Ok(text) => text.into(),
                Err(_) => BASE64_STANDARD.encode(data).into(),
            }),
            Self::Json => serde_json::from_slice(data).map_err(|error| {
                format!("the data is not JSON ({error}); without serdeType: JSON it is read as text")
            }),
        }
    }

    /// Writes content. A text stays as it is in both formats. Every other value is written as JSON.
    pub fn write(self, value: &Json) -> Vec<u8> {
        match value {
            Json::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        }
    }
}

/// A message as expressions see it: `data`, `attributes`, `messageId`, `orderingKey`.
///
/// # Errors
/// As [`SerdeType::read`].
pub fn message_variables(
    serde: SerdeType,
    data: &[u8],
    attributes: &BTreeMap<String, String>,
    message_id: &str,
    ordering_key: &str,
) -> Result<Map, String> {
    let attributes = attributes.iter().map(|(key, value)| (key.clone(), Json::from(value.clone())));
    Ok(Map::from_iter([
        ("data".to_owned(), serde.read(data)?),
        ("attributes".to_owned(), Json::Object(attributes.collect())),
        ("messageId".to_owned(), message_id.into()),
        ("orderingKey".to_owned(), ordering_key.into()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_is_read_as_it_was_written() {
        for (serde, value) in [(SerdeType::String, json!("ü\n")), (SerdeType::Json, json!({"a": [1, null]}))]
        {
            assert_eq!(serde.read(&serde.write(&value)).unwrap(), value);
        }
        assert_eq!(SerdeType::Json.write(&json!("{\"a\":1}")), b"{\"a\":1}", "a text is not quoted");
        assert!(SerdeType::Json.read(b"no").unwrap_err().contains("not JSON"));
        assert_eq!(SerdeType::String.read(&[0xff, 0]).unwrap(), "/wA=");
    }
}
