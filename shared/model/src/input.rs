//! Declared inputs of a flow (docs/kestra.md 1.2). The engine checks and converts submitted values, because that needs
//! expressions.

use crate::Json;
use serde::{Deserialize, Serialize};

/// A declared input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The id. Dots nest values: the input `a.b` is `inputs.a.b`.
    pub id: String,
    /// The type, with its checks.
    pub kind: InputKind,
    /// A text for readers of the flow.
    pub description: Option<String>,
    /// The name that a form shows.
    pub display_name: Option<String>,
    /// Whether an execution needs a value. The default is true.
    pub required: bool,
    /// The value if none is submitted. Strings in it are templates.
    pub defaults: Option<Json>,
    /// A suggestion for forms. The engine never uses it.
    pub prefill: Option<Json>,
    /// The inputs that this input depends on. `None`: it depends on none.
    pub depends_on: Option<DependsOn>,
}

/// The inputs that must have values first, and the condition under which the input is enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependsOn {
    /// The ids of the other inputs.
    pub inputs: Vec<String>,
    /// A template. Every value except true disables the input. `None`: the input is always enabled.
    pub condition: Option<String>,
}

/// An input type and its checks. A bound is kept as the flow writes it and is read when a value is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum InputKind {
    /// Any text.
    String {
        /// A regular expression that must match the whole value.
        validator: Option<String>,
    },
    /// A 32-bit integer.
    Int {
        /// The smallest allowed value.
        min: Option<i64>,
        /// The largest allowed value.
        max: Option<i64>,
    },
    /// A 32-bit float.
    Float {
        /// The smallest allowed value.
        min: Option<f64>,
        /// The largest allowed value.
        max: Option<f64>,
    },
    /// True or false. `BOOL` is another name.
    Boolean,
    /// One text from a list. `ENUM` is another name.
    Select {
        /// The allowed values.
        values: Vec<String>,
        /// A template that renders to the allowed values.
        expression: Option<String>,
        /// Whether values outside the list are allowed.
        allow_custom_value: bool,
        /// Whether the first value of the list is the default.
        auto_select_first: bool,
    },
    /// Several texts from a list.
    Multiselect {
        /// The allowed values.
        values: Vec<String>,
        /// A template that renders to the allowed values.
        expression: Option<String>,
        /// The type of an element. The default is `STRING`.
        item_type: String,
        /// Whether values outside the list are allowed.
        allow_custom_value: bool,
    },
    /// A list of elements of one type.
    Array {
        /// The type of an element.
        item_type: String,
    },
    /// An instant in UTC.
    Datetime {
        /// The earliest allowed value, inclusive.
        after: Option<String>,
        /// The latest allowed value, inclusive.
        before: Option<String>,
    },
    /// A date.
    Date {
        /// The earliest allowed value, inclusive.
        after: Option<String>,
        /// The latest allowed value, inclusive.
        before: Option<String>,
    },
    /// A time of day.
    Time {
        /// The earliest allowed value, inclusive.
        after: Option<String>,
        /// The latest allowed value, inclusive.
        before: Option<String>,
    },
    /// An ISO-8601 duration.
    Duration {
        /// The shortest allowed value, inclusive.
        min: Option<String>,
        /// The longest allowed value, inclusive.
        max: Option<String>,
    },
    /// A file in internal storage.
    File {
        /// The allowed endings of the file name, with the dot. An empty list allows every name.
        allowed_file_extensions: Vec<String>,
    },
    /// A JSON text, or an object.
    Json,
    /// A YAML text, or an object.
    Yaml,
    /// A URI with a host.
    Uri,
    /// A text that is stored encrypted and masked in logs.
    Secret {
        /// A regular expression that must match the whole value.
        validator: Option<String>,
    },
    /// An e-mail address.
    Email,
}

impl InputKind {
    /// Whether values are stored encrypted. True for SECRET and for a list of SECRET values.
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
