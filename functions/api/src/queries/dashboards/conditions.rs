//! Whether a row meets the conditions of a chart. No IO.

use regex::{Regex, RegexBuilder};
use segue_model::dashboard::data::{Cell, Condition, Field, Test};
use segue_model::diagnostic::Position;

/// The largest size of a compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// Something with fields: an execution, a line of a log, and so on.
pub(super) trait Row {
    /// The value of a field. `label` is the key of a label, if the field is LABELS. None: the row has no value.
    fn cell(&self, field: Field, label: Option<&str>) -> Option<Cell>;
}

/// A condition with its pattern.
#[derive(Debug)]
pub(super) enum Compiled<'c> {
    One { field: Field, label: Option<&'c str>, test: &'c Test, pattern: Option<Regex> },
    Any(Vec<Compiled<'c>>),
}

/// A pattern that cannot be read.
#[derive(Debug)]
pub(super) struct WrongPattern {
    pub(super) position: Position,
    pub(super) why: String,
}

impl<'c> Compiled<'c> {
    /// Compiles the patterns of conditions.
    pub(super) fn all(conditions: &'c [Condition]) -> Result<Vec<Self>, WrongPattern> {
        conditions.iter().map(Self::one).collect()
    }

    fn one(condition: &'c Condition) -> Result<Self, WrongPattern> {
        Ok(match condition {
            Condition::Any(conditions) => Self::Any(Self::all(conditions)?),
            Condition::One { field, label_key, test, position } => {
                let pattern = match test {
                    Test::Matches(text) => Some(
                        RegexBuilder::new(text)
                            .size_limit(LARGEST_PATTERN)
                            .build()
                            .map_err(|error| WrongPattern { position: *position, why: error.to_string() })?,
                    ),
                    _ => None,
                };
                Self::One { field: *field, label: label_key.as_deref(), test, pattern }
            }
        })
    }

    /// Whether a row meets the condition.
    pub(super) fn holds_for(&self, row: &impl Row) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds_for(row)),
            Self::One { field, label, test, pattern } => {
                meets(test, pattern.as_ref(), row.cell(*field, *label).as_ref())
            }
        }
    }
}

fn meets(test: &Test, pattern: Option<&Regex>, cell: Option<&Cell>) -> bool {
    let Some(cell) = cell else {
        return matches!(test, Test::IsNot(_) | Test::NoneOf(_) | Test::ContainsNot(_) | Test::IsNull);
    };
    let text = match cell {
        Cell::Text(text) => text.as_str(),
        Cell::Number(_) | Cell::Date(_) => "",
    };
    match test {
        Test::Is(value) => cell == value,
        Test::IsNot(value) => cell != value,
        Test::OneOf(values) => values.contains(cell),
        Test::NoneOf(values) => !values.contains(cell),
        Test::Contains(part) => text.contains(part),
        Test::ContainsNot(part) => !text.contains(part),
        Test::StartsWith(part) => text.starts_with(part),
        Test::EndsWith(part) => text.ends_with(part),
        Test::Prefix(above) => {
            text.strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Test::Matches(_) => pattern.is_some_and(|pattern| pattern.is_match(text)),
        Test::More(value) => cell > value,
        Test::AtLeast(value) => cell >= value,
        Test::Less(value) => cell < value,
        Test::AtMost(value) => cell <= value,
        Test::IsNull => false,
        Test::IsNotNull => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(Option<Cell>);

    impl Row for Only {
        fn cell(&self, field: Field, label: Option<&str>) -> Option<Cell> {
            (field == Field::Labels && label == Some("team")).then(|| self.0.clone()).flatten()
        }
    }

    fn holds(test: Test, cell: Option<Cell>) -> bool {
        let (field, label_key, position) =
            (Field::Labels, Some("team".to_owned()), Position { line: 1, column: 1 });
        let condition = [Condition::One { field, label_key, test, position }];
        Compiled::all(&condition).unwrap()[0].holds_for(&Only(cell))
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn each_test_compares() {
        let a = || Some(text("a.b"));
        for (test, expected) in [
            (Test::Is(text("a.b")), true),
            (Test::IsNot(text("a.b")), false),
            (Test::OneOf(vec![text("c"), text("a.b")]), true),
            (Test::NoneOf(vec![text("c"), text("a.b")]), false),
            (Test::Contains(".".into()), true),
            (Test::ContainsNot(".".into()), false),
            (Test::StartsWith("a".into()), true),
            (Test::EndsWith("a".into()), false),
            (Test::Prefix("a".into()), true),
            (Test::Prefix("a.".into()), false),
            (Test::Matches("^a.b$".into()), true),
            (Test::Matches("^b".into()), false),
            (Test::IsNull, false),
            (Test::IsNotNull, true),
        ] {
            assert_eq!(holds(test.clone(), a()), expected, "{test:?}");
        }
        let seven = || Some(Cell::Number(7.0));
        for (test, expected) in [
            (Test::More(Cell::Number(7.0)), false),
            (Test::AtLeast(Cell::Number(7.0)), true),
            (Test::Less(Cell::Number(8.0)), true),
            (Test::AtMost(Cell::Number(6.0)), false),
        ] {
            assert_eq!(holds(test.clone(), seven()), expected, "{test:?}");
        }
    }

    #[test]
    fn an_absent_value_meets_only_the_negative_tests() {
        for (test, expected) in [
            (Test::IsNull, true),
            (Test::IsNot(text("a")), true),
            (Test::NoneOf(vec![text("a")]), true),
            (Test::ContainsNot("a".into()), true),
            (Test::IsNotNull, false),
            (Test::Is(text("a")), false),
            (Test::Less(Cell::Number(1.0)), false),
        ] {
            assert_eq!(holds(test.clone(), None), expected, "{test:?}");
        }
    }

    #[test]
    fn a_wrong_pattern_has_its_position() {
        let position = Position { line: 3, column: 5 };
        let one =
            Condition::One { field: Field::Id, label_key: None, test: Test::Matches("[".into()), position };
        let any = [Condition::Any(vec![one])];
        assert_eq!(Compiled::all(&any).unwrap_err().position, position);
        let holds = Compiled::all(&[]).unwrap().iter().all(|condition| condition.holds_for(&Only(None)));
        assert!(holds, "no condition holds for every row");
    }
}
