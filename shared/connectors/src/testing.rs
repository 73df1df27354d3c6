//! The tests in a connector's file. `functions/connect` runs them against a server that gives the answers.

use indexmap::IndexMap;
use schemars::JsonSchema;
use segue_model::{Json, Map};
use serde::Deserialize;

/// A call, with the requests that it must send.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectorTest {
    /// What the test shows.
    pub name: String,
    /// The properties of the task, as in a flow.
    pub properties: Map,
    /// The requests in their order, each with its answer.
    pub exchanges: Vec<Exchange>,
    /// The outputs. Absent: not compared.
    pub outputs: Option<Map>,
    /// A part of the error message. Absent: the task succeeds.
    pub error: Option<String>,
    /// Texts that must not be in the log.
    #[serde(default)]
    pub unlogged: Vec<String>,
}

/// A request and its answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The method and the address, with its parameters: `POST https://example.com/a?b=1`.
    pub request: String,
    /// Header fields that the request must have, among others.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The body: a map or list that the request's JSON must equal, or a text. Absent: not compared.
    pub body: Option<Json>,
    /// The answer.
    #[serde(default)]
    pub answer: Answer,
}

/// The answer of the server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header fields.
    pub headers: IndexMap<String, String>,
    /// The body: JSON, or a text.
    pub body: Json,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: 200, headers: IndexMap::new(), body: Json::Null }
    }
}
