//! The parameters of a query: `@name` and `?` in the SQL, with the types that the caller declares.
//!
//! It must not know: how an engine writes a value. To add a type: nothing, if it has a plain name in BigQuery.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// The value of a query parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The declared type. None: the type of the JSON value, INT64, FLOAT64, BOOL or STRING.
    pub data_type: Option<ParameterType>,
    /// The value. An array is a JSON array, and a struct is an object. Other values are JSON values, or texts as
    /// BigQuery's API writes them: BYTES in base64, `2024-01-31` for a DATE.
    pub value: Value,
}

impl From<Value> for Parameter {
    fn from(value: Value) -> Self {
        Self { data_type: None, value }
    }
}

/// The type of a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterType {
    /// BigQuery's name of a type without parts, in capitals.
    Plain(String),
    /// An array of elements of this type.
    Array(Box<ParameterType>),
    /// A range of DATE, DATETIME or TIMESTAMP. Its value is a text: `[2024-01-31, UNBOUNDED)`.
    Range(String),
    /// The fields of a struct. A field without a name has an empty one.
    Struct(Vec<(String, ParameterType)>),
}

/// The text of a type cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no type of a parameter; write it as INT64, ARRAY<STRING> or STRUCT<x INT64, y DATE>")]
pub struct UnknownType(String);

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(name) => f.write_str(name),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Range(element) => write!(f, "RANGE<{element}>"),
            Self::Struct(fields) => {
                f.write_str("STRUCT<")?;
                for (index, (name, own)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let gap = if name.is_empty() { "" } else { " " };
                    write!(f, "{comma}{name}{gap}{own}")?;
                }
                f.write_str(">")
            }
        }
    }
}

impl FromStr for ParameterType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let text = text.trim();
        let unknown = || UnknownType(text.to_owned());
        let is_word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let Some((outer, rest)) = text.split_once('<') else {
            let name = text.to_ascii_uppercase();
            return Ok(match name.as_str() {
                _ if !is_word(&name) => return Err(unknown()),
                "ARRAY" | "STRUCT" | "RANGE" => return Err(unknown()),
                "INTEGER" | "INT" | "BIGINT" => Self::Plain("INT64".to_owned()),
                "FLOAT" => Self::Plain("FLOAT64".to_owned()),
                "BOOLEAN" => Self::Plain("BOOL".to_owned()),
                "DECIMAL" => Self::Plain("NUMERIC".to_owned()),
                "BIGDECIMAL" => Self::Plain("BIGNUMERIC".to_owned()),
                _ => Self::Plain(name),
            });
        };
        let inner = rest.strip_suffix('>').ok_or_else(unknown)?;
        match outer.trim().to_ascii_uppercase().as_str() {
            "ARRAY" => Ok(Self::Array(Box::new(inner.parse()?))),
            "RANGE" => match inner.trim().to_ascii_uppercase() {
                element if matches!(element.as_str(), "DATE" | "DATETIME" | "TIMESTAMP") => {
                    Ok(Self::Range(element))
                }
                _ => Err(unknown()),
            },
            "STRUCT" => {
                let field = |part: &str| -> Result<(String, Self), UnknownType> {
                    let part = part.trim();
                    let named = part.split_once(char::is_whitespace).filter(|(name, _)| is_word(name));
                    match named {
                        Some((name, own)) => Ok((name.to_owned(), own.parse()?)),
                        None => Ok((String::new(), part.parse()?)),
                    }
                };
                parts(inner).into_iter().map(field).collect::<Result<_, _>>().map(Self::Struct)
            }
            _ => Err(unknown()),
        }
    }
}

/// The parts between the commas outside of angle brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0i32, 0);
    for (index, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    found.push(text.get(start..).unwrap_or_default());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written() {
        for (text, written) in [
            ("int64", "INT64"),
            (" Integer ", "INT64"),
            ("array<struct<a int64, b array<date>>>", "ARRAY<STRUCT<a INT64, b ARRAY<DATE>>>"),
            ("STRUCT<INT64, STRING>", "STRUCT<INT64, STRING>"),
            ("range<date>", "RANGE<DATE>"),
            ("ARRAY<RANGE<TIMESTAMP>>", "ARRAY<RANGE<TIMESTAMP>>"),
        ] {
            assert_eq!(text.parse::<ParameterType>().unwrap().to_string(), written);
        }
        for text in
            ["", "ARRAY", "ARRAY<INT64", "STRUCT<a INT64,>", "INT64; DROP", "LIST<INT64>", "RANGE<INT64>"]
        {
            assert!(text.parse::<ParameterType>().is_err(), "{text}");
        }
    }
}
