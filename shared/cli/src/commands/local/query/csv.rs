//! Rows as CSV (RFC 4180).

use segue_api_types::WarehouseResult;
use segue_model::Json;

/// The names of the columns and the rows. NULL is an empty field.
pub(super) fn text(result: &WarehouseResult) -> String {
    let mut text = String::new();
    line(&mut text, result.columns.iter().map(|column| column.name.clone()));
    for row in &result.rows {
        line(
            &mut text,
            result.columns.iter().map(|column| match row.get(&column.name) {
                None | Some(Json::Null) => String::new(),
                Some(value) => super::cell(value),
            }),
        );
    }
    text
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) {
            text.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
        } else {
            text.push_str(&field);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_api_types::WarehouseColumn;
    use serde_json::json;

    #[test]
    fn fields_are_quoted_if_they_must_be() {
        let column = |name: &str| WarehouseColumn {
            name: name.to_owned(),
            data_type: "STRING".to_owned(),
            mode: "NULLABLE".to_owned(),
            description: None,
        };
        let rows = json!([{"a": "x,y", "b": null}, {"a": "say \"hi\"", "b": 2}]);
        let result = WarehouseResult {
            columns: ["a", "b"].map(column).into(),
            rows: serde_json::from_value(rows).unwrap(),
            ..WarehouseResult::default()
        };
        assert_eq!(text(&result), "a,b\n\"x,y\",\n\"say \"\"hi\"\"\",2\n");
    }
}
