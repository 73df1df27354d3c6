//! Query parameters in the format of the REST API. The types of `gcp-bigquery-client` have no ranges, so this is plain
//! JSON.
//!
//! To add a type with parts: an arm in [`declared`], and in [`value`].

use segue_ports::warehouse::{Parameter, ParameterType};
use serde_json::{Map, Value, json};

/// A parameter. One without a name is a position.
pub(super) fn parameter(name: Option<&String>, parameter: &Parameter) -> Value {
    let own = &parameter.value;
    let (data_type, said) = match &parameter.data_type {
        Some(data_type) => (declared(data_type), value(Some(data_type), own)),
        None => (inferred(own), value(None, own)),
    };
    let mut found = json!({"parameterType": data_type, "parameterValue": said});
    if let (Some(name), Some(found)) = (name, found.as_object_mut()) {
        found.insert("name".to_owned(), json!(name));
    }
    found
}

/// The type that the caller declares.
fn declared(data_type: &ParameterType) -> Value {
    match data_type {
        ParameterType::Plain(name) => json!({"type": name}),
        ParameterType::Array(element) => json!({"type": "ARRAY", "arrayType": declared(element)}),
        ParameterType::Range(element) => json!({"type": "RANGE", "rangeElementType": {"type": element}}),
        ParameterType::Struct(fields) => {
            let fields = fields.iter().map(|(name, own)| named(name, declared(own)));
            json!({"type": "STRUCT", "structTypes": fields.collect::<Vec<_>>()})
        }
    }
}

/// A field of a struct. One without a name has only a type.
fn named(name: &str, data_type: Value) -> Value {
    if name.is_empty() { json!({"type": data_type}) } else { json!({"name": name, "type": data_type}) }
}

/// The type of a parameter, from the type of its JSON value. NULL and an empty array are sent as texts.
fn inferred(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!({"type": "BOOL"}),
        Value::Number(number) if number.is_f64() => json!({"type": "FLOAT64"}),
        Value::Number(_) => json!({"type": "INT64"}),
        Value::String(_) | Value::Null => json!({"type": "STRING"}),
        Value::Array(items) => {
            let element = items.iter().find(|item| !item.is_null()).unwrap_or(&Value::Null);
            json!({"type": "ARRAY", "arrayType": inferred(element)})
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, own)| named(name, inferred(own)));
            json!({"type": "STRUCT", "structTypes": fields.collect::<Vec<_>>()})
        }
    }
}

fn value(data_type: Option<&ParameterType>, own: &Value) -> Value {
    let field = |name: &str| match data_type {
        Some(ParameterType::Struct(fields)) => fields.iter().find(|(own, _)| own == name).map(|(_, own)| own),
        _ => None,
    };
    let element = match data_type {
        Some(ParameterType::Array(element)) => Some(&**element),
        _ => None,
    };
    match (data_type, own) {
        // No value at all is NULL.
        (_, Value::Null) => json!({}),
        (Some(ParameterType::Range(_)), Value::String(text)) => range(text),
        (_, Value::String(text)) => json!({"value": text}),
        (_, Value::Bool(_) | Value::Number(_)) => json!({"value": own.to_string()}),
        (_, Value::Array(items)) => {
            json!({"arrayValues": items.iter().map(|item| value(element, item)).collect::<Vec<_>>()})
        }
        (_, Value::Object(fields)) => {
            let fields = fields.iter().map(|(name, own)| (name.clone(), value(field(name), own)));
            json!({"structValues": fields.collect::<Map<_, _>>()})
        }
    }
}

/// `[start, end)`. A bound that is UNBOUNDED has no value. BigQuery refuses a text that is no range.
fn range(text: &str) -> Value {
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(')'));
    let Some((start, end)) = inner.and_then(|inner| inner.split_once(',')) else {
        return json!({"value": text});
    };
    let bound = |text: &str| match text.trim() {
        text if text.eq_ignore_ascii_case("UNBOUNDED") || text.eq_ignore_ascii_case("NULL") => json!({}),
        text => json!({"value": text}),
    };
    json!({"rangeValue": {"start": bound(start), "end": bound(end)}})
}
