//! The parts of a connector's file. Every text under `request`, `before`, `poll`, `paging`, `failure` and `outputs` is a
//! template in the language of flows. A template sees:
//!
//! - `properties`: every property of the task. A property that the flow does not set has its default, or is null.
//! - `attempt`: a name of this attempt of the task, in small letters, digits and hyphens. A message that arrives twice has
//!   the same name, so a service can refuse or ignore the second request.
//! - `answers`: the answers of the steps in `before`, by their names.
//! - `answer`: the answer to the request, with `status`, `headers` (names in lower case), `body` and `links`.
//! - `polled`: the last answer while waiting; null if the task did not wait.
//! - `items`, `stored`: what paging has collected.
//! - `rows`: the rows of the file that `rows` names, as lists of values.
//! - `files`: the URIs of the files that `files` has written, by their names. Only `outputs` see them.
//! - `execution`: with `execution: true`, facts about an execution: `id`, `namespace`, `flowId`, `state`, `isFailed`,
//!   `isGood`, `startDate`, `duration`, `firstFailed` and `lastTask` (ids of tasks), `link`, `title` (one line) and
//!   `message` (the title, `properties.customMessage`, `properties.customFields` and the link, one line each).

use crate::testing::ConnectorTest;
use indexmap::IndexMap;
use schemars::JsonSchema;
use segue_model::Json;
use serde::Deserialize;

/// A task type that is described as data.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connector {
    /// The canonical name of the task type.
    #[serde(rename = "type")]
    pub name: String,
    /// Other names of the same type.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The service, as it is called in error messages: `Slack`.
    pub service: String,
    /// What a task of this type does, in one sentence.
    pub title: String,
    /// More about the type, in Markdown.
    #[serde(default)]
    pub description: String,
    /// The properties, in the order of the documentation.
    pub properties: IndexMap<String, Property>,
    /// Whether templates see `execution`: facts about the execution that `properties.executionId` names, or else about
    /// the task's own execution.
    #[serde(default)]
    pub execution: bool,
    /// A file with rows that the request sends.
    pub rows: Option<Rows>,
    /// Requests that are sent first, for example for a token.
    #[serde(default)]
    pub before: Vec<Step>,
    /// The request.
    pub request: Request,
    /// When an answer with a good status is a failure, and how the service explains failures.
    #[serde(default)]
    pub failure: Failure,
    /// Which answers are asked for again.
    #[serde(default)]
    pub retries: Retries,
    /// Waits for the end of what the request started.
    pub poll: Option<Poll>,
    /// Asks for the following pages of a list.
    pub paging: Option<Paging>,
    /// An expression that gives names with lists of rows, or with texts. Each list becomes an Ion file, and each text a
    /// file with this text.
    pub files: Option<String>,
    /// The outputs, in the order of the documentation.
    #[serde(default)]
    pub outputs: IndexMap<String, Output>,
    /// A task in YAML, for the documentation.
    pub example: String,
    /// Calls with the requests that they must send.
    pub tests: Vec<ConnectorTest>,
}

/// A property of the task type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Property {
    /// The type of the value.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What the property is, in a sentence.
    pub about: String,
    /// Whether a task must set the property.
    #[serde(default)]
    pub required: bool,
    /// The value if the task does not set the property. A text is a template.
    pub default: Option<Json>,
    /// Whether the value is masked in logs and outputs.
    #[serde(default)]
    pub secret: bool,
    /// The allowed values. Empty: every value of the type.
    #[serde(default)]
    pub values: Vec<Json>,
    /// The type of the items of a list.
    pub items: Option<Kind>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A map.
    Object,
    /// Any value.
    Any,
}

/// A file with rows. Every text is a template. A text that renders to nothing counts as absent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// The file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
    /// The format: `CSV`, `ION` or `JSON`. Absent: as the ending of the file's name says.
    pub format: Option<String>,
    /// Whether the names of the fields come first, if the rows are maps.
    pub header: Option<String>,
    /// The character between the fields of CSV. Absent: `,`.
    pub separator: Option<String>,
    /// The character around the fields of CSV. Absent: `"`.
    pub quote: Option<String>,
    /// The number of records of CSV that are left out at the start. Absent: 0.
    pub skip: Option<String>,
    /// The charset of the file. Any other than UTF-8 is refused.
    pub charset: Option<String>,
}

/// A request that is sent before the request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// The name of the answer in `answers`.
    pub name: String,
    /// The step is left out unless this renders to `true`. Absent: the step is always done.
    pub when: Option<String>,
    /// The request.
    pub request: Request,
    /// Texts in the answer that are masked from then on.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// A request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// The address.
    pub url: String,
    /// Parameters that are added to the address, or an expression that gives them. A parameter with the value null is
    /// left out; a list repeats the name.
    #[serde(default)]
    pub query: Json,
    /// Header fields, or an expression that gives them. A field with the value null is left out.
    #[serde(default)]
    pub headers: Json,
    /// The token of `Authorization: Bearer`. Left out if it is null or empty.
    pub bearer: Option<String>,
    /// Scopes of Google. The request has an access token with these scopes instead of `bearer`. The token belongs to the
    /// properties `serviceAccount` and `impersonatedServiceAccount`, or else to the account of the service. The address
    /// must begin with `https://`, a host of `googleapis.com` and a slash. The host has no expression, or begins with
    /// `{{ properties.region | slugify }}-`.
    #[serde(default)]
    pub google: Vec<String>,
    /// A service of AWS by its name in signatures: `s3`. The request is signed with the properties `accessKeyId`,
    /// `secretKeyId`, `sessionToken` and `region` of the task.
    pub aws: Option<String>,
    /// The credentials of `Authorization: Basic`.
    pub basic: Option<Basic>,
    /// The body. A map or list is sent as JSON, and entries with the value null are left out. A text is sent unchanged.
    pub body: Option<Json>,
    /// A file that is sent as the body: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub file: Option<String>,
    /// The fields of a form instead of a body, or an expression that gives them.
    pub form: Option<Json>,
    /// The media type of the body. Default: `application/json`.
    pub content_type: Option<String>,
    /// Whether the body of the answer stays a text, byte for byte, also if it is JSON.
    #[serde(default)]
    pub as_text: bool,
}

fn get() -> String {
    "GET".to_owned()
}

/// A user name and a password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user name. No credentials are sent if it is null or empty.
    pub username: String,
    /// The password.
    #[serde(default)]
    pub password: String,
}

/// When an answer is a failure, in addition to a status of 400 and above.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// An answer is a failure if this renders to `true`.
    pub when: Option<String>,
    /// The service's explanation of a failure. Absent: the field of the body where services usually explain it.
    pub message: Option<String>,
    /// Statuses of 400 and above that are no failures.
    #[serde(default)]
    pub accepted: Vec<u16>,
}

/// Which answers are asked for again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// The statuses. A request that got no connection is always sent again.
    pub on: Vec<u16>,
    /// How often a request is sent again.
    pub times: u32,
    /// The pause before the first of these, in seconds. Each later pause is twice as long, at most 60 s. A
    /// `Retry-After` in the answer replaces the pause, up to 60 s.
    pub pause: u64,
}

impl Default for Retries {
    fn default() -> Self {
        Self { on: vec![429, 500, 502, 503, 504], times: 4, pause: 1 }
    }
}

/// Waits for the end of what the request started.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Poll {
    /// The task waits only if this renders to `true`. Absent: it always waits.
    pub when: Option<String>,
    /// The request for the state of the work.
    pub request: Request,
    /// The work has ended when this renders to `true`.
    pub until: String,
    /// The work has failed if this renders to `true` at its end.
    pub failed: Option<String>,
    /// The explanation of the failure.
    pub message: Option<String>,
    /// The time between two requests, as an ISO-8601 duration.
    pub every: String,
    /// The longest time to wait, as an ISO-8601 duration. Absent: until the work ends.
    pub at_most: Option<String>,
    /// The request that stops the work when the task is killed. Absent: the work goes on.
    pub stop: Option<Request>,
}

/// Asks for the following pages of a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Paging {
    /// The items of a page.
    pub items: String,
    /// There is another page if this renders to `true`.
    pub more: String,
    /// The address of the next page. Absent: the address of the request.
    pub url: Option<String>,
    /// Parameters that replace those of the request for the next page.
    #[serde(default)]
    pub query: IndexMap<String, Json>,
    /// Fields that replace those of the body for the next page.
    #[serde(default)]
    pub body: IndexMap<String, Json>,
    /// The largest number of items. Absent or null: all items.
    pub most: Option<String>,
    /// The items are written to a file in internal storage if this renders to `true`. Then `items` is empty, and
    /// `stored` has `uri` and `size`.
    pub store: Option<String>,
}

/// An output.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The value. An output with the value null is left out.
    pub value: Json,
    /// What the output is, in a sentence.
    pub about: String,
    /// Whether the value is masked in logs and encrypted in the outputs. Expressions read it as any other output.
    #[serde(default)]
    pub secret: bool,
}
