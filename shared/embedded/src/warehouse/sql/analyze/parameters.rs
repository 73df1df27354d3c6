//! Query parameters: the values of `@name` and `?`.
//!
//! A parameter converts to other types like a literal, as in BigQuery.
//!
//! The module must not know who declares the types.

use super::coerce::{array, coerce, supertype};
use super::value::{Form, Value, structure};
use super::{Analyzed, Analyzer, invalid, literals, refuse};
use crate::warehouse::sql::datatype::{self, DataType};
use crate::warehouse::sql::lex::lex;
use crate::warehouse::sql::names::literal;
use crate::warehouse::sql::syntax::ast::At;
use base64::Engine as _;
use segue_ports::warehouse::Parameter;
use serde_json::Value as Json;

impl Analyzer<'_> {
    /// The value of `@name`.
    pub(super) fn parameter(&self, name: &str, at: At) -> Analyzed<Value> {
        if let Some(variable) = self.variables.get(&format!("@{}", name.to_lowercase())) {
            return Ok(variable.value());
        }
        let found = self.scope.parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        let (_, parameter) = found.ok_or_else(|| {
            invalid(
                &format!("Query parameter '{name}' not found"),
                Some(at),
                Some("pass the parameter with the job"),
            )
        })?;
        value(parameter).map_err(|why| refuse(at, &format!("Query parameter '{name}' is invalid: {why}")))
    }

    /// The value of the `?` with this number, counted from 0.
    pub(super) fn positional(&self, index: usize, at: At) -> Analyzed<Value> {
        if let Some(variable) = self.variables.get(&format!("?{index}")) {
            return Ok(variable.value());
        }
        let parameter = self.scope.positional.get(index).ok_or_else(|| {
            invalid(
                &format!("Query parameter number {} not found", index + 1),
                Some(at),
                Some("pass a value for each ? with the job"),
            )
        })?;
        value(parameter)
            .map_err(|why| refuse(at, &format!("Query parameter number {} is invalid: {why}", index + 1)))
    }
}

fn value(parameter: &Parameter) -> Result<Value, String> {
    match &parameter.data_type {
        None => inferred(&parameter.value),
        Some(declared) => {
            let text = declared.to_string();
            let tokens = lex(&text).map_err(|error| error.to_string())?;
            let ty = datatype::parse(&tokens).map_err(|error| error.to_string())?;
            typed(&ty.plain(), &parameter.value)
        }
    }
}

/// A value with the type that JSON has for it.
fn inferred(value: &Json) -> Result<Value, String> {
    Ok(match value {
        Json::Null => Value::null(),
        Json::Bool(own) => boolean(*own),
        Json::Number(number) => literals::number(&number.to_string())?,
        Json::String(text) => Value::text(text),
        Json::Array(items) => {
            let items: Vec<Value> = items.iter().map(inferred).collect::<Result<_, _>>()?;
            let element = supertype(&items.iter().collect::<Vec<_>>());
            let element = element.ok_or("its elements have no common type; declare the type")?;
            let items: Option<Vec<Value>> = items.iter().map(|item| coerce(item, &element)).collect();
            array(&element, items.ok_or("its elements have no common type; declare the type")?)
        }
        Json::Object(fields) => {
            let values: Vec<Value> = fields.values().map(inferred).collect::<Result<_, _>>()?;
            structure(fields.keys().cloned().collect(), values)
        }
    })
}

/// A value with a declared type.
fn typed(ty: &DataType, value: &Json) -> Result<Value, String> {
    let wrong = || format!("the value {value} is no {}", ty.bigquery());
    match (ty, value) {
        (_, Json::Null) => coerce(&Value::null(), ty).ok_or_else(wrong),
        (DataType::Array(element), Json::Array(items)) => {
            let items: Vec<Value> =
                items.iter().map(|item| typed(element, item)).collect::<Result<_, _>>()?;
            Ok(Value { form: Form::Other, ..array(element, items) })
        }
        (DataType::Struct(fields), Json::Object(values)) => {
            if let Some(unknown) = values.keys().find(|key| !fields.iter().any(|(name, _)| name == *key)) {
                return Err(format!("{} has no field '{unknown}'", ty.bigquery()));
            }
            let own = |(name, ty): &(String, DataType)| typed(ty, values.get(name).unwrap_or(&Json::Null));
            let items: Vec<Value> = fields.iter().map(own).collect::<Result<_, _>>()?;
            Ok(structure(fields.iter().map(|(name, _)| name.clone()).collect(), items))
        }
        // A struct without names of fields.
        (DataType::Struct(fields), Json::Array(values)) if fields.len() == values.len() => {
            let own = |((_, ty), value): (&(String, DataType), &Json)| typed(ty, value);
            let items: Vec<Value> = fields.iter().zip(values).map(own).collect::<Result<_, _>>()?;
            Ok(structure(fields.iter().map(|(name, _)| name.clone()).collect(), items))
        }
        (DataType::Array(_) | DataType::Struct(_), _) | (_, Json::Array(_) | Json::Object(_))
            if *ty != DataType::Json =>
        {
            Err(wrong())
        }
        (DataType::Bool, Json::Bool(own)) => Ok(boolean(*own)),
        (_, Json::String(text)) => scalar(ty, text).ok_or_else(wrong),
        (_, other) => scalar(ty, &other.to_string()).ok_or_else(wrong),
    }
}

/// A text as a value of a type without parts.
fn scalar(ty: &DataType, text: &str) -> Option<Value> {
    match ty {
        DataType::String => Some(Value::text(text)),
        DataType::Bytes => {
            base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            Some(Value::new(DataType::Bytes, format!("from_base64({})", literal(text))))
        }
        DataType::Bool => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(boolean(true)),
            "false" | "0" => Some(boolean(false)),
            _ => None,
        },
        DataType::Int64 => literals::number(text.trim()).ok().filter(|own| own.ty == DataType::Int64),
        DataType::Float64 => {
            let number: f64 = match text.trim().to_ascii_lowercase().as_str() {
                "inf" | "+inf" | "infinity" => f64::INFINITY,
                "-inf" | "-infinity" => f64::NEG_INFINITY,
                text => text.parse().ok()?,
            };
            Some(Value::new(DataType::Float64, format!("CAST('{number}' AS DOUBLE)")))
        }
        ty => literals::typed(ty, text).ok(),
    }
}

fn boolean(own: bool) -> Value {
    Value { never_null: true, ..Value::new(DataType::Bool, if own { "TRUE" } else { "FALSE" }) }
}
