//! Functions that make JSON of values of any type, change JSON, or have arguments with a name.
//!
//! To add a function, add it to [`NAMES`] and a branch in `Analyzer::json_function`.

use super::calls::{no_signature, unknown_name};
use super::cast::as_text;
use super::names::Names;
use super::value::{Form, Value, field, text_literal};
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

/// The functions of this module.
pub(super) const NAMES: &[&str] = &[
    "DOUBLE",
    "FLOAT64",
    "JSON_ARRAY",
    "JSON_ARRAY_APPEND",
    "JSON_ARRAY_INSERT",
    "JSON_OBJECT",
    "JSON_SET",
    "PARSE_JSON",
    "TO_JSON",
    "TO_JSON_STRING",
];

/// The arguments with a name.
const NAMED: &[(&str, &str)] = &[
    ("DOUBLE", "wide_number_mode"),
    ("FLOAT64", "wide_number_mode"),
    ("JSON_ARRAY_APPEND", "append_each_element"),
    ("JSON_ARRAY_INSERT", "insert_each_element"),
    ("JSON_SET", "create_if_missing"),
    ("PARSE_JSON", "wide_number_mode"),
    ("TO_JSON_STRING", "pretty_print"),
];

impl Analyzer<'_> {
    /// A call of a function of this module.
    pub(super) fn json_function(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let name = call.name.as_str();
        if let Some((unknown, _)) = call.named.iter().find(|(own, _)| !NAMED.contains(&(name, own.as_str())))
        {
            return Err(unknown_name(unknown, name, at));
        }
        let values = self.arguments(&call.arguments, names)?;
        if values.iter().any(|value| value.ty.has_range()) {
            return Err(missing(at, &format!("{name} of RANGE")));
        }
        let refused = || no_signature(name, &values, at);
        Ok(match (name, values.as_slice()) {
            ("TO_JSON_STRING", [value, ..]) if values.len() <= 2 => {
                let text = json_text(value, Json::Text).ok_or_else(refused)?;
                let named = self.named(call, &DataType::Bool, names, at)?;
                let pretty = match (values.get(1), named) {
                    (Some(pretty), None) => self.coerced(pretty, &DataType::Bool, at)?.sql,
                    (None, Some(pretty)) => pretty.sql,
                    (None, None) => "FALSE".to_owned(),
                    (Some(_), Some(_)) => return Err(refused()),
                };
                let plain = format!("COALESCE({text}, 'null')");
                let sql = if pretty == "FALSE" {
                    plain
                } else {
                    format!("CASE WHEN {pretty} THEN bqf('json_pretty', {plain}) ELSE {plain} END")
                };
                Value { never_null: true, ..Value::new(DataType::String, sql) }
            }
            ("TO_JSON", [value]) => {
                let text = json_text(value, Json::Wide).ok_or_else(refused)?;
                Value::new(
                    DataType::Json,
                    format!("CAST(bqf('json_normal', COALESCE({text}, 'null')) AS JSON)"),
                )
            }
            ("PARSE_JSON", [text]) => {
                let text = self.coerced(text, &DataType::String, at)?;
                let mode = self.named(call, &DataType::String, names, at)?;
                let mode = mode.map_or_else(|| "'exact'".to_owned(), |mode| mode.sql);
                Value::new(DataType::Json, format!("CAST(bqf('json_parse', {}, {mode}) AS JSON)", text.sql))
            }
            ("DOUBLE" | "FLOAT64", [json]) if json.ty == DataType::Json => {
                let mode = self.named(call, &DataType::String, names, at)?;
                let mode = mode.map_or_else(|| "'round'".to_owned(), |mode| mode.sql);
                let sql = format!("CAST(bqf('json_float', CAST({} AS VARCHAR), {mode}) AS DOUBLE)", json.sql);
                Value::new(DataType::Float64, sql)
            }
            ("JSON_ARRAY", values) => {
                let parts: Option<Vec<String>> =
                    values.iter().map(|value| json_text(value, Json::Wide)).collect();
                let parts: Vec<String> = parts
                    .ok_or_else(refused)?
                    .into_iter()
                    .map(|part| format!("COALESCE({part}, 'null')"))
                    .collect();
                let inner = if parts.is_empty() { "''".to_owned() } else { parts.join(" || ',' || ") };
                Value::new(DataType::Json, format!("CAST(bqf('json_normal', '[' || {inner} || ']') AS JSON)"))
            }
            ("JSON_OBJECT", values) => self.json_object(values, at).ok_or_else(refused)?,
            ("JSON_SET" | "JSON_ARRAY_APPEND" | "JSON_ARRAY_INSERT", [json, rest @ ..])
                if json.ty == DataType::Json && !rest.is_empty() && rest.len() % 2 == 0 =>
            {
                let flag = self.named(call, &DataType::Bool, names, at)?;
                let flag =
                    flag.map_or_else(|| "'true'".to_owned(), |flag| format!("CAST({} AS VARCHAR)", flag.sql));
                let mut parts = vec![format!("CAST({} AS VARCHAR)", json.sql), flag];
                for pair in rest.chunks(2) {
                    let [path, value] = pair else { continue };
                    parts.push(self.coerced(path, &DataType::String, at)?.sql);
                    parts.push(format!(
                        "COALESCE({}, 'null')",
                        json_text(value, Json::Wide).ok_or_else(refused)?
                    ));
                }
                Value::new(
                    DataType::Json,
                    format!("CAST(bqf('{}', {}) AS JSON)", name.to_lowercase(), parts.join(", ")),
                )
            }
            _ => return Err(refused()),
        })
    }

    /// The value of the argument with a name, as one of this type. `None` if the call does not have the argument.
    fn named(&self, call: &Call, ty: &DataType, names: &Names<'_>, at: At) -> Analyzed<Option<Value>> {
        match call.named.as_slice() {
            [] => Ok(None),
            [(_, value)] => self.expr_as(value, ty, names).map(Some),
            _ => Err(refuse(at, &format!("{} has one argument with a name", call.name))),
        }
    }

    fn json_object(&self, values: &[Value], at: At) -> Option<Value> {
        let text =
            |value: &Value| json_text(value, Json::Wide).map(|text| format!("COALESCE({text}, 'null')"));
        if let [keys, items] = values
            && let (DataType::Array(_), DataType::Array(_)) = (&keys.ty, &items.ty)
        {
            let sql = format!("CAST(bqf('json_zip', {}, {}) AS JSON)", text(keys)?, text(items)?);
            return Some(Value::new(DataType::Json, sql));
        }
        let mut parts = vec!["'json_object'".to_owned()];
        for pair in values.chunks(2) {
            let [key, value] = pair else { return None };
            let key = self.coerced(key, &DataType::String, at).ok()?.sql;
            parts.push(format!("bq_json_key({key})"));
            parts.push(text(value)?);
        }
        Some(Value::new(DataType::Json, format!("CAST(bqf({}) AS JSON)", parts.join(", "))))
    }
}

/// How a value becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    /// As TO_JSON_STRING: large integers are texts.
    Text,
    /// As TO_JSON: integers of any size are numbers.
    Wide,
    /// For FORMAT: structs are arrays, because their fields may have no names.
    Positions,
}

/// A value as the text of JSON, in DuckDB's syntax. NULL stays NULL.
pub(super) fn json_text(value: &Value, style: Json) -> Option<String> {
    if value.is_null() {
        return Some("CAST(NULL AS VARCHAR)".to_owned());
    }
    let x = &value.sql;
    Some(match &value.ty {
        DataType::Int64 if style == Json::Wide => format!("CAST({x} AS VARCHAR)"),
        DataType::Int64 => format!("bq_json_int({x})"),
        DataType::Bool => format!("CAST({x} AS VARCHAR)"),
        DataType::Float64 => format!("bqf('json_float_text', bqf_float_text({x}))"),
        DataType::Numeric => format!("bq_decimal_text({x})"),
        DataType::BigNumeric => format!("bq_bignumeric_text({x})"),
        DataType::Json => format!("CAST({x} AS VARCHAR)"),
        DataType::String => format!("bqf('json_quote', {x})"),
        DataType::Bytes => format!("('\"' || base64({x}) || '\"')"),
        DataType::Timestamp => format!("('\"' || bq_timestamp_json({x}) || '\"')"),
        DataType::DateTime => format!("('\"' || replace(bq_datetime_text({x}), ' ', 'T') || '\"')"),
        DataType::Date | DataType::Time | DataType::Interval => {
            format!("('\"' || {} || '\"')", as_text(value)?)
        }
        DataType::Array(element) => {
            let inner = json_text(&Value::new((**element).clone(), "e"), style)?;
            format!(
                "('[' || array_to_string(list_transform({x}, lambda e: COALESCE({inner}, 'null')), ',') || ']')"
            )
        }
        DataType::Struct(fields) => {
            let mut parts = Vec::new();
            for (index, (name, _)) in fields.iter().enumerate() {
                let own = field(&Value { form: Form::Other, ..value.clone() }, index)?;
                let key = serde_json::Value::from(name.as_str()).to_string();
                let comma = if index == 0 { "" } else { "," };
                let head = if style == Json::Positions { comma.to_owned() } else { format!("{comma}{key}:") };
                parts.push(format!(
                    "{} || COALESCE({}, 'null')",
                    text_literal(&head),
                    json_text(&own, style)?
                ));
            }
            let (open, close) = if style == Json::Positions { ('[', ']') } else { ('{', '}') };
            let inner = if parts.is_empty() { "''".to_owned() } else { parts.join(" || ") };
            format!("CASE WHEN {x} IS NOT NULL THEN '{open}' || {inner} || '{close}' END")
        }
        DataType::Decimal(..)
        | DataType::BigDecimal(..)
        | DataType::Limited(..)
        | DataType::Collated
        | DataType::Geography
        | DataType::Range(_) => {
            return None;
        }
    })
}
