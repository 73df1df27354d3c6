//! Rows in BigQuery's format: `{"f": [{"v": "1"}, …]}`. Every value is a text.

use super::types;
use segue_ports::warehouse::Column;
use serde_json::{Map, Value, json};

/// The schema of columns.
pub(super) fn schema(columns: &[Column]) -> Value {
    json!({"fields": columns.iter().map(types::field).collect::<Vec<_>>()})
}

/// A row. Its TIMESTAMPs are in microseconds.
pub(super) fn row(schema: &Value, row: &Map<String, Value>) -> Value {
    let cells: Vec<Value> = fields(schema)
        .iter()
        .map(|field| {
            let value = row.get(text(field, "name")).unwrap_or(&Value::Null);
            json!({"v": cell(field, value)})
        })
        .collect();
    json!({ "f": cells })
}

/// The fields of a schema or a record.
pub(super) fn fields(schema: &Value) -> &[Value] {
    schema.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(field: &'a Value, name: &str) -> &'a str {
    field.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn cell(field: &Value, value: &Value) -> Value {
    match value {
        Value::Array(items) if text(field, "mode") == "REPEATED" => {
            items.iter().map(|item| json!({"v": single(field, item)})).collect()
        }
        Value::Null if text(field, "mode") == "REPEATED" => json!([]),
        other => single(field, other),
    }
}

fn single(field: &Value, value: &Value) -> Value {
    match (text(field, "type"), value) {
        (_, Value::Null) => Value::Null,
        ("RECORD", Value::Object(own)) => row(field, own),
        ("TIMESTAMP", Value::String(instant)) => json!(timestamp(instant)),
        ("RANGE", Value::String(range)) => json!(bounds(range, |bound| match element(field) {
            "TIMESTAMP" => timestamp(&bound.replace(' ', "T").replace("+00", "Z")),
            "DATETIME" => bound.replace(' ', "T"),
            _ => bound.to_owned(),
        })),
        ("DATETIME", Value::String(text)) => json!(text.trim_end_matches('Z')),
        ("FLOAT", Value::String(text)) => json!(text.replace("inf", "Infinity")),
        (_, Value::String(text)) => json!(text),
        // Without an exponent, as in BigQuery.
        ("NUMERIC" | "BIGNUMERIC", Value::Number(own)) if own.is_f64() => {
            json!(own.as_f64().unwrap_or_default().to_string())
        }
        (_, other) => json!(other.to_string()),
    }
}

/// The type of the bounds of a RANGE.
fn element(field: &Value) -> &str {
    field.pointer("/rangeElementType/type").and_then(Value::as_str).unwrap_or_default()
}

/// A range `[start, end)` with other texts of its bounds.
fn bounds(range: &str, change: impl Fn(&str) -> String) -> String {
    let inner = range.strip_prefix('[').and_then(|rest| rest.strip_suffix(')')).unwrap_or(range);
    let own = |bound: &str| if bound == "UNBOUNDED" { bound.to_owned() } else { change(bound) };
    match inner.split_once(", ") {
        Some((start, end)) => format!("[{}, {})", own(start), own(end)),
        None => range.to_owned(),
    }
}

fn timestamp(instant: &str) -> String {
    match instant.parse::<jiff::Timestamp>() {
        Ok(at) => at.as_microsecond().to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// Whether a schema has a column of type TIMESTAMP.
pub(super) fn has_timestamps(schema: &Value) -> bool {
    let is_time = |field: &Value| text(field, "type") == "TIMESTAMP" || element(field) == "TIMESTAMP";
    fields(schema).iter().any(|field| is_time(field) || has_timestamps(field))
}

/// The form of TIMESTAMPs in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Whole microseconds.
    Micros,
    /// Seconds as a double. Clients that do not ask for a form get it.
    Seconds,
    /// `2024-01-01T00:00:00.123456Z`.
    Instants,
}

/// Changes the TIMESTAMPs of a row, which are in microseconds.
pub(super) fn change_times(schema: &Value, row: &mut Value, times: Times) {
    let Some(cells) = row.get_mut("f").and_then(Value::as_array_mut) else { return };
    for (field, cell) in fields(schema).iter().zip(cells) {
        let Some(value) = cell.get_mut("v") else { continue };
        match value {
            Value::Array(items) => {
                items
                    .iter_mut()
                    .filter_map(|item| item.get_mut("v"))
                    .for_each(|item| change_time(field, item, times));
            }
            single => change_time(field, single, times),
        }
    }
}

fn change_time(field: &Value, value: &mut Value, times: Times) {
    match (text(field, "type"), &*value) {
        ("TIMESTAMP", Value::String(micros)) => *value = json!(time(micros, times)),
        ("RANGE", Value::String(range)) if element(field) == "TIMESTAMP" => {
            *value = json!(bounds(range, |bound| time(bound, times)));
        }
        ("RECORD", Value::Object(_)) => change_times(field, value, times),
        _ => {}
    }
}

/// A time in microseconds in another form.
fn time(text: &str, times: Times) -> String {
    let Ok(micros) = text.parse::<i64>() else { return text.to_owned() };
    match times {
        Times::Micros => text.to_owned(),
        Times::Seconds => format!("{:E}", micros as f64 / 1e6),
        Times::Instants => {
            let at = jiff::Timestamp::from_microsecond(micros);
            at.map(|at| format!("{at:.6}")).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_ranges_have_the_form_of_their_type() {
        let range = |name: &str, element: &str| json!({"name": name, "type": "RANGE", "rangeElementType": {"type": element}});
        let schema = json!({"fields": [range("d", "DATE"), range("m", "DATETIME"), range("t", "TIMESTAMP")]});
        let own = json!({
            "d": "[UNBOUNDED, 2022-12-31)",
            "m": "[2022-10-01 14:53:27, UNBOUNDED)",
            "t": "[2021-01-01 00:30:00+00, 2021-01-01 00:30:00.500+00)",
        });
        let mut encoded = row(&schema, own.as_object().unwrap());
        assert_eq!(
            encoded,
            json!({"f": [{"v": "[UNBOUNDED, 2022-12-31)"}, {"v": "[2022-10-01T14:53:27, UNBOUNDED)"},
                {"v": "[1609461000000000, 1609461000500000)"}]})
        );
        assert!(has_timestamps(&schema));
        change_times(&schema, &mut encoded, Times::Instants);
        assert_eq!(encoded["f"][2]["v"], "[2021-01-01T00:30:00.000000Z, 2021-01-01T00:30:00.500000Z)");
    }

    #[test]
    fn decimals_have_no_exponent() {
        let schema =
            json!({"fields": [{"name": "n", "type": "NUMERIC"}, {"name": "b", "type": "BIGNUMERIC"}]});
        let own = json!({"n": 1e20, "b": 1e-20});
        assert_eq!(
            row(&schema, own.as_object().unwrap()),
            json!({"f": [{"v": "100000000000000000000"}, {"v": "0.00000000000000000001"}]})
        );
    }

    #[test]
    fn every_value_is_a_text() {
        let schema = json!({"fields": [
            {"name": "n", "type": "INTEGER"},
            {"name": "at", "type": "TIMESTAMP"},
            {"name": "who", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "b", "type": "BOOLEAN"}]},
            {"name": "none", "type": "STRING", "mode": "REPEATED"},
        ]});
        let own = json!({"n": 1, "at": "2021-01-01T00:30:00Z", "who": [{"b": true}, {"b": null}]});
        let mut encoded = row(&schema, own.as_object().unwrap());
        assert_eq!(
            encoded,
            json!({"f": [{"v": "1"}, {"v": "1609461000000000"}, {"v": [
                {"v": {"f": [{"v": "true"}]}}, {"v": {"f": [{"v": null}]}},
            ]}, {"v": []}]})
        );
        assert!(has_timestamps(&schema));
        let mut other = encoded.clone();
        change_times(&schema, &mut encoded, Times::Seconds);
        assert_eq!(encoded["f"][1]["v"], "1.609461E9");
        change_times(&schema, &mut other, Times::Instants);
        assert_eq!(other["f"][1]["v"], "2021-01-01T00:30:00.000000Z");
    }
}
