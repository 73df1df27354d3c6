//! The parameters of a query, as the warehouse takes them: each with the type that the client declares. The text of the
//! query stays as it is, so that positions in error messages are those of the client's text.

use super::run::number;
use super::script::{Piece, Scanner};
use crate::refusal::Refusal;
use segue_ports::warehouse::{Parameter, ParameterType};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The parameters of a query by name, and those by position.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Given {
    pub(super) named: BTreeMap<String, Parameter>,
    pub(super) positional: Vec<Parameter>,
}

impl Given {
    /// Reads `queryParameters`.
    pub(super) fn read(query: &Value) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for parameter in list(query, "queryParameters") {
            let part = |name: &str| parameter.get(name).unwrap_or(&Value::Null);
            let name = part("name").as_str().unwrap_or_default();
            let label = match name {
                "" => format!("number {}", found.positional.len() + 1),
                name => name.to_owned(),
            };
            let data_type = data_type(&label, part("parameterType"))?;
            let value = value(&data_type, part("parameterValue"));
            let own = Parameter { data_type: Some(data_type), value };
            if name.is_empty() {
                found.positional.push(own);
            } else {
                found.named.insert(name.to_owned(), own);
            }
        }
        Ok(found)
    }
}

/// The number of `?` in a statement, outside of its strings and comments.
pub(super) fn positions(sql: &str) -> usize {
    let (mut count, mut scanner) = (0, Scanner::of(sql));
    loop {
        let start = scanner.position();
        let Some(piece) = scanner.next_piece() else { return count };
        let own = sql.get(start..scanner.position()).unwrap_or_default();
        count += usize::from(matches!(piece, Piece::Text) && own == "?");
    }
}

fn list<'a>(of: &'a Value, part: &str) -> &'a [Value] {
    of.get(part).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The type of the parameter `name`.
fn data_type(name: &str, given: &Value) -> Result<ParameterType, Refusal> {
    let wrong = || Refusal::invalid(format!("the parameter {name} has no valid type: {given}"));
    let part = |of: &Value, name: &str| of.get(name).cloned().unwrap_or_default();
    let kind = given.get("type").and_then(Value::as_str).ok_or_else(wrong)?.to_uppercase();
    match kind.as_str() {
        "ARRAY" => Ok(ParameterType::Array(Box::new(data_type(name, &part(given, "arrayType"))?))),
        "STRUCT" => {
            let fields = list(given, "structTypes").iter().map(|field| {
                let own = field.get("name").and_then(Value::as_str).unwrap_or_default();
                Ok((own.to_owned(), data_type(name, &part(field, "type"))?))
            });
            Ok(ParameterType::Struct(fields.collect::<Result<_, Refusal>>()?))
        }
        "RANGE" => {
            let element = part(&part(given, "rangeElementType"), "type");
            let element = element.as_str().unwrap_or_default();
            format!("RANGE<{element}>").parse().map_err(|_| wrong())
        }
        _ => kind.parse().map_err(|_| wrong()),
    }
}

/// A value in the form of [`Parameter::value`]. A part that is missing is NULL.
fn value(data_type: &ParameterType, given: &Value) -> Value {
    match data_type {
        ParameterType::Array(element) => match given.get("arrayValues").and_then(Value::as_array) {
            Some(items) => items.iter().map(|item| value(element, item)).collect(),
            // Clients send an empty array so.
            None => Value::Array(Vec::new()),
        },
        ParameterType::Struct(fields) => {
            let own = |(name, ty): &(String, ParameterType)| {
                let given = given.get("structValues").and_then(|values| values.get(name));
                (name.clone(), value(ty, given.unwrap_or(&Value::Null)))
            };
            Value::Object(fields.iter().map(own).collect::<Map<String, Value>>())
        }
        ParameterType::Range(_) => match given.get("rangeValue") {
            None | Some(Value::Null) => Value::Null,
            Some(range) => {
                let bound = |name: &str| {
                    let own = range.get(name).and_then(|bound| bound.get("value")).and_then(Value::as_str);
                    own.unwrap_or("UNBOUNDED").to_owned()
                };
                json!(format!("[{}, {})", bound("start"), bound("end")))
            }
        },
        ParameterType::Plain(_) => match given.get("value") {
            None | Some(Value::Null) => Value::Null,
            Some(Value::String(text)) => Value::String(text.clone()),
            Some(other) => Value::String(other.to_string()),
        },
    }
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

/// A number of a request, or none if it is not set.
pub(super) fn count(of: &Value, name: &str) -> Result<Option<u64>, Refusal> {
    match of.get(name).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => number(value)
            .map(Some)
            .ok_or_else(|| Refusal::invalid(format!("{name} is {value}, not a whole number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, kind: Value, value: Value) -> Value {
        json!({"name": name, "parameterType": kind, "parameterValue": value})
    }

    #[test]
    fn parameters_keep_their_types_and_values() {
        for (kind, value, own, expected) in [
            (json!({"type": "INTEGER"}), json!({"value": "-7"}), "INT64", json!("-7")),
            (json!({"type": "STRING"}), json!({"value": "it's @x ?"}), "STRING", json!("it's @x ?")),
            (json!({"type": "NUMERIC"}), json!({"value": null}), "NUMERIC", json!(null)),
            (
                json!({"type": "ARRAY", "arrayType": {"type": "INT64"}}),
                json!({"arrayValues": [{"value": "1"}]}),
                "ARRAY<INT64>",
                json!(["1"]),
            ),
            (
                json!({"type": "ARRAY", "arrayType": {"type": "STRING"}}),
                json!({}),
                "ARRAY<STRING>",
                json!([]),
            ),
            (
                json!({"type": "STRUCT", "structTypes": [{"name": "x", "type": {"type": "BYTES"}}]}),
                json!({"structValues": {"x": {"value": "YQ=="}}}),
                "STRUCT<x BYTES>",
                json!({"x": "YQ=="}),
            ),
            (
                json!({"type": "RANGE", "rangeElementType": {"type": "DATE"}}),
                json!({"rangeValue": {"start": {"value": "2024-01-31"}, "end": {"value": null}}}),
                "RANGE<DATE>",
                json!("[2024-01-31, UNBOUNDED)"),
            ),
            (
                json!({"type": "RANGE", "rangeElementType": {"type": "TIMESTAMP"}}),
                json!({}),
                "RANGE<TIMESTAMP>",
                json!(null),
            ),
        ] {
            let query = json!({"queryParameters": [parameter("p", kind, value)]});
            let found = Given::read(&query).unwrap();
            let found = &found.named["p"];
            assert_eq!(found.data_type.as_ref().unwrap().to_string(), own);
            assert_eq!(found.value, expected);
        }
        for kind in [json!({"type": "RANGE"}), json!({"type": "ARRAY"}), json!({})] {
            let query = json!({"queryParameters": [parameter("p", kind.clone(), json!({"value": "x"}))]});
            assert!(Given::read(&query).is_err(), "{kind}");
        }
        let one = parameter("", json!({"type": "INT64"}), json!({"value": "1"}));
        let found = Given::read(&json!({"queryParameters": [one.clone(), one]})).unwrap();
        assert_eq!((found.positional.len(), found.named.len()), (2, 0));
    }

    #[test]
    fn only_marks_outside_of_texts_are_positions() {
        assert_eq!(positions("SELECT ?, '?', `?`, \"?\" -- ?\n/* ? */, ?"), 2);
    }
}
