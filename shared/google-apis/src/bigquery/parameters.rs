//! The parameters of a query: `@name` or `?` in the SQL. Each one is replaced by an expression with its value and its
//! type, so the warehouse sees the type that the client declared.

use super::run::number;
use super::script::{Piece, Scanner};
use crate::refusal::Refusal;
use serde_json::Value;
use std::collections::HashMap;

/// The SQL with the values of its parameters.
pub(super) fn replaced(sql: &str, query: &Value) -> Result<String, Refusal> {
    let given = list(query, "queryParameters");
    if given.is_empty() {
        return Ok(sql.to_owned());
    }
    let (mut named, mut positional) = (HashMap::new(), Vec::new());
    for parameter in given {
        let part = |name: &str| parameter.get(name).unwrap_or(&Value::Null);
        let name = part("name").as_str().unwrap_or_default();
        let label =
            if name.is_empty() { format!("number {}", positional.len() + 1) } else { name.to_owned() };
        let expression = expression(&label, part("parameterType"), part("parameterValue"))?;
        if name.is_empty() {
            positional.push(expression);
        } else {
            named.insert(name.to_lowercase(), expression);
        }
    }
    substitute(sql, &named, &positional)
}

fn substitute(sql: &str, named: &HashMap<String, String>, positional: &[String]) -> Result<String, Refusal> {
    let missing = |what: &str| Refusal::new("invalidQuery", format!("Query parameter {what} not found"));
    let (mut text, mut next) = (String::with_capacity(sql.len()), positional.iter());
    let mut scanner = Scanner::of(sql);
    loop {
        let start = scanner.position();
        let Some(piece) = scanner.next_piece() else { return Ok(text) };
        let own = sql.get(start..scanner.position()).unwrap_or_default();
        match (piece, own) {
            (Piece::Text, "?") if !positional.is_empty() => {
                text.push_str(
                    next.next().ok_or_else(|| missing(&format!("number {}", positional.len() + 1)))?,
                );
            }
            (Piece::Text, "@") => {
                let rest = sql.get(scanner.position()..).unwrap_or_default();
                // A name can be in backticks.
                let quoted = rest.strip_prefix('`').and_then(|rest| Some(rest.split_once('`')?.0));
                let plain = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
                let plain = plain.unwrap_or(rest.len());
                let name = quoted.or_else(|| rest.get(..plain)).unwrap_or_default();
                let end = if quoted.is_some() { name.len() + 2 } else { plain };
                if name.is_empty() || text.ends_with('@') {
                    // `@@name` is a variable of the system.
                    text.push('@');
                    continue;
                }
                text.push_str(named.get(&name.to_lowercase()).ok_or_else(|| missing(&format!("'{name}'")))?);
                scanner.skip(end);
            }
            _ => text.push_str(own),
        }
    }
}

fn list<'a>(of: &'a Value, part: &str) -> &'a [Value] {
    of.get(part).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The name of a type in SQL.
fn type_name(name: &str, data_type: &Value) -> Result<String, Refusal> {
    let wrong = || Refusal::invalid(format!("the parameter {name} has no valid type: {data_type}"));
    let kind = data_type.get("type").and_then(Value::as_str).ok_or_else(wrong)?.to_uppercase();
    match kind.as_str() {
        "ARRAY" => {
            Ok(format!("ARRAY<{}>", type_name(name, data_type.get("arrayType").unwrap_or(&Value::Null))?))
        }
        "STRUCT" => {
            let mut members = Vec::new();
            for field in list(data_type, "structTypes") {
                let own = type_name(name, field.get("type").unwrap_or(&Value::Null))?;
                members
                    .push(format!("{} {own}", field.get("name").and_then(Value::as_str).unwrap_or_default()));
            }
            Ok(format!("STRUCT<{}>", members.join(", ")))
        }
        "INTEGER" => Ok("INT64".to_owned()),
        "FLOAT" => Ok("FLOAT64".to_owned()),
        "BOOLEAN" => Ok("BOOL".to_owned()),
        "INT64" | "FLOAT64" | "BOOL" | "STRING" | "BYTES" | "DATE" | "DATETIME" | "TIME" | "TIMESTAMP"
        | "NUMERIC" | "BIGNUMERIC" | "JSON" => Ok(kind),
        other => Err(Refusal::unsupported(&format!("query parameters of the type {other}"))),
    }
}

/// A value as an expression.
fn expression(name: &str, data_type: &Value, given: &Value) -> Result<String, Refusal> {
    let kind = type_name(name, data_type)?;
    if kind.starts_with("ARRAY<") {
        let element = data_type.get("arrayType").unwrap_or(&Value::Null);
        let items = list(given, "arrayValues").iter().map(|item| expression(name, element, item));
        let items: Vec<String> = items.collect::<Result<_, _>>()?;
        return Ok(if items.is_empty() {
            format!("CAST([] AS {kind})")
        } else {
            format!("[{}]", items.join(", "))
        });
    }
    if kind.starts_with("STRUCT<") {
        let mut members = Vec::new();
        for field in list(data_type, "structTypes") {
            let member = field.get("name").and_then(Value::as_str).unwrap_or_default();
            let own = given.get("structValues").and_then(|values| values.get(member)).unwrap_or(&Value::Null);
            let own = expression(name, field.get("type").unwrap_or(&Value::Null), own)?;
            members.push(if member.is_empty() { own } else { format!("{own} AS {member}") });
        }
        return Ok(format!("STRUCT({})", members.join(", ")));
    }
    let value = match given.get("value") {
        None | Some(Value::Null) => return Ok(format!("CAST(NULL AS {kind})")),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let wrong =
        || Refusal::invalid(format!("the value of the parameter {name} is '{value}', which is no {kind}"));
    Ok(match kind.as_str() {
        "INT64" => format!("({})", value.trim().parse::<i64>().map_err(|_| wrong())?),
        "BOOL" => {
            value.trim().to_lowercase().parse::<bool>().map_err(|_| wrong())?.to_string().to_uppercase()
        }
        "STRING" => literal(&value),
        "BYTES" => format!("FROM_BASE64({})", literal(&value)),
        "JSON" => format!("PARSE_JSON({})", literal(&value)),
        _ => format!("CAST({} AS {kind})", literal(&value)),
    })
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
    use serde_json::json;

    fn parameter(name: &str, kind: Value, value: Value) -> Value {
        json!({"name": name, "parameterType": kind, "parameterValue": value})
    }

    #[test]
    fn parameters_become_expressions_with_their_types() {
        for (kind, value, expected) in [
            (json!({"type": "INT64"}), json!({"value": "-7"}), "(-7)"),
            (json!({"type": "BOOL"}), json!({"value": "true"}), "TRUE"),
            (json!({"type": "STRING"}), json!({"value": "it's @x ?"}), "'it\\'s @x ?'"),
            (json!({"type": "DATE"}), json!({"value": "2024-01-01"}), "CAST('2024-01-01' AS DATE)"),
            (json!({"type": "NUMERIC"}), json!({"value": null}), "CAST(NULL AS NUMERIC)"),
            (
                json!({"type": "ARRAY", "arrayType": {"type": "INTEGER"}}),
                json!({"arrayValues": [{"value": "1"}]}),
                "[(1)]",
            ),
            (
                json!({"type": "ARRAY", "arrayType": {"type": "STRING"}}),
                json!({}),
                "CAST([] AS ARRAY<STRING>)",
            ),
            (
                json!({"type": "STRUCT", "structTypes": [{"name": "x", "type": {"type": "BYTES"}}]}),
                json!({"structValues": {"x": {"value": "YQ=="}}}),
                "STRUCT(FROM_BASE64('YQ==') AS x)",
            ),
        ] {
            let query = json!({"queryParameters": [parameter("p", kind, value)]});
            assert_eq!(replaced("SELECT @P", &query).unwrap(), format!("SELECT {expected}"));
        }
        for (kind, value) in [("INT64", "7x"), ("BOOL", "maybe"), ("RANGE", "x")] {
            let query =
                json!({"queryParameters": [parameter("p", json!({"type": kind}), json!({"value": value}))]});
            assert!(replaced("SELECT @p", &query).is_err(), "{kind}");
        }
    }

    #[test]
    fn only_parameters_are_replaced() {
        let one = |name: &str| parameter(name, json!({"type": "INT64"}), json!({"value": "1"}));
        let named = json!({"queryParameters": [one("a")]});
        let sql = "SELECT '@a', \"?\", `@a`, @@time_zone, @a -- @a ?\n/* @a */";
        assert_eq!(
            replaced(sql, &named).unwrap(),
            "SELECT '@a', \"?\", `@a`, @@time_zone, (1) -- @a ?\n/* @a */"
        );
        assert_eq!(replaced("SELECT @`a`+@a", &named).unwrap(), "SELECT (1)+(1)");
        assert!(replaced("SELECT @b", &named).is_err());
        let positional = json!({"queryParameters": [one(""), one("")]});
        assert_eq!(replaced("SELECT ?, '?', ?", &positional).unwrap(), "SELECT (1), '?', (1)");
        assert!(replaced("SELECT ?, ?, ?", &positional).is_err());
    }
}
