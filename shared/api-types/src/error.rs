//! Errors of requests (docs/kestra.md 6.1).

use crate::lenient::{or_default, read};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer to a refused request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// The reason in one line.
    pub message: String,
    /// The link to the request itself.
    #[serde(rename = "_links", default, deserialize_with = "or_default")]
    pub links: Links,
    /// All problems, at least one.
    #[serde(rename = "_embedded", default, deserialize_with = "or_default")]
    pub embedded: Embedded,
    /// The items that made a bulk request fail. Absent for other requests.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    pub invalids: Option<Vec<Invalid>>,
}

/// The links in an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    /// The path of the request.
    #[serde(rename = "self", default)]
    pub own: Link,
}

/// A link in an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The path of the address.
    #[serde(default)]
    pub href: String,
    /// Whether the address has placeholders. Always false.
    #[serde(default)]
    pub templated: bool,
}

/// The problems in an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Embedded {
    /// The problems. There is at least one.
    #[serde(default)]
    pub errors: Vec<Problem>,
}

/// One problem of a refused request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The problem.
    #[serde(default)]
    pub message: String,
    /// The input, property or item with the problem. Absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The code of the diagnostic, such as `SEG0101`. Absent unless the problem is in a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The line in the source, from 1. Absent unless the problem is in a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in the source, from 1. Absent unless the problem is in a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// A hint: how to fix the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem with a message only.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A problem of the input, property or item `path`.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(message) }
    }
}

/// An item that made a bulk request fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invalid {
    /// The reason why the action is not possible for the item.
    #[serde(default)]
    pub message: String,
    /// The id of the item.
    #[serde(default)]
    pub invalid_value: String,
}
