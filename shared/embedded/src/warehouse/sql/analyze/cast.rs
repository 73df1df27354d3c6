//! CAST and SAFE_CAST: which types convert to which, and how.
//!
//! To add a conversion, add a branch in [`conversion`].

use super::coerce::{coerce, not_longer, same};
use super::names::Names;
use super::value::{Form, Value, field, field_names};
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{literal, quote};
use crate::warehouse::sql::ranges;
use crate::warehouse::sql::syntax::ast::{At, Expr};

impl Analyzer<'_> {
    /// `CAST(value AS to)`.
    pub(super) fn cast(&self, value: &Value, to: &DataType, safe: bool, at: At) -> Analyzed<Value> {
        if value.ty == DataType::Collated && matches!(to.plain(), DataType::String | DataType::Collated) {
            return Err(super::collation::unsupported("CAST AS STRING", at));
        }
        let value =
            &if value.ty == DataType::Collated { super::collation::stripped(value) } else { value.clone() };
        let plain = to.plain();
        let mut own = if value.is_null() {
            // NULL, or an ERROR, which has any type.
            Value::new(plain.clone(), format!("CAST({} AS {})", value.sql, plain.duckdb()))
        } else if let (Form::Number(number), DataType::Float64, DataType::Numeric | DataType::BigNumeric) =
            (&value.form, &value.ty, &plain)
        {
            // The literal has more digits than its FLOAT64.
            let sql = conversion(&DataType::String, &plain, &literal(number), safe).unwrap_or_default();
            Value { never_null: !safe, ..Value::new(plain, sql) }
        } else if limits_inside(to) {
            Value::new(plain, self.converted(value, to, safe, at)?)
        } else if same(&value.ty, &plain) {
            let own = coerce(value, &plain).unwrap_or_else(|| value.clone());
            Value { form: Form::Other, never_null: value.never_null, ..own }
        } else {
            let sql = self.converted(value, &plain, safe, at)?;
            let never_null = value.never_null && !safe;
            Value { never_null, ..Value::new(plain, sql) }
        };
        if let DataType::Limited(_, most) = to {
            own.sql = not_longer(&own, *most, safe);
        }
        if let DataType::Decimal(precision, scale) | DataType::BigDecimal(precision, scale) = to {
            let cast = if safe { "TRY_CAST" } else { "CAST" };
            let (precision, scale) = (*precision, *scale);
            let is_big = own.ty == DataType::BigNumeric;
            let exact = if is_big { format!("bq_bignumeric_text({})", own.sql) } else { own.sql };
            let limited = format!("{cast}({exact} AS DECIMAL({precision},{scale}))");
            own.sql = if is_big {
                format!("bq_bignumeric_of({limited})")
            } else {
                format!("CAST({limited} AS {})", own.ty.duckdb())
            };
        }
        Ok(own)
    }

    fn converted(&self, value: &Value, to: &DataType, safe: bool, at: At) -> Analyzed<String> {
        if let (DataType::Struct(from), DataType::Struct(fields)) = (&value.ty, to) {
            if from.len() != fields.len() {
                return Err(invalid_cast(&value.ty, to, at));
            }
            let mut parts = Vec::new();
            for (index, (name, (_, ty))) in field_names(fields).iter().zip(fields).enumerate() {
                let Some(own) = field(value, index) else { continue };
                // Only a literal that is cast itself has more digits than its FLOAT64.
                let own = if own.is_null() { own } else { Value { form: Form::Other, ..own } };
                parts.push(format!("{} := {}", quote(name), self.cast(&own, ty, false, at)?.sql));
            }
            let packed = format!("struct_pack({})", parts.join(", "));
            return Ok(match (safe, value.never_null) {
                (true, _) => format!("CASE WHEN {} IS NOT NULL THEN TRY({packed}) END", value.sql),
                (false, true) => packed,
                (false, false) => format!("CASE WHEN {} IS NOT NULL THEN {packed} END", value.sql),
            });
        }
        if let (DataType::Array(from), DataType::Array(element)) = (&value.ty, to) {
            let item = self.cast(&Value::new((**from).clone(), "e"), element, false, at)?;
            let items = format!("list_transform({}, lambda e: {})", value.sql, item.sql);
            // One element that cannot be converted makes the array NULL.
            return Ok(if safe { format!("TRY({items})") } else { items });
        }
        conversion(&value.ty, to, &value.sql, safe).ok_or_else(|| invalid_cast(&value.ty, to, at))
    }

    /// CAST with FORMAT and AT TIME ZONE.
    pub(super) fn formatted_cast(
        &self,
        value: &Value,
        to: &DataType,
        (format, zone): (Option<&Expr>, Option<&Expr>),
        safe: bool,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let Some(format) = format else {
            return Err(missing(at, "CAST with AT TIME ZONE and without FORMAT"));
        };
        if to.plain() != *to {
            return Err(missing(at, &format!("CAST AS {} with FORMAT", to.bigquery())));
        }
        let format = self.expr_as(format, &DataType::String, names)?;
        let of_zone = if value.ty == DataType::String { to } else { &value.ty };
        if zone.is_some() && *of_zone != DataType::Timestamp {
            return Err(refuse(at, "AT TIME ZONE is allowed only with TIMESTAMP"));
        }
        let zone = match zone {
            Some(zone) => self.expr_as(zone, &DataType::String, names)?.sql,
            None => "'UTC'".to_owned(),
        };
        let x = &value.sql;
        let bytes = match (&value.ty, to) {
            (DataType::Bytes, DataType::String) => {
                Some(format!("bqf('bytes_write', {}, hex({x}))", format.sql))
            }
            (DataType::String, DataType::Bytes) => {
                Some(format!("unhex(bqf('bytes_read', {}, {x}))", format.sql))
            }
            _ => None,
        };
        if let Some(sql) = bytes {
            return Ok(Value::new(to.clone(), if safe { format!("TRY({sql})") } else { sql }));
        }
        let is_date = |ty: &DataType| {
            matches!(ty, DataType::Date | DataType::DateTime | DataType::Timestamp | DataType::Time)
        };
        let sql = match (&value.ty, to) {
            (from, DataType::String) if is_date(from) => {
                let micros = super::dates::micros(value);
                let kind = from.bigquery();
                format!("bqf('cast_write', {}, CAST({micros} AS VARCHAR), {zone}, '{kind}')", format.sql)
            }
            (DataType::String, to) if is_date(to) => {
                let today = "CAST(CAST(now() AS DATE) AS VARCHAR)";
                let kind = to.bigquery();
                let parsed =
                    format!("bqf('cast_read', {}, {}, {zone}, '{kind}', {today})", format.sql, value.sql);
                super::dates::from_micros(to, &format!("CAST({parsed} AS BIGINT)"))
            }
            _ => {
                return Err(missing(
                    at,
                    &format!("CAST of {} AS {} with FORMAT", value.ty.bigquery(), to.bigquery()),
                ));
            }
        };
        Ok(Value::new(to.clone(), if safe { format!("TRY({sql})") } else { sql }))
    }
}

/// Whether the elements or fields of the type have a number of digits.
fn limits_inside(ty: &DataType) -> bool {
    let limited = |ty: &DataType| {
        matches!(ty, DataType::Decimal(..) | DataType::BigDecimal(..) | DataType::Limited(..))
            || limits_inside(ty)
    };
    match ty {
        DataType::Array(element) => limited(element),
        DataType::Struct(fields) => fields.iter().any(|(_, ty)| limited(ty)),
        _ => false,
    }
}

fn invalid_cast(from: &DataType, to: &DataType, at: At) -> segue_ports::warehouse::WarehouseError {
    refuse(at, &format!("Invalid cast from {} to {}", from.bigquery(), to.bigquery()))
}

/// The conversion of `x` in DuckDB's syntax. `None`: BigQuery has no such conversion.
pub(super) fn conversion(from: &DataType, to: &DataType, x: &str, safe: bool) -> Option<String> {
    use DataType::{
        BigDecimal, BigNumeric, Bool, Bytes, Date, DateTime, Decimal, Float64, Int64, Interval, Numeric,
        String, Time, Timestamp,
    };
    let safely = |name: &str| format!("bq_{}{name}({x})", if safe { "safe_" } else { "" });
    let parsed = |name: &str| format!("bqf_{}{name}({x})", if safe { "safe_" } else { "" });
    Some(match (from, to) {
        (Bool, Int64) => format!("CAST({x} AS BIGINT)"),
        (Int64, Bool) => format!("({x} <> 0)"),
        (Int64, Float64 | Numeric) | (Numeric, Float64) => format!("CAST({x} AS {})", to.duckdb()),
        (Int64 | Numeric | Decimal(..) | BigDecimal(..), BigNumeric) => format!("bq_bignumeric_of({x})"),
        (BigNumeric, Float64) => format!("bq_bignumeric_to_float({x})"),
        (BigNumeric, Int64) => safely("bignumeric_to_int64"),
        (BigNumeric, Numeric) => safely("bignumeric_to_numeric"),
        (BigNumeric, String) => format!("bq_bignumeric_text({x})"),
        (Float64, Int64) => safely("float_to_int64"),
        (Numeric, Int64) => {
            format!("{}({x} AS BIGINT)", if safe { "TRY_CAST" } else { "CAST" })
        }
        (Float64, Numeric) => safely("float_to_numeric"),
        (Float64, BigNumeric) => safely("float_to_bignumeric"),
        (Int64 | Bool, String) => format!("CAST({x} AS VARCHAR)"),
        (Float64, String) => format!("bqf_float_text({x})"),
        (Numeric, String) => format!("bq_decimal_text({x})"),
        (Bytes, String) => safely("bytes_text"),
        (String, Bytes) => format!("encode({x})"),
        (Date, String) => format!("CAST({x} AS VARCHAR)"),
        (DateTime, String) => format!("bq_datetime_text({x})"),
        (Timestamp, String) => format!("bq_timestamp_text({x})"),
        (Time, String) => format!("bq_time_text({x})"),
        (Interval, String) => super::dates::interval_text(x),
        (String, Int64) => parsed("int64"),
        (String, Float64) => parsed("float64"),
        (String, Bool) => safely("text_to_bool"),
        (String, Numeric) => parsed("numeric"),
        (String, BigNumeric) => parsed("bignumeric"),
        (String, Date) => parsed("date"),
        (String, DateTime) => parsed("datetime"),
        (String, Timestamp) => parsed("timestamp"),
        (String, Time) => parsed("time"),
        (String, Interval) => super::dates::parsed_interval(x, safe),
        (String, DataType::Range(element)) => ranges::of_text(element, x, safe),
        (DataType::Range(element), String) => super::ranges::to_text(element, x)?,
        (Date, DateTime) => format!("CAST({x} AS TIMESTAMP)"),
        (Date, Timestamp) => format!("timezone('UTC', CAST({x} AS TIMESTAMP))"),
        (DateTime, Date) => format!("CAST({x} AS DATE)"),
        (DateTime, Time) => format!("CAST({x} AS TIME)"),
        (DateTime, Timestamp) => format!("timezone('UTC', {x})"),
        (Timestamp, Date) => format!("CAST(timezone('UTC', {x}) AS DATE)"),
        (Timestamp, DateTime) => format!("timezone('UTC', {x})"),
        (Timestamp, Time) => format!("CAST(timezone('UTC', {x}) AS TIME)"),
        _ => return None,
    })
}

/// The value as text, as CAST writes it.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match &value.ty {
        DataType::String => Some(value.sql.clone()),
        from => conversion(from, &DataType::String, &value.sql, false),
    }
}
