//! Converts a submitted text or JSON value to a value of a declared type (docs/kestra.md 1.2).

use super::{instants, numbers, shown, yaml};
use regex::Regex;
use segue_model::input::InputKind;
use segue_model::{Json, parse_duration};
use std::sync::LazyLock;

/// Converts a value to a type. Null stays null. Bounds, patterns and lists of allowed values are checked elsewhere.
///
/// # Errors
/// What the value must be, for the middle part of the message about the input.
pub fn convert(kind: &InputKind, value: &Json) -> Result<Json, String> {
    if value.is_null() {
        return Ok(Json::Null);
    }
    let text = || shown(value);
    match kind {
        InputKind::String { .. } | InputKind::Select { .. } | InputKind::Secret { .. } | InputKind::Email => {
            Ok(Json::String(text()))
        }
        InputKind::Int { .. } => numbers::int(value),
        InputKind::Float { .. } => numbers::float(value),
        InputKind::Boolean => Ok(Json::Bool(text().eq_ignore_ascii_case("true"))),
        InputKind::Datetime { .. } => {
            read(&text(), |text| instants::instant(text).map(instants::instant_text))
        }
        InputKind::Date { .. } => read(&text(), |text| instants::date(text).map(|date| date.to_string())),
        InputKind::Time { .. } => read(&text(), |text| instants::time(text).map(|time| time.to_string())),
        InputKind::Duration { .. } => read(&text(), |text| parse_duration(text).map(instants::duration_text)),
        InputKind::File { .. } => file(value),
        InputKind::Json => match value {
            Json::String(text) => {
                serde_json::from_str(text).map_err(|error| format!("it must be JSON: {error}"))
            }
            other => Ok(other.clone()),
        },
        InputKind::Yaml => match value {
            Json::String(text) => yaml::read(text).map_err(|error| format!("it must be YAML: {error}")),
            other => Ok(other.clone()),
        },
        InputKind::Uri => uri(&text()),
        InputKind::Array { item_type } | InputKind::Multiselect { item_type, .. } => list(item_type, value),
    }
}

/// Reads a text. The readers say "'x' is not a date"; the message about the input names the value itself.
fn read(text: &str, reader: impl Fn(&str) -> Result<String, String>) -> Result<Json, String> {
    reader(text).map(Json::String).map_err(|error| match error.strip_prefix(&format!("'{text}' is not ")) {
        Some(wanted) => format!("it must be {wanted}"),
        None => error,
    })
}

/// The URI of a file in internal storage or among the namespace files.
fn file(value: &Json) -> Result<Json, String> {
    let uri = shown(value);
    let is_stored = ["kestra://", "nsfile://"].iter().any(|scheme| uri.starts_with(scheme));
    match is_stored {
        true => Ok(uri.into()),
        false => {
            Err("it must be an uploaded file, or a kestra:// or nsfile:// URI of a stored file".to_owned())
        }
    }
}

/// A scheme and a host with a dot. After the host, every character of RFC 3986 is allowed.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests")]
static URI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\A[a-z][a-z0-9]*://(?-u:[-\w@:%.+~#=]{1,256}\.[a-zA-Z0-9()]{1,6}\b[-\w()@:%+.~#?&/=!$'*,;\[\]]*)\z",
    )
    .unwrap()
});

const NOT_A_URI: &str =
    "it must be an address with a scheme and a host with a dot, such as https://example.com/a";

fn uri(text: &str) -> Result<Json, String> {
    if URI.is_match(text) { Ok(text.into()) } else { Err(NOT_A_URI.to_owned()) }
}

/// A list, written as a list or as JSON text. Each element is converted to the element type.
fn list(item_type: &str, value: &Json) -> Result<Json, String> {
    let parsed;
    let items = match value {
        Json::Array(items) => items,
        _ => {
            parsed = serde_json::from_str::<Vec<Json>>(&shown(value))
                .map_err(|error| format!("it must be a list in JSON: {error}"))?;
            parsed.as_slice()
        }
    };
    let item_kind = bare(item_type)
        .ok_or_else(|| format!("`itemType` is `{item_type}`, but elements cannot have this type"))?;
    items
        .iter()
        .map(|item| {
            convert(&item_kind, item)
                .map_err(|why| format!("its element `{}` is no {item_type}: {why}", shown(item)))
        })
        .collect()
}

/// The element type with this name, without bounds. `None` for a list or an unknown name.
fn bare(name: &str) -> Option<InputKind> {
    Some(match name.to_ascii_uppercase().as_str() {
        "STRING" | "SELECT" | "ENUM" => InputKind::String { validator: None },
        "INT" => InputKind::Int { min: None, max: None },
        "FLOAT" => InputKind::Float { min: None, max: None },
        "BOOLEAN" | "BOOL" => InputKind::Boolean,
        "DATETIME" => InputKind::Datetime { after: None, before: None },
        "DATE" => InputKind::Date { after: None, before: None },
        "TIME" => InputKind::Time { after: None, before: None },
        "DURATION" => InputKind::Duration { min: None, max: None },
        "FILE" => InputKind::File { allowed_file_extensions: Vec::new() },
        "JSON" => InputKind::Json,
        "YAML" => InputKind::Yaml,
        "URI" => InputKind::Uri,
        "SECRET" => InputKind::Secret { validator: None },
        "EMAIL" => InputKind::Email,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Checks each value against its expected result, or against a part of the error.
    fn check(kind: &InputKind, cases: &[(Json, Result<Json, &str>)]) {
        for (value, expected) in cases {
            match (convert(kind, value), expected) {
                (Err(message), Err(part)) => {
                    assert!(message.contains(part), "{} {value}: {message}", kind.name());
                }
                (read, expected) => {
                    assert_eq!(
                        read.as_ref().map_err(String::as_str),
                        expected.as_ref().map_err(|part| *part),
                        "{} {value}",
                        kind.name()
                    );
                }
            }
        }
    }

    #[test]
    fn texts_take_any_scalar() {
        for name in ["STRING", "SECRET", "EMAIL"] {
            check(
                &bare(name).unwrap(),
                &[
                    (json!("a b"), Ok(json!("a b"))),
                    (json!(""), Ok(json!(""))),
                    (json!(12), Ok(json!("12"))),
                    (json!(true), Ok(json!("true"))),
                    (json!(null), Ok(json!(null))),
                ],
            );
        }
    }

    #[test]
    fn booleans_are_true_or_else_false() {
        check(
            &InputKind::Boolean,
            &[
                (json!(true), Ok(json!(true))),
                (json!("TRUE"), Ok(json!(true))),
                (json!("yes"), Ok(json!(false))),
                (json!(""), Ok(json!(false))),
                (json!(1), Ok(json!(false))),
            ],
        );
    }

    #[test]
    fn numbers_name_what_they_cannot_read() {
        check(
            &bare("INT").unwrap(),
            &[(json!("5"), Ok(json!(5))), (json!("x"), Err("it must be a whole number between"))],
        );
        check(
            &bare("FLOAT").unwrap(),
            &[(json!(1), Ok(json!(1.0))), (json!("x"), Err("it must be a number"))],
        );
    }

    #[test]
    fn dates_and_durations_are_texts_in_one_form() {
        check(
            &bare("DATETIME").unwrap(),
            &[
                (json!("2024-01-02T03:04:05.1Z"), Ok(json!("2024-01-02T03:04:05.100Z"))),
                (json!("yesterday"), Err("it must be an instant in UTC such as 2024-01-31T10:00:00Z")),
            ],
        );
        check(
            &bare("DATE").unwrap(),
            &[
                (json!("2024-01-02"), Ok(json!("2024-01-02"))),
                (json!("2/1/24"), Err("it must be a date such as 2024-01-31")),
            ],
        );
        check(
            &bare("TIME").unwrap(),
            &[
                (json!("09:05"), Ok(json!("09:05:00"))),
                (json!("9"), Err("it must be a time of day such as 10:30")),
            ],
        );
        check(
            &bare("DURATION").unwrap(),
            &[
                (json!("P1D"), Ok(json!("PT24H"))),
                (
                    json!("1 day"),
                    Err("it must be an ISO-8601 duration such as PT10S or P1D: it does not start with P"),
                ),
            ],
        );
    }

    #[test]
    fn files_are_stored_ones() {
        check(
            &bare("FILE").unwrap(),
            &[
                (json!("kestra:///ns/flow/a.csv"), Ok(json!("kestra:///ns/flow/a.csv"))),
                (json!("nsfile:///a.csv"), Ok(json!("nsfile:///a.csv"))),
                (json!("/etc/passwd"), Err("it must be an uploaded file")),
                (json!("file:///etc/passwd"), Err("it must be an uploaded file")),
            ],
        );
    }

    #[test]
    fn json_and_yaml_are_read() {
        check(
            &InputKind::Json,
            &[
                (json!("{\"a\": [1, null]}"), Ok(json!({"a": [1, null]}))),
                (json!("12"), Ok(json!(12))),
                (json!({"a": 1}), Ok(json!({"a": 1}))),
                (json!("{a"), Err("it must be JSON: key must be a string")),
            ],
        );
        check(
            &InputKind::Yaml,
            &[
                (json!("a:\n  - 1\n  - x: yes\n"), Ok(json!({"a": [1, {"x": "yes"}]}))),
                (json!({"a": 1}), Ok(json!({"a": 1}))),
                (json!("a: [1"), Err("it must be YAML: ")),
            ],
        );
    }

    #[test]
    fn uris_have_a_host_with_a_dot() {
        let no = Err::<Json, _>(NOT_A_URI.to_owned());
        for text in [
            "https://www.example.com/a?b=c#d",
            "s3://bucket.name/key",
            "http://a.io:8080",
            "https://a.io/it's/$batch;v=1,2/*!?$filter=name%20eq%20'x'&ids[]=1",
        ] {
            assert_eq!(convert(&InputKind::Uri, &json!(text)), Ok(json!(text)));
        }
        for text in ["example.com", "http://localhost", "kestra:///a.csv", "https://", "http://a.io/b c", ""]
        {
            assert_eq!(convert(&InputKind::Uri, &json!(text)), no);
        }
    }

    #[test]
    fn elements_are_read_one_by_one() {
        let ints = InputKind::Array { item_type: "INT".to_owned() };
        check(
            &ints,
            &[
                (json!("[1, \"2\"]"), Ok(json!([1, 2]))),
                (json!([3]), Ok(json!([3]))),
                (json!([]), Ok(json!([]))),
                (json!([1, "x"]), Err("its element `x` is no INT: it must be a whole number")),
                (json!("1,2"), Err("it must be a list in JSON: ")),
                (json!("{\"a\":1}"), Err("it must be a list in JSON: ")),
            ],
        );
        let nested = InputKind::Array { item_type: "ARRAY".to_owned() };
        check(&nested, &[(json!([[1]]), Err("elements cannot have this type"))]);
        let several = InputKind::Multiselect {
            values: vec![],
            expression: None,
            item_type: "STRING".to_owned(),
            allow_custom_value: false,
        };
        check(&several, &[(json!("[\"a\", 1]"), Ok(json!(["a", "1"])))]);
    }
}
