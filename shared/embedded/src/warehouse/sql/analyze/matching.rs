//! CONTAINS_SUBSTR and EDIT_DISTANCE, which have arguments with a name.

use super::calls::no_signature;
use super::cast::as_text;
use super::names::Names;
use super::value::{Form, Value, field, text_literal};
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

/// The parts of JSON that CONTAINS_SUBSTR can search.
const SCOPES: [&str; 3] = ["JSON_VALUES", "JSON_KEYS", "JSON_KEYS_AND_VALUES"];

impl Analyzer<'_> {
    /// Whether a value has a text in it. Of arrays, structs and tables, one of the values.
    pub(super) fn contains_substr(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let values = self.arguments(&call.arguments, names)?;
        let [value, part] = values.as_slice() else { return Err(no_signature(&call.name, &values, at)) };
        let Form::Text(part) = &part.form else {
            return Err(refuse(
                at,
                "Argument 2 to CONTAINS_SUBSTR must be a literal or query parameter of type STRING, and not NULL",
            ));
        };
        let scope = match call.named.as_slice() {
            [] => "JSON_VALUES".to_owned(),
            [(_, scope)] => match self.expr_as(scope, &DataType::String, names)?.form {
                Form::Text(scope) if SCOPES.contains(&scope.as_str()) => scope,
                _ => {
                    let message =
                        format!("json_scope of CONTAINS_SUBSTR must be one of {}", SCOPES.join(", "));
                    return Err(refuse(scope.at, &message));
                }
            },
            _ => return Err(refuse(at, "CONTAINS_SUBSTR has one argument with a name")),
        };
        let sql = contains(value, &text_literal(part), &scope, at)?;
        Ok(Value::new(DataType::Bool, sql))
    }

    /// The number of changes between two texts, up to the greatest one that the caller asks for.
    pub(super) fn edit_distance(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let values = self.arguments(&call.arguments, names)?;
        let refused = || no_signature(&call.name, &values, at);
        let [left, right] = values.as_slice() else { return Err(refused()) };
        let is_bytes = [left, right].iter().any(|value| value.ty == DataType::Bytes);
        let kind = if is_bytes { DataType::Bytes } else { DataType::String };
        let typed = |value: &Value| self.coerced(value, &kind, at).map_err(|_| refused());
        let (left, right) = (typed(left)?.sql, typed(right)?.sql);
        let mut parts = if is_bytes {
            vec!["'bytes_edit_distance'".to_owned(), format!("hex({left})"), format!("hex({right})")]
        } else {
            vec!["'edit_distance'".to_owned(), left, right]
        };
        match call.named.as_slice() {
            [] => {}
            [(_, most)] => {
                let most = self.expr_as(most, &DataType::Int64, names)?.sql;
                parts.push(format!("CAST({most} AS VARCHAR)"));
            }
            _ => return Err(refuse(at, "EDIT_DISTANCE has one argument with a name")),
        }
        Ok(Value::new(DataType::Int64, format!("CAST(bqf({}) AS BIGINT)", parts.join(", "))))
    }
}

/// Whether the value has the text in it, in DuckDB's syntax. NULL if a part is NULL, and no other part has the text.
fn contains(value: &Value, part: &str, scope: &str, at: At) -> Analyzed<String> {
    if value.is_null() {
        return Ok("CAST(NULL AS BOOLEAN)".to_owned());
    }
    let x = &value.sql;
    match &value.ty {
        DataType::Struct(fields) => {
            let own = Value { form: Form::Other, ..value.clone() };
            let parts: Vec<String> = (0..fields.len())
                .filter_map(|index| field(&own, index))
                .map(|own| contains(&own, part, scope, at))
                .collect::<Analyzed<_>>()?;
            Ok(format!("({})", parts.join(" OR ")))
        }
        DataType::Array(element) => {
            let test = contains(&Value::new((**element).clone(), "e"), part, scope, at)?;
            Ok(format!("CASE WHEN {x} IS NOT NULL THEN bq_any(list_transform({x}, lambda e: {test})) END"))
        }
        DataType::Json => Ok(format!(
            "CAST(bqf('contains_substr_json', CAST({x} AS VARCHAR), {part}, '{scope}') AS BOOLEAN)"
        )),
        DataType::String
        | DataType::Bool
        | DataType::Int64
        | DataType::Numeric
        | DataType::BigNumeric
        | DataType::Date
        | DataType::DateTime
        | DataType::Time
        | DataType::Timestamp => {
            let text = as_text(value).unwrap_or_default();
            Ok(format!("CAST(bqf('contains_substr', {text}, {part}) AS BOOLEAN)"))
        }
        ty => Err(missing(at, &format!("CONTAINS_SUBSTR of {}", ty.bigquery()))),
    }
}
