//! One condition, and whether a value meets it.

use super::super::dates::date;
use super::super::query::state;
use crate::error::{Answer, ApiError};
use jiff::{SignedDuration, Timestamp};
use regex::{Regex, RegexBuilder};
use segue_model::parse_duration;
use segue_model::state::State;
use std::cell::RefCell;

/// The operator of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equals,
    NotEquals,
    In,
    NotIn,
    GreaterThan,
    GreaterOrEqual,
    LessThan,
    LessOrEqual,
    StartsWith,
    EndsWith,
    Contains,
    NotContains,
    Regex,
    Prefix,
    IsNull,
    IsNotNull,
}

const OPS: [(&str, Op); 16] = [
    ("EQUALS", Op::Equals),
    ("NOT_EQUALS", Op::NotEquals),
    ("IN", Op::In),
    ("NOT_IN", Op::NotIn),
    ("GREATER_THAN", Op::GreaterThan),
    ("GREATER_THAN_OR_EQUAL_TO", Op::GreaterOrEqual),
    ("LESS_THAN", Op::LessThan),
    ("LESS_THAN_OR_EQUAL_TO", Op::LessOrEqual),
    ("STARTS_WITH", Op::StartsWith),
    ("ENDS_WITH", Op::EndsWith),
    ("CONTAINS", Op::Contains),
    ("NOT_CONTAINS", Op::NotContains),
    ("REGEX", Op::Regex),
    ("PREFIX", Op::Prefix),
    ("IS_NULL", Op::IsNull),
    ("IS_NOT_NULL", Op::IsNotNull),
];

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The name of the field: `namespace`, `flowId`, `state`, `labels`, `q`, …
    pub(crate) field: String,
    pub(crate) op: Op,
    /// The key of a label. None for other fields.
    pub(crate) key: Option<String>,
    /// The value to compare with. `IN` and `NOT_IN` take several values with commas between them.
    pub(crate) value: String,
}

pub(super) fn op(name: &str, whole: &str) -> Answer<Op> {
    let found = OPS.iter().find(|(known, _)| *known == name).map(|(_, op)| *op);
    found.ok_or_else(|| ApiError::argument(format!("'{name}' in '{whole}' is not an operator")))
}

impl Condition {
    /// The values of `IN` and `NOT_IN`, without empty values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.value.split(',').map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether a text meets the condition. `GREATER_THAN`, `LESS_THAN` and their like are refused.
    pub(crate) fn holds_for(&self, text: &str) -> Answer<bool> {
        Ok(match self.op {
            Op::Equals => text == self.value,
            Op::NotEquals => text != self.value,
            Op::In => self.values().any(|value| value == text),
            Op::NotIn => self.values().all(|value| value != text),
            Op::StartsWith => text.starts_with(&self.value),
            Op::EndsWith => text.ends_with(&self.value),
            Op::Contains => text.to_lowercase().contains(&self.value.to_lowercase()),
            Op::NotContains => !text.to_lowercase().contains(&self.value.to_lowercase()),
            Op::Prefix => {
                text == self.value || text.strip_prefix(&self.value).is_some_and(|rest| rest.starts_with('.'))
            }
            Op::Regex => self.pattern()?.is_match(text),
            Op::IsNull => false,
            Op::IsNotNull => true,
            Op::GreaterThan | Op::GreaterOrEqual | Op::LessThan | Op::LessOrEqual => {
                return Err(self.unusable());
            }
        })
    }

    /// The pattern of `REGEX`. A search compares thousands of texts with the same pattern, so the last one is kept.
    fn pattern(&self) -> Answer<Regex> {
        thread_local! {
            static LAST: RefCell<Option<(String, Regex)>> = const { RefCell::new(None) };
        }
        let known = LAST.with_borrow(|last| {
            last.as_ref().filter(|(text, _)| *text == self.value).map(|(_, pattern)| pattern.clone())
        });
        if let Some(pattern) = known {
            return Ok(pattern);
        }
        let built = RegexBuilder::new(&self.value).size_limit(1 << 20).build();
        let pattern =
            built.map_err(|error| ApiError::argument(format!("filters[{}][REGEX]: {error}", self.field)))?;
        LAST.set(Some((self.value.clone(), pattern.clone())));
        Ok(pattern)
    }

    /// Whether a text that may be absent meets the condition. An absent text meets only the negative operators.
    pub(crate) fn holds_for_maybe(&self, text: Option<&str>) -> Answer<bool> {
        match text {
            Some(text) => self.holds_for(text),
            None => Ok(self.is_negative() || self.op == Op::IsNull),
        }
    }

    /// Whether a text contains the text of the condition, in any case. The operators are those of `q`.
    pub(crate) fn finds(&self, text: &str) -> Answer<bool> {
        let part = self.value.trim_matches('*').to_lowercase();
        let is_in = text.to_lowercase().contains(&part);
        match self.op {
            Op::Equals | Op::Contains => Ok(is_in),
            Op::NotEquals | Op::NotContains => Ok(!is_in),
            _ => self.holds_for(text),
        }
    }

    /// Whether a date meets the condition.
    pub(crate) fn holds_for_date(&self, found: Option<Timestamp>) -> Answer<bool> {
        if matches!(self.op, Op::IsNull | Op::IsNotNull) {
            return Ok(found.is_some() == (self.op == Op::IsNotNull));
        }
        let wanted =
            date(&self.value).map_err(|why| ApiError::argument(format!("filters[{}]: {why}", self.field)))?;
        self.compare(found, wanted)
    }

    /// Whether a number meets the condition.
    pub(crate) fn holds_for_number(&self, found: Option<u64>) -> Answer<bool> {
        if matches!(self.op, Op::IsNull | Op::IsNotNull) {
            return Ok(found.is_some() == (self.op == Op::IsNotNull));
        }
        let read = |text: &str| {
            text.parse::<u64>().map_err(|_| {
                ApiError::argument(format!("filters[{}]: '{text}' is not a whole number", self.field))
            })
        };
        if matches!(self.op, Op::In | Op::NotIn) {
            let values = self.values().map(read).collect::<Answer<Vec<_>>>()?;
            let is_in = found.is_some_and(|found| values.contains(&found));
            return Ok(is_in == (self.op == Op::In));
        }
        self.compare(found, read(&self.value)?)
    }

    fn compare<T: PartialOrd>(&self, found: Option<T>, wanted: T) -> Answer<bool> {
        let Some(found) = found else { return Ok(self.op == Op::NotEquals) };
        Ok(match self.op {
            Op::Equals => found == wanted,
            Op::NotEquals => found != wanted,
            Op::GreaterThan => found > wanted,
            Op::GreaterOrEqual => found >= wanted,
            Op::LessThan => found < wanted,
            Op::LessOrEqual => found <= wanted,
            _ => return Err(self.unusable()),
        })
    }

    /// The duration of a condition on `timeRange`.
    pub(crate) fn range(&self) -> Answer<SignedDuration> {
        match self.op {
            Op::Equals => parse_duration(&self.value)
                .map_err(|why| ApiError::argument(format!("filters[{}]: {why}", self.field))),
            _ => Err(self.unusable()),
        }
    }

    /// The states that meet the condition.
    pub(crate) fn states(&self) -> Answer<Vec<State>> {
        let named = self.values().map(state).collect::<Answer<Vec<_>>>()?;
        let is_in = match self.op {
            Op::Equals | Op::In => true,
            Op::NotEquals | Op::NotIn => false,
            _ => return Err(self.unusable()),
        };
        Ok(State::ALL.into_iter().filter(|state| named.contains(state) == is_in).collect())
    }

    /// Whether an absent value meets the condition.
    pub(crate) fn is_negative(&self) -> bool {
        matches!(self.op, Op::NotEquals | Op::NotIn | Op::NotContains)
    }

    /// The key and the value of a condition on a label. The key may be a part of the name, or of the value.
    pub(crate) fn label(&self) -> Answer<(&str, Self)> {
        let (key, value) = match &self.key {
            Some(key) => (key.as_str(), self.value.as_str()),
            None => self.value.split_once(':').unwrap_or((self.value.as_str(), "")),
        };
        if key.is_empty() {
            return Err(ApiError::argument("filters[labels]: the key of the label is missing"));
        }
        Ok((key, Self { value: value.to_owned(), ..self.clone() }))
    }

    /// Whether labels meet the condition. `find` returns the value of a label.
    pub(crate) fn holds_for_labels<'a>(&self, find: impl Fn(&str) -> Option<&'a str>) -> Answer<bool> {
        let (key, condition) = self.label()?;
        condition.holds_for_maybe(find(key))
    }

    /// The 422 error for an operator that the field does not support.
    pub(crate) fn unusable(&self) -> ApiError {
        let op = OPS.iter().find(|(_, op)| *op == self.op).map_or("", |(name, _)| name);
        ApiError::argument(format!("filters[{}][{op}]: the field does not support this operator", self.field))
    }
}
