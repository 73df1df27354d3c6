//! Values of the KV store (docs/kestra.md 4.1, 6.6).

use jiff::Timestamp;
use segue_model::Json;
use serde::{Deserialize, Serialize};

/// The type of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum KvType {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An instant.
    Datetime,
    /// A date.
    Date,
    /// A duration.
    Duration,
    /// Anything else.
    Json,
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KvEntry {
    /// The namespace of the value.
    pub namespace: String,
    /// Its key.
    pub key: String,
    /// Its type.
    pub kind: KvType,
    /// The value; instants, dates and durations are text.
    pub value: Json,
    /// A description for people.
    pub description: Option<String>,
    /// The time of the first write.
    pub created: Timestamp,
    /// The time of the last write.
    pub updated: Timestamp,
    /// The time at which the value expires. From then on it does not exist. `None` if the value does not expire.
    pub expires: Option<Timestamp>,
}

/// A change of the KV store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum KvWrite {
    /// Sets a value.
    Set {
        /// The namespace.
        namespace: String,
        /// The key.
        key: String,
        /// The value's type.
        kind: KvType,
        /// The value.
        value: Json,
        /// A description for people. None: no description.
        description: Option<String>,
        /// The time at which the value expires. From then on it does not exist. `None` if the value does not expire.
        expires: Option<Timestamp>,
    },
    /// Removes a value.
    Delete {
        /// The namespace.
        namespace: String,
        /// The key.
        key: String,
    },
}
