//! The fields of an endpoint, and which operators and values they take.

use super::condition::{Condition, Op};
use crate::error::{Answer, ApiError};
use jiff::Timestamp;
use segue_model::log::LogLevel;

/// The kind of a field. It says which operators and values a condition may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// A text.
    Text,
    /// A date and time.
    Date,
    /// A whole number.
    Number,
    /// A duration before now. Only `EQUALS`.
    TimeRange,
    /// Labels. The key is a part of the name: `filters[labels][EQUALS][key]=value`.
    Labels,
    /// The name of a state.
    State,
    /// The name of a log level.
    Level,
    /// One of these texts.
    OneOf(&'static [&'static str]),
}

/// A field of an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: FieldKind,
}

impl Field {
    /// A field with a text.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Text }
    }

    /// A field with another kind of value.
    pub(crate) const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind }
    }
}

impl Condition {
    /// Refuses a field that is not in `fields`, and an operator or a value that does not fit the field.
    pub(super) fn check(&self, fields: &[Field]) -> Answer<()> {
        let Some(field) = fields.iter().find(|field| field.name == self.field) else {
            let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
            return Err(ApiError::argument(format!(
                "filters[{}]: the field is not known here; the fields are {}",
                self.field,
                known.join(", ")
            )));
        };
        if self.key.is_some() && field.kind != FieldKind::Labels {
            return Err(ApiError::argument(format!("filters[{}]: only labels have a key", self.field)));
        }
        match field.kind {
            FieldKind::Text => self.holds_for("").map(drop),
            FieldKind::Date => self.holds_for_date(Some(Timestamp::UNIX_EPOCH)).map(drop),
            FieldKind::Number => self.holds_for_number(Some(0)).map(drop),
            FieldKind::TimeRange => self.range().map(drop),
            FieldKind::Labels => self.holds_for_labels(|_| Some("")).map(drop),
            FieldKind::State => self.states().map(drop),
            FieldKind::Level => self.is_level(),
            FieldKind::OneOf(names) => self.is_choice(names),
        }
    }

    fn is_level(&self) -> Answer<()> {
        if matches!(
            self.op,
            Op::StartsWith
                | Op::EndsWith
                | Op::Contains
                | Op::NotContains
                | Op::Regex
                | Op::Prefix
                | Op::IsNull
                | Op::IsNotNull
        ) {
            return Err(self.unusable());
        }
        match self.values().find(|name| LogLevel::parse(name).is_none()) {
            None => Ok(()),
            Some(other) => Err(ApiError::argument(format!(
                "filters[{}] is '{other}': TRACE, DEBUG, INFO, WARN or ERROR is expected",
                self.field
            ))),
        }
    }

    fn is_choice(&self, names: &[&str]) -> Answer<()> {
        if !matches!(self.op, Op::Equals | Op::NotEquals | Op::In | Op::NotIn) {
            return Err(self.unusable());
        }
        match self.values().find(|value| !names.contains(value)) {
            None => Ok(()),
            Some(other) => Err(ApiError::argument(format!(
                "filters[{}] is '{other}': one of {} is expected",
                self.field,
                names.join(", ")
            ))),
        }
    }
}
