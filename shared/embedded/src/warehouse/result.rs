//! Prints DuckDB's values as Kestra prints the values of BigQuery (docs/kestra.md 4.6). NUMERIC is a number, BYTES is
//! base64, TIMESTAMP is an instant, DATE is `yyyy-MM-dd`, and DATETIME has a `Z`.
//!
//! To add a type, add a branch in [`json`].

use super::functions::{bignumeric, ranges, times};
use super::sql::datatype::DataType;
use base64::Engine as _;
use duckdb::types::{TimeUnit, Value as Cell};
use segue_ports::warehouse::{Column, Mode};
use serde_json::{Map, Number, Value};

/// The name and type of a result column.
pub(crate) fn column(
    name: &str,
    data_type: &DataType,
    required: bool,
    description: Option<String>,
) -> Column {
    let (mode, own) = match data_type {
        DataType::Array(element) => (Mode::Repeated, element.uncollated().bigquery()),
        other => (if required { Mode::Required } else { Mode::Nullable }, other.uncollated().bigquery()),
    };
    Column { name: name.to_owned(), data_type: own, mode, description }
}

/// A value of a result as JSON.
pub(crate) fn json(cell: &Cell, data_type: &DataType) -> Value {
    match (cell, data_type) {
        (Cell::Null, DataType::Array(_)) => Value::Array(Vec::new()),
        (Cell::Null, _) => Value::Null,
        (Cell::Boolean(own), _) => Value::Bool(*own),
        (Cell::TinyInt(own), _) => Value::from(*own),
        (Cell::SmallInt(own), _) => Value::from(*own),
        (Cell::Int(own), _) => Value::from(*own),
        (Cell::BigInt(own), _) => Value::from(*own),
        (Cell::UTinyInt(own), _) => Value::from(*own),
        (Cell::USmallInt(own), _) => Value::from(*own),
        (Cell::UInt(own), _) => Value::from(*own),
        (Cell::UBigInt(own), _) => Value::from(*own),
        (Cell::HugeInt(own), _) => {
            i64::try_from(*own).map_or_else(|_| Value::String(own.to_string()), Value::from)
        }
        (Cell::Float(own), _) => float(f64::from(*own)),
        (Cell::Double(own), _) => float(*own),
        (Cell::Decimal(own), _) => decimal(&own.to_string()),
        (Cell::Text(own) | Cell::Enum(own), _) => Value::String(own.clone()),
        (Cell::Blob(own), DataType::BigNumeric) => {
            bignumeric::of_bytes(own).map_or(Value::Null, |units| decimal(&bignumeric::shown(&units)))
        }
        (Cell::Blob(own), _) => Value::String(base64::engine::general_purpose::STANDARD.encode(own)),
        (Cell::Date32(days), _) => Value::String(date(i64::from(*days))),
        (Cell::Time64(unit, own), _) => Value::String(time(micros(*unit, *own))),
        (Cell::Timestamp(unit, own), DataType::Date) => {
            Value::String(date(micros(*unit, *own).div_euclid(DAY)))
        }
        (Cell::Timestamp(unit, own), _) => {
            let micros = micros(*unit, *own);
            Value::String(format!("{}T{}Z", date(micros.div_euclid(DAY)), time(micros.rem_euclid(DAY))))
        }
        (Cell::Interval { months, days, nanos }, _) => {
            Value::String(times::print_interval((i64::from(*months), i64::from(*days), nanos / 1000)))
        }
        (Cell::List(items) | Cell::Array(items), DataType::Array(element)) => {
            Value::Array(items.iter().map(|item| json(item, element)).collect())
        }
        (Cell::List(items) | Cell::Array(items), own) => {
            Value::Array(items.iter().map(|item| json(item, own)).collect())
        }
        (Cell::Struct(_), DataType::Range(element)) => {
            bounds(cell).map_or(Value::Null, |own| Value::String(ranges::print(&element.bigquery(), own)))
        }
        (Cell::Struct(own), data_type) => {
            let types: &[(String, DataType)] =
                if let DataType::Struct(fields) = data_type { fields } else { &[] };
            let fields: Map<String, Value> = own
                .iter()
                .enumerate()
                .map(|(index, (name, cell))| {
                    let own = types.get(index).map_or(&DataType::String, |(_, own)| own);
                    (name.clone(), json(cell, own))
                })
                .collect();
            Value::Object(fields)
        }
        (other, _) => Value::String(format!("{other:?}")),
    }
}

const DAY: i64 = 86_400_000_000;

/// The bounds of a RANGE. An infinite one is missing.
pub(crate) fn bounds(range: &Cell) -> Option<ranges::Bounds> {
    let Cell::Struct(fields) = range else { return None };
    let mut bounds = fields.iter().map(|(_, cell)| match cell {
        Cell::Date32(days) => (days.unsigned_abs() < i32::MAX.unsigned_abs()).then(|| i64::from(*days) * DAY),
        Cell::Timestamp(unit, own) => {
            (own.unsigned_abs() < i64::MAX.unsigned_abs()).then(|| micros(*unit, *own))
        }
        _ => None,
    });
    Some((bounds.next()?, bounds.next()?))
}

/// A time in microseconds.
pub(crate) fn micros(unit: TimeUnit, own: i64) -> i64 {
    match unit {
        TimeUnit::Second => own.saturating_mul(1_000_000),
        TimeUnit::Millisecond => own.saturating_mul(1_000),
        TimeUnit::Microsecond => own,
        TimeUnit::Nanosecond => own.div_euclid(1_000),
    }
}

fn float(own: f64) -> Value {
    Number::from_f64(own).map_or_else(|| Value::String(own.to_string()), Value::Number)
}

/// A decimal as a JSON number. A whole number becomes an integer. Another number becomes a double, as in Kestra, if the
/// double has all of its digits. Otherwise it becomes a text, so that no digit is lost.
fn decimal(text: &str) -> Value {
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    match (short.contains('.'), short.parse::<i64>(), short.parse::<f64>()) {
        (false, Ok(whole), _) => Value::from(whole),
        (_, _, Ok(own)) if own.to_string() == short => float(own),
        _ => Value::String(short.to_owned()),
    }
}

fn time(micros: i64) -> String {
    times::print_time(micros)
}

fn date(days: i64) -> String {
    times::print_date(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_as_kestra_does() {
        let at = 1_609_461_000_000_000;
        assert_eq!(
            json(&Cell::Timestamp(TimeUnit::Microsecond, at), &DataType::Timestamp),
            "2021-01-01T00:30:00Z"
        );
        assert_eq!(
            json(&Cell::Timestamp(TimeUnit::Microsecond, -1), &DataType::Timestamp),
            "1969-12-31T23:59:59.999999Z"
        );
        assert_eq!(json(&Cell::Date32(18_628), &DataType::Date), "2021-01-01");
        assert_eq!(json(&Cell::Date32(-719_162), &DataType::Date), "0001-01-01");
        assert_eq!(json(&Cell::Blob(vec![1, 2, 3]), &DataType::Bytes), "AQID");
        assert_eq!(json(&Cell::HugeInt(5), &DataType::Int64), 5);
        assert_eq!(json(&Cell::Null, &DataType::Array(Box::new(DataType::Int64))), serde_json::json!([]));
    }

    #[test]
    fn decimals_are_numbers() {
        assert_eq!(decimal("8.000000000"), 8);
        assert_eq!(decimal("-0.500000000"), -0.5);
        assert_eq!(decimal("100"), 100);
        assert_eq!(decimal("-123456789.123456789"), "-123456789.123456789");
        assert_eq!(
            decimal("99999999999999999999999999999.999999999"),
            "99999999999999999999999999999.999999999"
        );
    }
}
