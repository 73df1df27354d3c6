//! A value of a row as the server's text for a parameter. The server says which type it expects.

use crate::nested::array_text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use segue_model::Json;
use std::error::Error;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};

/// A value for a parameter of any type.
#[derive(Debug)]
pub(crate) struct Parameter<'a>(pub(crate) &'a Json);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match text(of, self.0) {
            None => Ok(IsNull::Yes),
            Some(text) if text.contains('\0') => Err("a text for PostgreSQL must have no zero byte".into()),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(of, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

/// None is NULL.
fn text(of: &Type, value: &Json) -> Option<String> {
    if let Kind::Domain(base) = of.kind() {
        return text(base, value);
    }
    match (of.kind(), value) {
        (_, Json::Null) => None,
        _ if matches!(*of, Type::JSON | Type::JSONB) => Some(match value {
            // A text that is JSON already, as a query here returns it from a text column.
            Json::String(text) if serde_json::from_str::<Json>(text).is_ok() => text.clone(),
            value => value.to_string(),
        }),
        (Kind::Array(item), Json::Array(items)) => Some(array_text(items, &|value| text(item, value))),
        (_, Json::String(encoded)) if *of == Type::BYTEA => Some(bytes(encoded)),
        (_, Json::String(text)) => Some(text.clone()),
        (Kind::Simple, Json::Object(map)) if of.name() == "hstore" => Some(hstore(map)),
        (_, value) => Some(value.to_string()),
    }
}

/// Base64, as queries here return bytes. Any other text is the server's own form.
fn bytes(encoded: &str) -> String {
    match STANDARD.decode(encoded) {
        Ok(bytes) => bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")),
        Err(_) => encoded.to_owned(),
    }
}

fn hstore(map: &segue_model::Map) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let pairs = map.iter().map(|(key, value)| {
        let value = match value {
            Json::Null => "NULL".to_owned(),
            Json::String(text) => quoted(text),
            value => quoted(&value.to_string()),
        };
        format!("{}=>{value}", quoted(key))
    });
    pairs.collect::<Vec<_>>().join(",")
}
