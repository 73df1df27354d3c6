//! Reads the search conditions of newer clients, such as `filters[namespace][PREFIX]=a` and
//! `filters[labels][EQUALS][k]=v` (docs/kestra.md 6.1). Clients of Kestra 2.0 also send groups:
//! `filters[or][0][flowId][EQUALS]=a&filters[or][1][flowId][EQUALS]=b`.
//!
//! An endpoint lists the fields that it knows. A condition on another field, an operator that does not fit the field,
//! and a value that cannot be read are refused before the endpoint does anything. So no condition is ever ignored.
//!
//! How to add a field: add it to the list of the endpoint, and answer for it where the list is used.

mod body;
mod condition;
mod field;

pub(crate) use condition::{Condition, Op};
pub(crate) use field::{Field, FieldKind};

use crate::error::{Answer, ApiError};
use body::of_body;
use condition::op;
use segue_api_types::QueryFilter;
use std::collections::BTreeMap;

/// The most groups inside of one another.
const DEEPEST: usize = 4;

/// A condition, or a group of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    One(Condition),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

impl Filter {
    /// Whether the filter holds. `check` answers for one condition.
    pub(crate) fn holds(&self, check: &impl Fn(&Condition) -> Answer<bool>) -> Answer<bool> {
        match self {
            Self::One(condition) => check(condition),
            Self::All(filters) => all_hold(filters, check),
            Self::Any(filters) => {
                for filter in filters {
                    if filter.holds(check)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// Adds the conditions that must hold in any case to `conditions`, and the groups with a choice to `choices`.
    pub(crate) fn split(self, conditions: &mut Vec<Condition>, choices: &mut Vec<Self>) {
        match self {
            Self::One(condition) => conditions.push(condition),
            Self::All(filters) => filters.into_iter().for_each(|filter| filter.split(conditions, choices)),
            Self::Any(_) => choices.push(self),
        }
    }

    /// Refuses a field that is not in `fields`, and an operator or a value that does not fit its field.
    pub(crate) fn check(&self, fields: &[Field]) -> Answer<()> {
        match self {
            Self::One(condition) => condition.check(fields),
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().try_for_each(|filter| filter.check(fields))
            }
        }
    }

    /// Reads the filters of a JSON body.
    pub(crate) fn from_body(filters: &[QueryFilter], fields: &[Field]) -> Answer<Vec<Self>> {
        let filters = filters.iter().map(|filter| of_body(filter, 0)).collect::<Answer<Vec<_>>>()?;
        filters.iter().try_for_each(|filter| filter.check(fields))?;
        Ok(filters)
    }
}

/// Whether all filters hold.
pub(crate) fn all_hold(filters: &[Filter], check: &impl Fn(&Condition) -> Answer<bool>) -> Answer<bool> {
    for filter in filters {
        if !filter.holds(check)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The filters of a query while they are read.
#[derive(Default)]
struct Group {
    conditions: Vec<Condition>,
    and: BTreeMap<usize, Group>,
    or: BTreeMap<usize, Group>,
}

impl Group {
    fn into_filters(self) -> Vec<Filter> {
        let unit = |group: Self| match group.into_filters() {
            mut only if only.len() == 1 => only.remove(0),
            several => Filter::All(several),
        };
        let mut filters: Vec<Filter> = self.conditions.into_iter().map(Filter::One).collect();
        filters.extend(self.and.into_values().map(unit));
        if !self.or.is_empty() {
            filters.push(Filter::Any(self.or.into_values().map(unit).collect()));
        }
        filters
    }
}

/// Reads the parameters `filters[…]`, and refuses what does not fit `fields`. All of the filters must hold.
pub(super) fn read<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    fields: &[Field],
) -> Answer<Vec<Filter>> {
    let mut root = Group::default();
    for (name, value) in pairs {
        let refused = || ApiError::argument(format!("'{name}' is not of the form filters[field][OPERATOR]"));
        let inner =
            name.strip_prefix("filters[").and_then(|rest| rest.strip_suffix(']')).ok_or_else(refused)?;
        let (mut group, mut rest, mut depth) = (&mut root, inner, 0);
        while let Some((logical, after)) = rest.split_once("][")
            && matches!(logical, "and" | "or" | "AND" | "OR")
        {
            let (index, after) = after.split_once("][").ok_or_else(refused)?;
            let index: usize = index.parse().map_err(|_| refused())?;
            depth += 1;
            if depth > DEEPEST {
                return Err(ApiError::argument(format!("'{name}': too many groups inside of one another")));
            }
            let groups = if logical.eq_ignore_ascii_case("or") { &mut group.or } else { &mut group.and };
            group = groups.entry(index).or_default();
            rest = after;
        }
        group.conditions.push(condition(name, rest, value)?);
    }
    let filters = root.into_filters();
    filters.iter().try_for_each(|filter| filter.check(fields))?;
    Ok(filters)
}

/// Reads `field][OPERATOR` or `field][OPERATOR][key`, the inner part of the parameter `name`.
fn condition(name: &str, inner: &str, value: &str) -> Answer<Condition> {
    let mut parts = inner.splitn(3, "][");
    let (Some(field), Some(operation)) = (parts.next(), parts.next()) else {
        return Err(ApiError::argument(format!("'{name}' is not of the form filters[field][OPERATOR]")));
    };
    let op = op(operation, name)?;
    let key = parts.next().map(str::to_owned);
    Ok(Condition { field: field.to_owned(), op, key, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    const FIELDS: [Field; 5] = [
        Field::text("namespace"),
        Field::text("flowId"),
        Field::new("labels", FieldKind::Labels),
        Field::new("startDate", FieldKind::Date),
        Field::new("attemptNumber", FieldKind::Number),
    ];

    fn all(pairs: &[(&str, &str)]) -> Answer<Vec<Filter>> {
        read(pairs.iter().copied(), &FIELDS)
    }

    fn one(name: &str, value: &str) -> Condition {
        match all(&[(name, value)]).unwrap().remove(0) {
            Filter::One(condition) => condition,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn conditions_are_read() {
        let read = one("filters[labels][EQUALS][team.name]", "a");
        assert_eq!((read.key.as_deref(), read.op), (Some("team.name"), Op::Equals));
        assert!(read.holds_for_labels(|key| (key == "team.name").then_some("a")).unwrap());
        let read = one("filters[labels][EQUALS]", "team:a");
        assert!(read.holds_for_labels(|key| (key == "team").then_some("a")).unwrap());
        for wrong in
            ["filters[a]", "filters", "filters[namespace][b", "filters[namespace][ABOUT]", "filters[]"]
        {
            assert!(all(&[(wrong, "x")]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (name, value, part) in [
            ("filters[colour][EQUALS]", "red", "colour"),
            ("filters[or][0][colour][EQUALS]", "red", "colour"),
            ("filters[startDate][CONTAINS]", "2024-01-01", "CONTAINS"),
            ("filters[startDate][EQUALS]", "then", "startDate"),
            ("filters[attemptNumber][EQUALS]", "x", "attemptNumber"),
            ("filters[namespace][GREATER_THAN]", "a", "GREATER_THAN"),
            ("filters[namespace][REGEX]", "(", "REGEX"),
            ("filters[namespace][EQUALS][key]", "a", "namespace"),
            ("filters[or][x][namespace][EQUALS]", "a", "filters[or][x]"),
        ] {
            let error = all(&[(name, value)]).unwrap_err();
            assert!(error.message().contains(part), "{name}: {}", error.message());
        }
    }

    #[test]
    fn groups_of_conditions_are_read() {
        let filters = all(&[
            ("filters[and][0][namespace][EQUALS]", "a"),
            ("filters[and][1][or][0][flowId][EQUALS]", "f"),
            ("filters[and][1][or][1][flowId][EQUALS]", "g"),
        ])
        .unwrap();
        let holds = |namespace: &str, flow: &str| {
            all_hold(&filters, &|condition| match condition.field.as_str() {
                "namespace" => condition.holds_for(namespace),
                _ => condition.holds_for(flow),
            })
            .unwrap()
        };
        assert!(holds("a", "f") && holds("a", "g"));
        assert!(!holds("a", "h") && !holds("b", "f"));
        let (mut conditions, mut choices) = (Vec::new(), Vec::new());
        filters.into_iter().for_each(|filter| filter.split(&mut conditions, &mut choices));
        assert_eq!((conditions.len(), choices.len()), (1, 1));
    }

    #[test]
    fn filters_of_a_body_are_read() {
        let body: Vec<QueryFilter> = serde_json::from_value(serde_json::json!([
            {"field": "FLOW_ID", "operation": "IN", "value": ["a", "b"]},
            {"logical": "OR", "children": [
                {"field": "labels", "operation": "EQUALS", "value": {"k": "v"}},
                {"field": "attemptNumber", "operation": "EQUALS", "value": 2},
            ]},
        ]))
        .unwrap();
        let filters = Filter::from_body(&body, &FIELDS).unwrap();
        let Filter::One(flow) = &filters[0] else { panic!("{filters:?}") };
        assert!(flow.field == "flowId" && flow.holds_for("b").unwrap() && !flow.holds_for("c").unwrap());
        let unknown: Vec<QueryFilter> =
            serde_json::from_value(serde_json::json!([{"field": "WORKER_ID", "value": "x"}])).unwrap();
        assert!(Filter::from_body(&unknown, &FIELDS).unwrap_err().message().contains("workerId"));
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
            ("NOT_CONTAINS", "B", "abc", false),
            ("REGEX", "^a.c$", "abc", true),
            ("ENDS_WITH", "c", "abc", true),
            ("NOT_EQUALS", "a", "a", false),
        ] {
            let read = one(&format!("filters[namespace][{op}]"), value);
            assert_eq!(read.holds_for(text).unwrap(), expected, "{op} {value} {text}");
        }
        let absent = |op: &str| one(&format!("filters[namespace][{op}]"), "a").holds_for_maybe(None).unwrap();
        assert_eq!(
            ["EQUALS", "NOT_EQUALS", "IS_NULL", "IS_NOT_NULL"].map(absent),
            [false, true, true, false]
        );
    }

    #[test]
    fn dates_and_numbers_are_compared() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let after = one("filters[startDate][GREATER_THAN]", "2024-01-01");
        assert!(after.holds_for_date(at("2024-01-02T00:00:00Z")).unwrap());
        assert!(!after.holds_for_date(at("2024-01-01T00:00:00Z")).unwrap());
        assert!(!after.holds_for_date(None).unwrap());
        let second = one("filters[attemptNumber][IN]", "1,2");
        assert!(second.holds_for_number(Some(2)).unwrap() && !second.holds_for_number(Some(3)).unwrap());
    }
}
