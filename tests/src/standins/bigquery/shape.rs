//! Rows in BigQuery's format: `{"f": [{"v": "1"}, …]}`. Every value is a text.

use super::types;
use segue_ports::warehouse::Column;
use serde_json::{Map, Value, json};

/// The schema of columns.
pub(super) fn schema(columns: &[Column]) -> Value {
    json!({"fields": columns.iter().map(types::field).collect::<Vec<_>>()})
}

/// Rows. A TIMESTAMP is in microseconds, or in seconds as a double.
pub(super) fn rows(schema: &Value, rows: &[Map<String, Value>], exact_times: bool) -> Vec<Value> {
    rows.iter().map(|row| record(schema, row, exact_times)).collect()
}

fn record(schema: &Value, row: &Map<String, Value>, exact_times: bool) -> Value {
    let fields = schema.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let cells: Vec<Value> = fields
        .iter()
        .map(|field| {
            let value = row.get(text(field, "name")).unwrap_or(&Value::Null);
            json!({"v": cell(field, value, exact_times)})
        })
        .collect();
    json!({ "f": cells })
}

fn text<'a>(field: &'a Value, name: &str) -> &'a str {
    field.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn cell(field: &Value, value: &Value, exact_times: bool) -> Value {
    match value {
        Value::Array(items) if text(field, "mode") == "REPEATED" => {
            items.iter().map(|item| json!({"v": single(field, item, exact_times)})).collect()
        }
        other => single(field, other, exact_times),
    }
}

fn single(field: &Value, value: &Value, exact_times: bool) -> Value {
    match (text(field, "type"), value) {
        (_, Value::Null) => Value::Null,
        ("RECORD", Value::Object(row)) => record(field, row, exact_times),
        ("TIMESTAMP", Value::String(instant)) => json!(timestamp(instant, exact_times)),
        ("DATETIME", Value::String(text)) => json!(text.trim_end_matches('Z')),
        ("FLOAT", Value::String(text)) => json!(text.replace("inf", "Infinity")),
        (_, Value::String(text)) => json!(text),
        (_, other) => json!(other.to_string()),
    }
}

fn timestamp(instant: &str, exact_times: bool) -> String {
    match instant.parse::<jiff::Timestamp>() {
        Ok(at) if exact_times => at.as_microsecond().to_string(),
        Ok(at) => format!("{:E}", at.as_microsecond() as f64 / 1e6),
        Err(_) => instant.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_text() {
        let schema = json!({"fields": [
            {"name": "n", "type": "INTEGER"},
            {"name": "at", "type": "TIMESTAMP"},
            {"name": "who", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "b", "type": "BOOLEAN"}]},
        ]});
        let row = json!({"n": 1, "at": "2021-01-01T00:30:00Z", "who": [{"b": true}, {"b": null}]});
        let row = [row.as_object().cloned().unwrap()];
        assert_eq!(
            rows(&schema, &row, true),
            [json!({"f": [{"v": "1"}, {"v": "1609461000000000"}, {"v": [
                {"v": {"f": [{"v": "true"}]}}, {"v": {"f": [{"v": null}]}},
            ]}]})]
        );
        assert_eq!(rows(&schema, &row, false)[0]["f"][1]["v"], "1.609461E9");
    }
}
