//! CONCAT and the operator `||`.
//!
//! BigQuery joins texts, bytes or arrays. A value of another type beside texts becomes its text, as CAST writes it.

use super::cast::as_text;
use super::coerce::{coerce, supertype};
use super::value::{Form, Value};
use crate::warehouse::sql::datatype::DataType;

/// The values as one. `None`: BigQuery does not join such types.
///
/// The result is NULL if a value is NULL. DuckDB's CONCAT skips NULL. If no value can be NULL, DuckDB's CONCAT is used,
/// because it is several times faster than a chain of `||`.
pub(super) fn joined(values: &[Value]) -> Option<Value> {
    let is_bytes = values.iter().any(|value| !value.is_null() && value.ty == DataType::Bytes);
    let ty = if is_bytes { DataType::Bytes } else { DataType::String };
    let parts: Vec<Value> = values
        .iter()
        .map(|value| if is_bytes { coerce(value, &ty) } else { text(value) })
        .collect::<Option<_>>()?;
    let never_null = parts.iter().all(|value| value.never_null);
    let texts: Vec<&str> = parts.iter().map(|value| value.sql.as_str()).collect();
    let sql = match texts.as_slice() {
        [single] => (*single).to_owned(),
        texts if never_null && !is_bytes => format!("CONCAT({})", texts.join(", ")),
        texts => format!("({})", texts.join(" || ")),
    };
    Some(Value { never_null, ..Value::new(ty, sql) })
}

/// `left || right`. `None`: BigQuery does not join such types.
pub(super) fn joined_pair(left: &Value, right: &Value) -> Option<Value> {
    if !matches!((&left.ty, &right.ty), (DataType::Array(_), _) | (_, DataType::Array(_))) {
        return joined(&[left.clone(), right.clone()]);
    }
    let ty = supertype(&[left, right])?;
    let (left, right) = (coerce(left, &ty)?, coerce(right, &ty)?);
    let never_null = left.never_null && right.never_null;
    Some(Value { never_null, ..Value::new(ty, format!("({} || {})", left.sql, right.sql)) })
}

/// A value as its text.
fn text(value: &Value) -> Option<Value> {
    if value.is_null() || value.ty == DataType::String {
        return coerce(value, &DataType::String);
    }
    let joins = matches!(
        value.ty,
        DataType::Bool
            | DataType::Int64
            | DataType::Float64
            | DataType::Numeric
            | DataType::BigNumeric
            | DataType::Date
            | DataType::DateTime
            | DataType::Time
            | DataType::Timestamp
            | DataType::Interval
    );
    let own = Value { form: Form::Other, ..value.clone() };
    if joins {
        return Some(Value { never_null: value.never_null, ..Value::new(DataType::String, as_text(&own)?) });
    }
    None
}
