//! Reads the search conditions of newer clients, such as `filters[namespace][PREFIX]=a` and
//! `filters[labels][EQUALS][k]=v` (docs/kestra.md 6.1).

use crate::error::{Answer, ApiError};

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
    Regex,
    Prefix,
}

const OPS: [(&str, Op); 13] = [
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
    ("REGEX", Op::Regex),
    ("PREFIX", Op::Prefix),
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
            Op::Prefix => {
                text == self.value || text.strip_prefix(&self.value).is_some_and(|rest| rest.starts_with('.'))
            }
            Op::Regex => regex::RegexBuilder::new(&self.value)
                .size_limit(1 << 20)
                .build()
                .map_err(|error| ApiError::argument(format!("filters[{}][REGEX]: {error}", self.field)))?
                .is_match(text),
            Op::GreaterThan | Op::GreaterOrEqual | Op::LessThan | Op::LessOrEqual => {
                return Err(self.unusable());
            }
        })
    }

    /// The 422 error for an operator that the field does not support.
    pub(crate) fn unusable(&self) -> ApiError {
        let op = OPS.iter().find(|(_, op)| *op == self.op).map_or("", |(name, _)| name);
        ApiError::argument(format!("filters[{}][{op}]: the field does not support this operator", self.field))
    }
}

/// Reads a parameter `filters[field][OPERATOR]` or `filters[field][OPERATOR][key]`.
pub(super) fn condition(name: &str, value: &str) -> Answer<Condition> {
    let refused = || ApiError::argument(format!("'{name}' is not of the form filters[field][OPERATOR]"));
    let inner = name.strip_prefix("filters[").and_then(|rest| rest.strip_suffix(']')).ok_or_else(refused)?;
    let mut parts = inner.splitn(3, "][");
    let (Some(field), Some(op)) = (parts.next(), parts.next()) else { return Err(refused()) };
    let op = OPS
        .iter()
        .find(|(name, _)| *name == op)
        .map(|(_, op)| *op)
        .ok_or_else(|| ApiError::argument(format!("'{op}' in '{name}' is not an operator")))?;
    Ok(Condition {
        field: field.to_owned(),
        op,
        key: parts.next().map(str::to_owned),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = condition("filters[labels][EQUALS][team.name]", "a").unwrap();
        assert_eq!(
            read,
            Condition {
                field: "labels".into(),
                op: Op::Equals,
                key: Some("team.name".into()),
                value: "a".into()
            }
        );
        for wrong in ["filters[a]", "filters", "filters[a][b", "filters[a][ABOUT]", "filters[]"] {
            assert!(condition(wrong, "x").is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_compared() {
        for (op, value, text, expected) in [
            ("EQUALS", "a.b", "a.b", true),
            ("PREFIX", "a", "a.b", true),
            ("PREFIX", "a", "ab", false),
            ("STARTS_WITH", "a", "ab", true),
            ("IN", "x, a", "a", true),
            ("NOT_IN", "x,a", "a", false),
            ("CONTAINS", "B", "abc", true),
            ("REGEX", "^a.c$", "abc", true),
            ("ENDS_WITH", "c", "abc", true),
            ("NOT_EQUALS", "a", "a", false),
        ] {
            let read = condition(&format!("filters[namespace][{op}]"), value).unwrap();
            assert_eq!(read.holds_for(text).unwrap(), expected, "{op} {value} {text}");
        }
        for (op, value) in [("REGEX", "("), ("GREATER_THAN", "a")] {
            let read = condition(&format!("filters[namespace][{op}]"), value).unwrap();
            assert!(read.holds_for("a").is_err(), "{op}");
        }
    }
}
