//! Keys and values of the KV store.

use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::Json;
use serde::{Deserialize, Serialize};

/// A key with its dates and description, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KvKey {
    /// The namespace that has the key.
    #[serde(default)]
    pub namespace: String,
    /// The key.
    pub key: String,
    /// The type of the value. Absent in answers of servers that do not know it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KvType>,
    /// The date on which the key was created.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub creation_date: Option<Timestamp>,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub update_date: Option<Timestamp>,
    /// The date on which the key expires. Absent if the key does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<Timestamp>,
    /// The description. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum KvType {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A date with a time, as an ISO-8601 text.
    Datetime,
    /// A date without a time, as an ISO-8601 text.
    Date,
    /// A duration, as an ISO-8601 text.
    Duration,
    /// Every other JSON value.
    Json,
}

/// A value with its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KvValue {
    /// The type.
    #[serde(rename = "type")]
    pub kind: KvType,
    /// The value.
    pub value: Json,
    /// The date of the last change of the value.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated: Option<Timestamp>,
}

/// Keys of a namespace: the keys to delete in a request, or the deleted keys in its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keys {
    /// The keys.
    pub keys: Vec<String>,
}
