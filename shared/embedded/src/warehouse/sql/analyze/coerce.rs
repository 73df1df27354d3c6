//! Converts values where BigQuery converts them without a CAST, and finds the common type of several values.
//!
//! The module must not know scopes and functions.

use super::cast::conversion;
use super::collation::stripped;
use super::literals;
use super::value::{Form, Value, field, field_names, structure};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{literal, quote};

/// Whether two types are the same. The names of fields make no difference.
pub(crate) fn same(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::Array(left), DataType::Array(right)) => same(left, right),
        (DataType::Struct(left), DataType::Struct(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((_, left), (_, right))| same(left, right))
        }
        (left, right) => left == right,
    }
}

/// Whether values of one type convert to the other without a CAST, also if they are no literals.
pub(crate) fn converts(from: &DataType, to: &DataType) -> bool {
    use DataType::{BigNumeric, Date, DateTime, Float64, Int64, Numeric};
    match (from, to) {
        (Int64, Numeric | BigNumeric | Float64)
        | (Numeric, BigNumeric | Float64)
        | (BigNumeric, Float64)
        | (Date, DateTime)
        | (DataType::String, DataType::Collated) => true,
        (DataType::Struct(from), DataType::Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|((_, from), (_, to))| same(from, to) || converts(from, to))
        }
        _ => false,
    }
}

/// The value as one of the type `to`. `None` if BigQuery does not convert it.
pub(crate) fn coerce(value: &Value, to: &DataType) -> Option<Value> {
    if value.is_null() {
        // NULL, or an ERROR, which has the type of any other value beside it.
        return Some(Value::new(to.clone(), format!("CAST({} AS {})", value.sql, to.duckdb())));
    }
    if value.ty == *to {
        return Some(value.clone());
    }
    match (&value.form, to) {
        (Form::Text(text), DataType::Date | DataType::Timestamp | DataType::DateTime | DataType::Time) => {
            return literals::typed(to, text).ok();
        }
        (Form::Number(number), DataType::Numeric | DataType::BigNumeric) => {
            return literals::typed(to, number).ok();
        }
        (Form::Array(items), DataType::Array(element)) => {
            let items: Option<Vec<Value>> = items.iter().map(|item| coerce(item, element)).collect();
            return Some(array(element, items?));
        }
        (Form::Struct(items), DataType::Struct(fields)) if items.len() == fields.len() => {
            let items: Option<Vec<Value>> =
                items.iter().zip(fields).map(|(item, (_, ty))| coerce(item, ty)).collect();
            return Some(structure(fields.iter().map(|(name, _)| name.clone()).collect(), items?));
        }
        _ => {}
    }
    if same(&value.ty, to) {
        return Some(renamed(value, to));
    }
    if !converts(&value.ty, to) {
        return None;
    }
    let form = match &value.form {
        Form::Number(number) => Form::Number(number.clone()),
        _ => Form::Other,
    };
    Some(Value { never_null: value.never_null, form, ..Value::new(to.clone(), converted(value, to)) })
}

fn converted(value: &Value, to: &DataType) -> String {
    match to {
        DataType::Struct(fields) => rebuilt(value, fields, &|value, to| {
            coerce(value, to).map_or_else(|| value.sql.clone(), |value| value.sql)
        }),
        DataType::Collated => value.sql.clone(),
        _ if value.ty.has_bignumeric() || to.has_bignumeric() => {
            // `converts` has said that there is a conversion.
            conversion(&value.ty, to, &value.sql, false).unwrap_or_else(|| "NULL".to_owned())
        }
        _ => format!("CAST({} AS {})", value.sql, to.duckdb()),
    }
}

/// The value of a column, as expressions have it: a NUMERIC with fewer digits is a NUMERIC.
pub(super) fn plain(value: &Value) -> Value {
    let ty = value.ty.plain();
    if ty == value.ty {
        return value.clone();
    }
    if matches!(value.ty, DataType::Limited(..)) {
        return Value::new(ty, value.sql.clone());
    }
    let sql = match (&value.ty, &ty) {
        (own, plain) if !plain.has_bignumeric() || own.duckdb() == plain.duckdb() => {
            format!("CAST({} AS {})", value.sql, plain.duckdb())
        }
        (DataType::Array(element), _) => {
            let item = plain(&Value::new((**element).clone(), "e"));
            format!("list_transform({}, lambda e: {})", value.sql, item.sql)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            rebuilt(value, fields, &|value, _| plain(value).sql)
        }
        _ => format!("bq_bignumeric_of({})", value.sql),
    };
    Value::new(ty, sql)
}

/// A text or bytes that are an error (or NULL, if safe) when they are longer than this.
pub(super) fn not_longer(value: &Value, longest: u64, safe: bool) -> String {
    let function = if safe { "bq_safe_longest" } else { "bq_longest" };
    let length = if value.ty == DataType::Bytes { "octet_length" } else { "length" };
    format!("{function}({0}, {length}({0}), {longest})", value.sql)
}

/// The value for a column of this type, which is stored with fewer digits than expressions have. `None`: no such value.
pub(super) fn stored(value: &Value, to: &DataType) -> Option<String> {
    // A column takes texts of any collation.
    let to = &to.uncollated();
    let own = coerce(&stripped(value), &to.plain())?.settled();
    Some(match to {
        to if own.ty == *to => own.sql,
        DataType::Limited(_, most) => not_longer(&own, *most, false),
        DataType::Array(element) if matches!(**element, DataType::Limited(..)) => {
            let item = stored(&Value::new(element.plain(), "e"), element)?;
            format!("list_transform({}, lambda e: {item})", own.sql)
        }
        DataType::Struct(fields) if to.has(&|own| matches!(own, DataType::Limited(..))) => {
            rebuilt(&own, fields, &|value, to| stored(value, to).unwrap_or_else(|| value.sql.clone()))
        }
        DataType::Decimal(..) | DataType::BigDecimal(..) if own.ty == DataType::BigNumeric => {
            format!("CAST(bq_bignumeric_text({}) AS {})", own.sql, to.duckdb())
        }
        // DuckDB would take the digits for a whole number.
        to if own.ty.has_bignumeric() && own.ty.duckdb() != to.duckdb() => return None,
        to => format!("CAST({} AS {})", own.sql, to.duckdb()),
    })
}

/// The values of a column as those of a wider type, which the column gets. `None`: BigQuery does not change the type so.
pub(crate) fn widened(column: &str, from: &DataType, to: &DataType) -> Option<String> {
    let (own, wanted) = (from.plain(), to.plain());
    let is_wider = own == wanted
        || digits(to).is_none()
            && converts(&own, &wanted)
            && matches!(wanted, DataType::Float64 | DataType::Numeric | DataType::BigNumeric);
    if !is_wider || !holds(to, from) {
        return None;
    }
    stored(&plain(&Value::new(from.clone(), quote(column))), to)
}

/// The digits before and after the point that a column can have. `None`: the type has no limit of its own.
fn digits(ty: &DataType) -> Option<(u8, u8)> {
    match ty {
        DataType::Decimal(precision, scale) | DataType::BigDecimal(precision, scale) => {
            Some((precision - scale, *scale))
        }
        _ => None,
    }
}

/// Whether the limits of the type `to` are as wide as those of `from`.
fn holds(to: &DataType, from: &DataType) -> bool {
    match (to, from) {
        (DataType::Limited(_, most), DataType::Limited(_, own)) => own <= most,
        (DataType::Limited(..), _) => false,
        (DataType::Array(to), DataType::Array(from)) => holds(to, from),
        (DataType::Struct(to), DataType::Struct(from)) => {
            to.iter().zip(from).all(|((_, to), (_, from))| holds(to, from))
        }
        (to, from) => {
            digits(to).is_none_or(|to| digits(from).is_some_and(|from| from.0 <= to.0 && from.1 <= to.1))
        }
    }
}

/// A value for a column, with an error for NULL in an array, which a table cannot have. `None`: it has no arrays.
pub(super) fn without_null_elements(value: &Value, column: &str) -> Option<String> {
    let has_null = null_in_array(&value.ty, &value.sql)?;
    let message = super::value::text_literal(&format!(
        "Array cannot have a null element; error in writing field {column}"
    ));
    Some(format!("CASE WHEN {has_null} THEN bq_error_of({has_null}, {message}) ELSE {} END", value.sql))
}

/// Whether an array in a value has NULL. `None`: the type has no arrays.
fn null_in_array(ty: &DataType, x: &str) -> Option<String> {
    match ty {
        DataType::Array(element) => {
            let own = format!("list_count({x}) < len({x})");
            Some(match null_in_array(element, "e") {
                None => format!("({own})"),
                Some(inner) => format!("({own} OR bq_any(list_transform({x}, lambda e: {inner})))"),
            })
        }
        DataType::Struct(fields) => {
            let parts: Vec<String> = field_names(fields)
                .iter()
                .zip(fields)
                .filter_map(|(name, (_, own))| {
                    null_in_array(own, &format!("struct_extract({x}, {})", literal(name)))
                })
                .collect();
            (!parts.is_empty()).then(|| format!("({})", parts.join(" OR ")))
        }
        _ => None,
    }
}

/// A struct with other fields, field by field.
fn rebuilt(
    value: &Value,
    fields: &[(String, DataType)],
    convert: &dyn Fn(&Value, &DataType) -> String,
) -> String {
    let parts: Vec<String> = field_names(fields)
        .iter()
        .zip(fields)
        .enumerate()
        .map(|(index, (name, (_, ty)))| {
            let own = field(value, index).unwrap_or_else(Value::null);
            format!("{} := {}", quote(name), convert(&own, ty))
        })
        .collect();
    let packed = format!("struct_pack({})", parts.join(", "));
    if value.never_null { packed } else { format!("CASE WHEN {} IS NOT NULL THEN {packed} END", value.sql) }
}

/// A value of the same type with other names of fields.
fn renamed(value: &Value, to: &DataType) -> Value {
    let sql = match (&value.ty, to) {
        (DataType::Struct(own), DataType::Struct(fields)) if field_names(own) != field_names(fields) => {
            rebuilt(value, fields, &|value, to| renamed(value, to).sql)
        }
        (DataType::Array(own), DataType::Array(element)) if own != element => {
            let item = renamed(&Value::new((**own).clone(), "e"), element);
            if item.sql == "e" {
                value.sql.clone()
            } else {
                format!("list_transform({}, lambda e: {})", value.sql, item.sql)
            }
        }
        _ => value.sql.clone(),
    };
    Value { never_null: value.never_null, ..Value::new(to.clone(), sql) }
}

/// An array of these items, which have the type of the elements.
pub(crate) fn array(element: &DataType, items: Vec<Value>) -> Value {
    let texts: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
    let sql = if items.is_empty() {
        format!("CAST([] AS {}[])", element.duckdb())
    } else {
        format!("[{}]", texts.join(", "))
    };
    let ty = DataType::Array(Box::new(element.clone()));
    Value { sql, ty, form: Form::Array(items), never_null: true }
}

/// The common type of several values. `None` if there is none.
pub(crate) fn supertype(values: &[&Value]) -> Option<DataType> {
    let typed: Vec<&&Value> = values.iter().filter(|value| !value.is_null()).collect();
    if typed.is_empty() {
        return Some(DataType::Int64);
    }
    if let Some(common) = struct_supertype(&typed) {
        return Some(common);
    }
    let firm: Vec<DataType> =
        typed.iter().filter(|value| !value.is_literal()).map(|value| value.ty.clone()).collect();
    let common = if firm.is_empty() {
        common(&typed.iter().map(|value| value.ty.clone()).collect::<Vec<_>>())
    } else {
        let own = common(&firm);
        let fits = |own: &DataType| typed.iter().all(|value| coerce(value, own).is_some());
        own.filter(fits).or_else(|| common(&typed.iter().map(|value| value.ty.clone()).collect::<Vec<_>>()))
    }?;
    typed.iter().all(|value| coerce(value, &common).is_some()).then_some(common)
}

/// The common type of structs of which one is a constructor. Its fields may be NULL or literals, which convert to more
/// types.
fn struct_supertype(values: &[&&Value]) -> Option<DataType> {
    if !values.iter().any(|value| matches!(value.form, Form::Struct(_))) {
        return None;
    }
    let DataType::Struct(first) = &values.first()?.ty else { return None };
    let same_width = |value: &&&Value| matches!(&value.ty, DataType::Struct(own) if own.len() == first.len());
    if !values.iter().all(same_width) {
        return None;
    }
    let typed = |(index, (name, _)): (usize, &(String, DataType))| {
        let parts: Vec<Value> = values.iter().map(|value| field(value, index)).collect::<Option<_>>()?;
        Some((name.clone(), supertype(&parts.iter().collect::<Vec<_>>())?))
    };
    first.iter().enumerate().map(typed).collect::<Option<Vec<_>>>().map(DataType::Struct)
}

/// The common type of these types.
fn common(types: &[DataType]) -> Option<DataType> {
    let mut types = types.iter();
    let first = types.next()?.clone();
    types.try_fold(first, |left, right| pair(&left, right))
}

/// The common type of two types.
pub(crate) fn pair(left: &DataType, right: &DataType) -> Option<DataType> {
    if same(left, right) {
        return Some(left.clone());
    }
    if let (DataType::Struct(left), DataType::Struct(right)) = (left, right) {
        if left.len() != right.len() {
            return None;
        }
        let fields: Option<Vec<(String, DataType)>> = left
            .iter()
            .zip(right)
            .map(|((name, left), (_, right))| Some((name.clone(), pair(left, right)?)))
            .collect();
        return fields.map(DataType::Struct);
    }
    if converts(left, right) {
        return Some(right.clone());
    }
    if converts(right, left) {
        return Some(left.clone());
    }
    None
}
