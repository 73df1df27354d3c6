//! Columns to load, in the format of the REST API: `STRUCT<a INT64, b ARRAY<STRING>>` and similar.
//!
//! The types of `gcp-bigquery-client` have no length, precision and scale, so this is plain JSON.
//!
//! To add a type with sizes: an arm in [`sizes`].

use segue_ports::warehouse::{Column, Mode};
use serde_json::{Map, Value, json};

/// The schema of a table with these columns.
pub(super) fn schema(columns: &[Column]) -> Value {
    json!({"fields": columns.iter().map(field).collect::<Vec<_>>()})
}

fn field(column: &Column) -> Value {
    let mut field = typed(&column.name, &column.data_type);
    let mode = match column.mode {
        Mode::Nullable => None,
        Mode::Required => Some("REQUIRED"),
        Mode::Repeated => Some("REPEATED"),
    };
    if let Some(mode) = mode {
        field.insert("mode".to_owned(), json!(mode));
    }
    if let Some(description) = &column.description {
        field.insert("description".to_owned(), json!(description));
    }
    Value::Object(field)
}

fn typed(name: &str, data_type: &str) -> Map<String, Value> {
    let data_type = data_type.trim();
    let upper = data_type.to_ascii_uppercase();
    let inside = |start: &str| {
        let begins = upper.starts_with(start) && upper.ends_with('>');
        data_type.get(start.len()..data_type.len().saturating_sub(1)).filter(|_| begins)
    };
    if let Some(element) = inside("ARRAY<") {
        let mut field = typed(name, element);
        field.insert("mode".to_owned(), json!("REPEATED"));
        return field;
    }
    let mut field = Map::new();
    field.insert("name".to_owned(), json!(name));
    if let Some(element) = inside("RANGE<") {
        field.insert("type".to_owned(), json!("RANGE"));
        field.insert("rangeElementType".to_owned(), json!({"type": element.trim()}));
        return field;
    }
    if let Some(members) = inside("STRUCT<") {
        let fields = split(members).into_iter().map(|member| {
            let (name, data_type) = member.trim().split_once(' ').unwrap_or(("", member));
            Value::Object(typed(name.trim_matches('`'), data_type))
        });
        field.insert("type".to_owned(), json!("RECORD"));
        field.insert("fields".to_owned(), fields.collect());
        return field;
    }
    let (plain, given) = upper.split_once('(').unwrap_or((&upper, ""));
    let plain = plain.trim();
    field.insert("type".to_owned(), json!(plain));
    let given = given.trim_end_matches(')').split(',').map(str::trim).filter(|size| !size.is_empty());
    for (name, size) in sizes(plain).iter().zip(given) {
        field.insert((*name).to_owned(), json!(size));
    }
    field
}

/// The names of the numbers in brackets after a type.
fn sizes(data_type: &str) -> &'static [&'static str] {
    match data_type {
        "STRING" | "BYTES" => &["maxLength"],
        "NUMERIC" | "BIGNUMERIC" => &["precision", "scale"],
        _ => &[],
    }
}

/// The members of a record, split at commas outside of brackets.
fn split(members: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |letter: char| {
        match letter {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    };
    members.split(outside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_nested_as_the_api_wants_them() {
        let column = |data_type: &str, mode| Column {
            name: "x".to_owned(),
            data_type: data_type.to_owned(),
            mode,
            description: None,
        };
        let described = Column { description: Some("d".to_owned()), ..column("int64", Mode::Required) };
        for (column, expected) in [
            (described, json!({"name": "x", "type": "INT64", "mode": "REQUIRED", "description": "d"})),
            (
                column("NUMERIC(10, 2)", Mode::Nullable),
                json!({"name": "x", "type": "NUMERIC", "precision": "10", "scale": "2"}),
            ),
            (
                column("STRING(3)", Mode::Repeated),
                json!({"name": "x", "type": "STRING", "maxLength": "3", "mode": "REPEATED"}),
            ),
            (
                column("STRUCT<`a` INT64, b ARRAY<STRUCT<c NUMERIC(10, 2), d STRING>>>", Mode::Nullable),
                json!({"name": "x", "type": "RECORD", "fields": [
                    {"name": "a", "type": "INT64"},
                    {"name": "b", "type": "RECORD", "mode": "REPEATED", "fields": [
                        {"name": "c", "type": "NUMERIC", "precision": "10", "scale": "2"},
                        {"name": "d", "type": "STRING"},
                    ]},
                ]}),
            ),
        ] {
            assert_eq!(schema(&[column]), json!({"fields": [expected]}));
        }
    }
}
