//! Converts BigQuery's rows and columns for the port (docs/kestra.md 4.6): NUMERIC as a number, BYTES in
//! base64, TIMESTAMP as an instant, DATE as `yyyy-MM-dd`, DATETIME with a `Z`. The embedded warehouse returns
//! the same values.
//!
//! A row is a list of cells, each a text or null. A record is a row within a cell, and an array a list of
//! cells.
//!
//! To add a type: an arm in [`scalar`], and in [`type_name`] if the REST API has another name for it.

use super::wire::{Field, Schema};
use gcp_bigquery_client::model::table_row::TableRow;
use jiff::Timestamp;
use segue_ports::warehouse::{Column, Mode};
use serde_json::{Map, Number, Value};

/// The columns.
pub(super) fn columns(schema: &Schema) -> Vec<Column> {
    schema.fields.iter().map(column).collect()
}

fn column(field: &Field) -> Column {
    Column {
        name: field.name.clone(),
        data_type: type_name(field),
        mode: match field.mode.as_deref() {
            Some("REPEATED") => Mode::Repeated,
            Some("REQUIRED") => Mode::Required,
            _ => Mode::Nullable,
        },
        description: field.description.clone().filter(|text| !text.is_empty()),
    }
}

/// The name of the type in SQL. For a repeated field, the type of an element.
fn type_name(field: &Field) -> String {
    let name = plain_type(&field.kind);
    match (name.as_str(), field.precision, field.scale, field.max_length) {
        ("STRUCT", ..) => {
            let inner: Vec<String> = field
                .fields
                .iter()
                .map(|field| match field.mode.as_deref() {
                    Some("REPEATED") => format!("{} ARRAY<{}>", field.name, type_name(field)),
                    _ => format!("{} {}", field.name, type_name(field)),
                })
                .collect();
            format!("STRUCT<{}>", inner.join(", "))
        }
        ("NUMERIC" | "BIGNUMERIC", Some(precision), Some(scale), _) => {
            format!("{name}({precision}, {scale})")
        }
        ("NUMERIC" | "BIGNUMERIC", Some(precision), None, _) => format!("{name}({precision})"),
        ("STRING" | "BYTES", _, _, Some(length)) => format!("{name}({length})"),
        ("RANGE", ..) => format!("RANGE<{}>", element(field)),
        _ => name,
    }
}

fn plain_type(kind: &str) -> String {
    match kind.to_ascii_uppercase().as_str() {
        "INTEGER" => "INT64".to_owned(),
        "FLOAT" => "FLOAT64".to_owned(),
        "BOOLEAN" => "BOOL".to_owned(),
        "RECORD" => "STRUCT".to_owned(),
        other => other.to_owned(),
    }
}

/// A row.
pub(super) fn row(schema: &Schema, row: TableRow) -> Map<String, Value> {
    let cells = row.columns.into_iter().flatten().map(|cell| cell.value.unwrap_or_default());
    record(&schema.fields, cells)
}

fn record(fields: &[Field], cells: impl Iterator<Item = Value>) -> Map<String, Value> {
    fields.iter().zip(cells).map(|(field, cell)| (field.name.clone(), value(field, cell))).collect()
}

fn value(field: &Field, cell: Value) -> Value {
    if field.mode.as_deref() == Some("REPEATED") {
        let Value::Array(items) = cell else { return Value::Array(Vec::new()) };
        return Value::Array(items.into_iter().map(|item| single(field, inside(item))).collect());
    }
    single(field, cell)
}

/// The content of a cell, `{"v": …}`.
fn inside(cell: Value) -> Value {
    match cell {
        Value::Object(mut cell) => cell.remove("v").unwrap_or_default(),
        other => other,
    }
}

fn single(field: &Field, cell: Value) -> Value {
    match cell {
        Value::Object(mut row) if plain_type(&field.kind) == "STRUCT" => {
            let Some(Value::Array(cells)) = row.remove("f") else { return Value::Null };
            Value::Object(record(&field.fields, cells.into_iter().map(inside)))
        }
        Value::String(text) if plain_type(&field.kind) == "RANGE" => {
            Value::String(range(element(field), &text))
        }
        Value::String(text) => scalar(&plain_type(&field.kind), text),
        other => other,
    }
}

/// The type of the bounds of a RANGE.
fn element(field: &Field) -> &str {
    field.range_element_type.as_ref().map_or("DATE", |element| &element.kind)
}

/// The text of a RANGE as CAST writes it: `[2024-01-31 10:00:00+00, UNBOUNDED)`.
fn range(element: &str, text: &str) -> String {
    let bound = |bound: &str| match element {
        "TIMESTAMP" => instant(bound)
            .map(|instant| instant.replace('T', " ").replace('Z', "+00"))
            .unwrap_or(bound.to_owned()),
        "DATETIME" => match bound.split_once('T') {
            Some((date, time)) => format!("{date} {}", clock(time)),
            None => bound.to_owned(),
        },
        _ => bound.to_owned(),
    };
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    match inner.split_once(", ") {
        Some((start, end)) => format!("[{}, {})", bound(start), bound(end)),
        None => text.to_owned(),
    }
}

fn scalar(kind: &str, text: String) -> Value {
    let read = match kind {
        "INT64" => text.parse::<i64>().ok().map(Value::from),
        "FLOAT64" => float(&text),
        "NUMERIC" | "BIGNUMERIC" => decimal(&text),
        "BOOL" => text.parse::<bool>().ok().map(Value::Bool),
        "TIMESTAMP" => instant(&text).map(Value::String),
        "DATETIME" => {
            text.split_once('T').map(|(date, time)| Value::String(format!("{date}T{}Z", clock(time))))
        }
        "TIME" => Some(Value::String(clock(&text))),
        _ => None,
    };
    read.unwrap_or(Value::String(text))
}

fn float(text: &str) -> Option<Value> {
    let own: f64 = text.parse().ok()?;
    Some(Number::from_f64(own).map_or_else(|| Value::String(own.to_string()), Value::Number))
}

/// A decimal as a number: whole numbers as integers, others as the double that Kestra makes of NUMERIC.
fn decimal(text: &str) -> Option<Value> {
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    match short.parse::<i64>() {
        Ok(whole) => Some(Value::from(whole)),
        Err(_) => float(short),
    }
}

/// A time in microseconds since 1970, as requested, or in seconds with a fraction, the API's default.
fn instant(text: &str) -> Option<String> {
    let micros = match text.parse::<i64>() {
        Ok(micros) => micros,
        Err(_) => micros_of_seconds(text)?,
    };
    let at = Timestamp::from_microsecond(micros).ok()?;
    let fraction = fraction(micros.rem_euclid(1_000_000));
    Some(format!("{}{fraction}Z", at.strftime("%Y-%m-%dT%H:%M:%S")))
}

fn micros_of_seconds(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    let micros = (seconds * 1e6).round();
    // Beyond 2^53 a double cannot distinguish microseconds. The years of BigQuery fit into i64.
    (micros.abs() < 9.2e18).then_some(micros as i64)
}

/// A time of day. Its fraction has three digits, six digits, or none.
fn clock(text: &str) -> String {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let micros = format!("{digits:0<6}").get(..6).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    format!("{whole}{}", fraction(micros))
}

fn fraction(micros: i64) -> String {
    match (micros, micros % 1000) {
        (0, _) => String::new(),
        (_, 0) => format!(".{:03}", micros / 1000),
        _ => format!(".{micros:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: &str) -> Field {
        Field { name: "x".to_owned(), kind: kind.to_owned(), ..Field::default() }
    }

    #[test]
    fn values_are_those_of_the_port() {
        for (kind, sent, expected) in [
            ("INTEGER", "-9223372036854775808", json!(i64::MIN)),
            ("FLOAT", "3.0", json!(3.0)),
            ("FLOAT", "NaN", json!("NaN")),
            ("FLOAT", "-Infinity", json!("-inf")),
            ("NUMERIC", "8", json!(8)),
            ("NUMERIC", "8.500", json!(8.5)),
            ("NUMERIC", "100", json!(100)),
            ("BIGNUMERIC", "99999999999999999999", json!(1e20)),
            ("BOOLEAN", "true", json!(true)),
            ("BYTES", "AQID", json!("AQID")),
            ("STRING", "1", json!("1")),
            ("DATE", "2021-01-31", json!("2021-01-31")),
            ("TIME", "01:02:03.500000", json!("01:02:03.500")),
            ("TIME", "01:02:03.000004", json!("01:02:03.000004")),
            ("DATETIME", "2021-01-31T01:02:03", json!("2021-01-31T01:02:03Z")),
            ("TIMESTAMP", "1609461000000000", json!("2021-01-01T00:30:00Z")),
            ("TIMESTAMP", "1.609461E9", json!("2021-01-01T00:30:00Z")),
            ("TIMESTAMP", "1609461000.25", json!("2021-01-01T00:30:00.250Z")),
            ("TIMESTAMP", "-1", json!("1969-12-31T23:59:59.999999Z")),
            ("TIMESTAMP", "-62135596800000000", json!("0001-01-01T00:00:00Z")),
            ("JSON", "{\"a\":1}", json!("{\"a\":1}")),
        ] {
            assert_eq!(value(&field(kind), json!(sent)), expected, "{kind} {sent}");
            assert_eq!(value(&field(kind), Value::Null), Value::Null);
        }
    }

    #[test]
    fn ranges_are_texts() {
        for (element, sent, expected) in [
            ("DATE", "[UNBOUNDED, 2022-12-31)", "[UNBOUNDED, 2022-12-31)"),
            ("DATETIME", "[2022-10-01T14:53:27, UNBOUNDED)", "[2022-10-01 14:53:27, UNBOUNDED)"),
            (
                "TIMESTAMP",
                "[1609461000000000, 1609461000500000)",
                "[2021-01-01 00:30:00+00, 2021-01-01 00:30:00.500+00)",
            ),
        ] {
            let field: Field = serde_json::from_value(
                json!({"name": "x", "type": "RANGE", "rangeElementType": {"type": element}}),
            )
            .unwrap();
            assert_eq!(value(&field, json!(sent)), expected);
            assert_eq!(column(&field).data_type, format!("RANGE<{element}>"));
        }
    }

    #[test]
    fn records_and_arrays_are_nested() {
        let schema: Schema = serde_json::from_value(json!({"fields": [
            {"name": "who", "type": "RECORD", "mode": "REPEATED", "fields": [
                {"name": "id", "type": "INTEGER"},
                {"name": "tags", "type": "STRING", "mode": "REPEATED"},
            ]},
            {"name": "price", "type": "NUMERIC", "precision": "10", "scale": "2", "mode": "REQUIRED"},
        ]}))
        .unwrap();
        let sent: TableRow = serde_json::from_value(json!({"f": [
            {"v": [{"v": {"f": [{"v": "7"}, {"v": [{"v": "a"}, {"v": "b"}]}]}}]},
            {"v": "1.50"},
        ]}))
        .unwrap();
        let read = row(&schema, sent);
        assert_eq!(json!(read), json!({"who": [{"id": 7, "tags": ["a", "b"]}], "price": 1.5}));
        let columns = columns(&schema);
        assert_eq!(columns[0].data_type, "STRUCT<id INT64, tags ARRAY<STRING>>");
        assert_eq!((columns[0].mode, columns[1].mode), (Mode::Repeated, Mode::Required));
        assert_eq!(columns[1].data_type, "NUMERIC(10, 2)");
    }
}
