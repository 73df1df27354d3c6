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
    "JSON_KEYS",
    "JSON_OBJECT",
    "JSON_SET",
    "JSON_STRIP_NULLS",
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
    ("JSON_KEYS", "mode"),
    ("JSON_SET", "create_if_missing"),
    ("JSON_STRIP_NULLS", "include_arrays"),
    ("JSON_STRIP_NULLS", "remove_empty"),
    ("PARSE_JSON", "wide_number_mode"),
    ("TO_JSON", "stringify_wide_numbers"),
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
                let named = self.named(call, "pretty_print", &DataType::Bool, names)?;
                let pretty = match (values.get(1), named) {
                    (Some(pretty), None) => self.coerced(pretty, &DataType::Bool, at)?.sql,
                    (None, Some(pretty)) => pretty.sql,
                    (None, None) => "FALSE".to_owned(),
                    (Some(_), Some(_)) => return Err(refused()),
                };
                let plain = format!("COALESCE({text}, 'null')");
                if pretty == "FALSE" {
                    return Ok(Value { never_null: true, ..Value::new(DataType::String, plain) });
                }
                let sql = format!(
                    "CASE WHEN {pretty} THEN bqf('json_pretty', {plain}) WHEN NOT {pretty} THEN {plain} END"
                );
                Value::new(DataType::String, sql)
            }
            ("TO_JSON", [value]) => {
                let text = |style: Json| -> Analyzed<String> {
                    let text = json_text(value, style).ok_or_else(refused)?;
                    Ok(format!("COALESCE({text}, 'null')"))
                };
                let text = match self.named(call, "stringify_wide_numbers", &DataType::Bool, names)? {
                    None => text(Json::Exact)?,
                    Some(flag) => format!(
                        "CASE WHEN {0} THEN {1} WHEN NOT {0} THEN {2} END",
                        flag.sql,
                        text(Json::Quoted)?,
                        text(Json::Exact)?
                    ),
                };
                Value::new(DataType::Json, format!("CAST(bqf('json_normal', {text}) AS JSON)"))
            }
            ("PARSE_JSON", [text]) => {
                let text = self.coerced(text, &DataType::String, at)?;
                let mode = self.named(call, "wide_number_mode", &DataType::String, names)?;
                let mode = mode.map_or_else(|| "'exact'".to_owned(), |mode| mode.sql);
                Value::new(DataType::Json, format!("CAST(bqf('json_parse', {}, {mode}) AS JSON)", text.sql))
            }
            ("DOUBLE" | "FLOAT64", [json]) if json.ty == DataType::Json => {
                let mode = self.named(call, "wide_number_mode", &DataType::String, names)?;
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
            ("JSON_KEYS", [json, depth @ ..]) if json.ty == DataType::Json && depth.len() <= 1 => {
                let depth = match depth.first() {
                    Some(depth) => {
                        format!("CAST({} AS VARCHAR)", self.coerced(depth, &DataType::Int64, at)?.sql)
                    }
                    None => "'1000'".to_owned(),
                };
                let mode = self.named(call, "mode", &DataType::String, names)?;
                let mode = mode.map_or_else(|| "'strict'".to_owned(), |mode| mode.sql);
                let keys = format!("bqf('json_keys', CAST({} AS VARCHAR), {depth}, {mode})", json.sql);
                let sql = format!("CAST(CAST({keys} AS JSON) AS VARCHAR[])");
                Value::new(DataType::Array(Box::new(DataType::String)), sql)
            }
            ("JSON_STRIP_NULLS", [json, path @ ..]) if json.ty == DataType::Json && path.len() <= 1 => {
                let path = match path.first() {
                    Some(path) => self.coerced(path, &DataType::String, at)?.sql,
                    None => "'$'".to_owned(),
                };
                let arrays = self.flag(call, "include_arrays", true, names)?;
                let empty = self.flag(call, "remove_empty", false, names)?;
                let json = format!("CAST({} AS VARCHAR)", json.sql);
                let sql = format!("CAST(bqf('json_strip_nulls', {json}, {path}, {arrays}, {empty}) AS JSON)");
                Value::new(DataType::Json, sql)
            }
            ("JSON_SET" | "JSON_ARRAY_APPEND" | "JSON_ARRAY_INSERT", [json, rest @ ..])
                if json.ty == DataType::Json && !rest.is_empty() && rest.len() % 2 == 0 =>
            {
                let flag = match name {
                    "JSON_SET" => "create_if_missing",
                    "JSON_ARRAY_APPEND" => "append_each_element",
                    _ => "insert_each_element",
                };
                let flag = self.flag(call, flag, true, names)?;
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

    /// The value of the argument with this name, as one of this type. `None` if the call does not have the argument.
    fn named(&self, call: &Call, name: &str, ty: &DataType, names: &Names<'_>) -> Analyzed<Option<Value>> {
        let mut found = call.named.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (Some(_), Some(again)) => Err(refuse(
                again.at,
                &format!("Duplicate named argument {name} found in call to function {}", call.name),
            )),
            (own, _) => own.map(|value| self.expr_as(value, ty, names)).transpose(),
        }
    }

    /// The argument with this name as the text of a truth value.
    fn flag(&self, call: &Call, name: &str, default: bool, names: &Names<'_>) -> Analyzed<String> {
        let flag = self.named(call, name, &DataType::Bool, names)?;
        Ok(flag.map_or_else(|| format!("'{default}'"), |flag| format!("CAST({} AS VARCHAR)", flag.sql)))
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
    /// In a value of the type JSON: integers of any size are numbers, and decimals are rounded to a FLOAT64.
    Wide,
    /// As TO_JSON: a decimal that is no FLOAT64 is an error.
    Exact,
    /// As TO_JSON with `stringify_wide_numbers`: a number that is no FLOAT64 is a text.
    Quoted,
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
        DataType::Int64 if matches!(style, Json::Wide | Json::Exact) => format!("CAST({x} AS VARCHAR)"),
        DataType::Int64 => format!("bq_json_int({x})"),
        DataType::Bool => format!("CAST({x} AS VARCHAR)"),
        DataType::Float64 => {
            let text = format!("bqf_float_text({x})");
            match style {
                Json::Text => format!("bqf('json_float_text', {text})"),
                // FORMAT writes the sign of zero.
                Json::Positions => {
                    format!(
                        "CASE WHEN {x} = 0 AND signbit({x}) THEN '-0' ELSE bqf('json_float_text', {text}) END"
                    )
                }
                Json::Wide | Json::Exact | Json::Quoted => format!("bqf('json_number', {text})"),
            }
        }
        DataType::Numeric | DataType::BigNumeric => {
            let text = as_text(value)?;
            match style {
                Json::Exact => format!("bqf('json_exact', '{}', {text})", value.ty.bigquery()),
                Json::Quoted => format!("bqf('json_quoted', {text})"),
                Json::Text | Json::Wide | Json::Positions => text,
            }
        }
        DataType::Json => format!("CAST({x} AS VARCHAR)"),
        DataType::String => format!("bqf('json_quote', {x})"),
        DataType::Bytes => format!("('\"' || base64({x}) || '\"')"),
        DataType::Timestamp => format!("('\"' || bq_timestamp_json({x}) || '\"')"),
        DataType::DateTime => format!("('\"' || replace(bq_datetime_text({x}), ' ', 'T') || '\"')"),
        DataType::Interval if style != Json::Positions => {
            let part = |name: &str| format!("CAST(bq_interval_{name}({x}) AS VARCHAR)");
            format!("bqf('json_interval', {}, {}, {})", part("months"), part("days"), part("micros"))
        }
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
