//! The parameters of a query on the command line: `name:TYPE:value` as `bq query` has it, or `name=value`.

use crate::client::Refused;
use segue_api_types::WarehouseParameter;
use segue_model::{Json, Map};

/// The parameters without a declared type, and the parameters with one.
type Given = (Map, Vec<WarehouseParameter>);

/// Reads the parameters.
pub(super) fn read(given: &[String]) -> anyhow::Result<Given> {
    let (mut plain, mut declared) = (Map::new(), Vec::new());
    for argument in given {
        let name_end = argument.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(argument.len());
        let (name, rest) = argument.split_at(name_end);
        let value = rest.strip_prefix('=').filter(|_| !name.is_empty());
        if let Some(value) = value {
            let typed = serde_json::from_str(value)
                .ok()
                .filter(|value: &Json| value.is_number() || value.is_boolean() || value.is_null());
            plain.insert(name.to_owned(), typed.unwrap_or_else(|| Json::String(value.to_owned())));
            continue;
        }
        let typed = rest.strip_prefix(':').and_then(|rest| rest.split_once(':'));
        let (data_type, value) = typed.ok_or_else(|| {
            Refused(format!("--param {argument}: write it as NAME:TYPE:VALUE or NAME=VALUE"))
        })?;
        let data_type = if data_type.is_empty() { "STRING" } else { data_type };
        // A range is written as in SQL: [2024-01-01, UNBOUNDED).
        let is_range =
            data_type.trim_start().get(..6).is_some_and(|start| start.eq_ignore_ascii_case("RANGE<"));
        let has_parts = data_type.contains('<') && !is_range;
        let value = if value == "NULL" {
            Json::Null
        } else if has_parts {
            serde_json::from_str(value)
                .map_err(|error| Refused(format!("--param {argument}: {value} is no JSON: {error}")))?
        } else {
            Json::String(value.to_owned())
        };
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        declared.push(WarehouseParameter { name, data_type: data_type.to_owned(), value });
    }
    Ok((plain, declared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_have_a_type() {
        let given = ["n=3", "day=2024-03-01", "on=true", "text=a=b", "when=10:30:00"].map(str::to_owned);
        let expected = json!({"n": 3, "day": "2024-03-01", "on": true, "text": "a=b", "when": "10:30:00"});
        assert_eq!(Json::Object(read(&given).unwrap().0), expected);
        assert!(read(&["n".to_owned()]).is_err());
        assert!(read(&["n:INT64".to_owned()]).is_err());
        assert!(read(&["n:ARRAY<INT64>:1, 2".to_owned()]).is_err());
    }

    #[test]
    fn types_are_declared_as_bq_does() {
        let given = [
            "day:DATE:2024-03-01",
            ":INT64:3",
            "name::O'Hara: x",
            "ids:ARRAY<INT64>:[1,2]",
            "no:INT64:NULL",
            "days:RANGE<DATE>:[2024-01-01, UNBOUNDED)",
        ];
        let (plain, declared) = read(&given.map(str::to_owned)).unwrap();
        assert!(plain.is_empty());
        assert_eq!(
            serde_json::to_value(declared).unwrap(),
            json!([
                {"name": "day", "type": "DATE", "value": "2024-03-01"},
                {"type": "INT64", "value": "3"},
                {"name": "name", "type": "STRING", "value": "O'Hara: x"},
                {"name": "ids", "type": "ARRAY<INT64>", "value": [1, 2]},
                {"name": "no", "type": "INT64", "value": null},
                {"name": "days", "type": "RANGE<DATE>", "value": "[2024-01-01, UNBOUNDED)"},
            ])
        );
    }
}
