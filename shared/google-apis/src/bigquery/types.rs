//! Converts SQL types to BigQuery's columns: `STRUCT<a INT64, b ARRAY<STRING>>` and similar.

use segue_ports::warehouse::{Column, Mode};
use serde_json::{Map, Value, json};

/// A column in the format of the REST API.
pub(super) fn field(column: &Column) -> Value {
    let mode = match column.mode {
        Mode::Nullable => "NULLABLE",
        Mode::Required => "REQUIRED",
        Mode::Repeated => "REPEATED",
    };
    let mut field = typed(&column.name, &column.data_type);
    field.insert("mode".to_owned(), json!(mode));
    if let Some(description) = &column.description {
        field.insert("description".to_owned(), json!(description));
    }
    Value::Object(field)
}

fn typed(name: &str, data_type: &str) -> Map<String, Value> {
    let mut field = Map::new();
    field.insert("name".to_owned(), json!(name));
    let data_type = data_type.trim();
    if let Some(element) = inside(data_type, "ARRAY<") {
        field = typed(name, element);
        field.insert("mode".to_owned(), json!("REPEATED"));
        return field;
    }
    if let Some(element) = inside(data_type, "RANGE<") {
        field.insert("type".to_owned(), json!("RANGE"));
        field.insert("rangeElementType".to_owned(), json!({"type": element}));
        return field;
    }
    if let Some(members) = inside(data_type, "STRUCT<") {
        let fields: Vec<Value> = split(members)
            .into_iter()
            .map(|member| {
                let (name, data_type) = member.trim().split_once(' ').unwrap_or(("", member));
                Value::Object(typed(name.trim_matches('`'), data_type))
            })
            .collect();
        field.insert("type".to_owned(), json!("RECORD"));
        field.insert("fields".to_owned(), json!(fields));
        return field;
    }
    let (plain, sizes) = data_type.split_once('(').unwrap_or((data_type, ""));
    let mut sizes = sizes.trim_end_matches(')').split(',').map(str::trim).filter(|size| !size.is_empty());
    let kind = match plain.trim() {
        "INT64" => "INTEGER",
        "FLOAT64" => "FLOAT",
        "BOOL" => "BOOLEAN",
        other => other,
    };
    field.insert("type".to_owned(), json!(kind));
    let names: &[&str] =
        if matches!(kind, "STRING" | "BYTES") { &["maxLength"] } else { &["precision", "scale"] };
    for (name, size) in names.iter().zip(&mut sizes) {
        field.insert((*name).to_owned(), json!(size));
    }
    field
}

fn inside<'a>(data_type: &'a str, start: &str) -> Option<&'a str> {
    data_type.strip_prefix(start)?.strip_suffix('>')
}

/// The members of a record, split at commas outside of brackets.
fn split(members: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, letter) in members.char_indices() {
        match letter {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(members.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(members.get(start..));
    found
}

/// The partitions of a `PARTITION BY` clause in the format of the REST API.
pub(super) fn partitions(written: &str) -> Map<String, Value> {
    let text: String = written.chars().filter(|letter| !letter.is_whitespace() && *letter != '`').collect();
    let call = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')').map(str::to_owned);
    let mut table = Map::new();
    if let Some(range) = call("RANGE_BUCKET") {
        let numbers =
            range.split_once(",GENERATE_ARRAY(").map(|(field, rest)| (field, rest.trim_end_matches(')')));
        let (field, numbers) = numbers.unwrap_or((&range, ""));
        let mut numbers = numbers.split(',');
        let mut next = || numbers.next().unwrap_or_default().to_owned();
        let range = json!({"start": next(), "end": next(), "interval": next()});
        table.insert("rangePartitioning".to_owned(), json!({"field": field, "range": range}));
        return table;
    }
    let truncated = ["TIMESTAMP_TRUNC", "DATETIME_TRUNC", "DATE_TRUNC"].into_iter().find_map(call);
    let (field, kind) = match truncated.as_deref().and_then(|arguments| arguments.split_once(',')) {
        Some((field, kind)) => (field.to_owned(), kind.to_owned()),
        None => (call("DATE").unwrap_or_else(|| text.clone()), "DAY".to_owned()),
    };
    let by = if field.starts_with("_PARTITION") {
        json!({"type": kind})
    } else {
        json!({"type": kind, "field": field})
    };
    table.insert("timePartitioning".to_owned(), by);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_in_fields() {
        let column = Column {
            name: "x".to_owned(),
            data_type: "STRUCT<a INT64, b ARRAY<STRUCT<c NUMERIC(10, 2), d STRING(3)>>, e RANGE<DATE>>"
                .to_owned(),
            mode: Mode::Repeated,
            description: None,
        };
        assert_eq!(
            field(&column),
            json!({"name": "x", "type": "RECORD", "mode": "REPEATED", "fields": [
                {"name": "a", "type": "INTEGER"},
                {"name": "b", "type": "RECORD", "mode": "REPEATED", "fields": [
                    {"name": "c", "type": "NUMERIC", "precision": "10", "scale": "2"},
                    {"name": "d", "type": "STRING", "maxLength": "3"},
                ]},
                {"name": "e", "type": "RANGE", "rangeElementType": {"type": "DATE"}},
            ]})
        );
    }

    #[test]
    fn partitions_are_told_in_fields() {
        for (written, expected) in [
            ("DATE ( seen )", json!({"timePartitioning": {"type": "DAY", "field": "seen"}})),
            ("day", json!({"timePartitioning": {"type": "DAY", "field": "day"}})),
            ("TIMESTAMP_TRUNC(seen, HOUR)", json!({"timePartitioning": {"type": "HOUR", "field": "seen"}})),
            ("_PARTITIONDATE", json!({"timePartitioning": {"type": "DAY"}})),
            (
                "RANGE_BUCKET(id, GENERATE_ARRAY(0, 9, 3))",
                json!({"rangePartitioning": {"field": "id", "range": {"start": "0", "end": "9", "interval": "3"}}}),
            ),
        ] {
            assert_eq!(Value::Object(partitions(written)), expected);
        }
    }
}
