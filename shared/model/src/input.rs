//! Declared inputs of a flow (docs/kestra.md 1.2). Resolving submitted values needs expressions and lives
//! in the engine.

use crate::Json;
use serde::{Deserialize, Serialize};

/// One declared input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The id; dots nest (`a.b` is `inputs.a.b`).
    pub id: String,
    /// The type with the checks that belong to it.
    pub kind: InputKind,
    /// A text for people.
    pub description: Option<String>,
    /// The name a form shows.
    pub display_name: Option<String>,
    /// Whether a value must be there in the end; true unless said.
    pub required: bool,
    /// The value when none is submitted; strings in it are templates.
    pub defaults: Option<Json>,
    /// What a form suggests; never used by the engine.
    pub prefill: Option<Json>,
    /// Inputs this one depends on.
    pub depends_on: Option<DependsOn>,
}

/// Which inputs come first, and whether this one is asked for at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependsOn {
    /// Ids of other inputs.
    pub inputs: Vec<String>,
    /// A template; anything but true disables the input.
    pub condition: Option<String>,
}

/// An input type and its checks. Bounds are kept as written (text or number) and read when a value is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum InputKind {
    /// Any text.
    String {
        /// A regular expression the whole value must match.
        validator: Option<String>,
    },
    /// A 32-bit integer.
    Int {
        /// Smallest value.
        min: Option<i64>,
        /// Largest value.
        max: Option<i64>,
    },
    /// A 32-bit float.
    Float {
        /// Smallest value.
        min: Option<f64>,
        /// Largest value.
        max: Option<f64>,
    },
    /// True or false, `BOOL` too.
    Boolean,
    /// One of several texts, `ENUM` too.
    Select {
        /// The values to choose from.
        values: Vec<String>,
        /// A template that renders to the values.
        expression: Option<String>,
        /// Whether other values are taken.
        allow_custom_value: bool,
        /// Whether the first value is taken when none is given.
        auto_select_first: bool,
    },
    /// Several of several values.
    Multiselect {
        /// The values to choose from.
        values: Vec<String>,
        /// A template that renders to the values.
        expression: Option<String>,
        /// The type of an element, `STRING` unless said.
        item_type: String,
        /// Whether other values are taken.
        allow_custom_value: bool,
    },
    /// A list of elements of one type.
    Array {
        /// The type of an element.
        item_type: String,
    },
    /// An instant in UTC.
    Datetime {
        /// Earliest, inclusive.
        after: Option<String>,
        /// Latest, inclusive.
        before: Option<String>,
    },
    /// A date.
    Date {
        /// Earliest, inclusive.
        after: Option<String>,
        /// Latest, inclusive.
        before: Option<String>,
    },
    /// A time of day.
    Time {
        /// Earliest, inclusive.
        after: Option<String>,
        /// Latest, inclusive.
        before: Option<String>,
    },
    /// An ISO-8601 duration.
    Duration {
        /// Shortest, inclusive.
        min: Option<String>,
        /// Longest, inclusive.
        max: Option<String>,
    },
    /// A file in internal storage.
    File {
        /// File name endings that are taken, with the dot; none is all.
        allowed_file_extensions: Vec<String>,
    },
    /// JSON text or an object.
    Json,
    /// YAML text or an object.
    Yaml,
    /// A URI with a host.
    Uri,
    /// A text that is encrypted at rest and masked in logs.
    Secret {
        /// A regular expression the whole value must match.
        validator: Option<String>,
    },
    /// An e-mail address.
    Email,
}

impl InputKind {
    /// Whether values are encrypted where they are stored: a SECRET, or a list of them.
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Secret { .. } => true,
            Self::Array { item_type } | Self::Multiselect { item_type, .. } => item_type == "SECRET",
            _ => false,
        }
    }

    /// The name of the type as flows write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String { .. } => "STRING",
            Self::Int { .. } => "INT",
            Self::Float { .. } => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::Select { .. } => "SELECT",
            Self::Multiselect { .. } => "MULTISELECT",
            Self::Array { .. } => "ARRAY",
            Self::Datetime { .. } => "DATETIME",
            Self::Date { .. } => "DATE",
            Self::Time { .. } => "TIME",
            Self::Duration { .. } => "DURATION",
            Self::File { .. } => "FILE",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Uri => "URI",
            Self::Secret { .. } => "SECRET",
            Self::Email => "EMAIL",
        }
    }
}
