//! Refusals (docs/kestra.md 6.1).

use crate::lenient::{or_default, read};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// The reason in one line.
    pub message: String,
    /// Links of the answer.
    #[serde(rename = "_links", default, deserialize_with = "or_default")]
    pub links: Links,
    /// Every problem. If only one reason is known, it is the only problem.
    #[serde(rename = "_embedded", default, deserialize_with = "or_default")]
    pub embedded: Embedded,
    /// The items that a bulk request does not apply to. Absent for other requests.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub invalids: Option<Vec<Invalid>>,
}

/// Links of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    /// The request itself.
    #[serde(rename = "self", default)]
    pub own: Link,
}

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The path of the address.
    #[serde(default)]
    pub href: String,
    /// Whether the address has placeholders; always false.
    #[serde(default)]
    pub templated: bool,
}

/// The problems of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Embedded {
    /// At least one problem.
    #[serde(default)]
    pub errors: Vec<Problem>,
}

/// One problem among several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The problem.
    #[serde(default)]
    pub message: String,
    /// The input, property or item. Absent if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The code of the diagnostic, such as `SEG0101`. Absent unless the problem is in a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The line in the source, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in the source, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// A hint: how to fix the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of which only the text is known.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A problem of an input, a property or an item.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(message) }
    }
}

/// An item that a bulk request does not apply to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invalid {
    /// Why the request does not apply to the item.
    #[serde(default)]
    pub message: String,
    /// The id of the item.
    #[serde(default)]
    pub invalid_value: String,
}
