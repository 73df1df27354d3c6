//! Values of columns as values of rows.

use crate::columns;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_jdbc::values::exact;
use segue_model::{Json, Map};
use uuid::Uuid;

/// The metadata of a column that says what its bytes are.
const EXTENSION: &str = "ARROW:extension:name";

type Read<T> = Result<T, String>;

/// A row of a batch.
///
/// # Errors
/// A value cannot be in a row.
pub(super) fn row(batch: &RecordBatch, row: usize) -> Read<Json> {
    let schema = batch.schema_ref();
    let mut map = Map::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let value = value(field, column, row).map_err(|why| format!("column '{}' {why}", field.name()))?;
        map.insert(field.name().clone(), value);
    }
    Ok(Json::Object(map))
}

fn value(field: &Field, column: &ArrayRef, row: usize) -> Read<Json> {
    if column.is_null(row) {
        return Ok(Json::Null);
    }
    let number = number(column, row);
    if let Some(number) = number {
        return Ok(number);
    }
    Ok(match column.data_type() {
        DataType::Null => Json::Null,
        DataType::Boolean => Json::Bool(column.as_boolean().value(row)),
        DataType::Utf8 => text(field, column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(field, column.as_string::<i64>().value(row)),
        DataType::Utf8View => text(field, column.as_string_view().value(row)),
        DataType::Binary => bytes(field, column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(field, column.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(field, column.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(field, column.as_fixed_size_binary().value(row)),
        DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => {
            time_of(column, row).ok_or("is a date or a time outside of the years -9999 to 9999")?
        }
        DataType::Timestamp(..) => {
            time_of(column, row).ok_or("is a time outside of the years -9999 to 9999")?
        }
        DataType::List(item) => list(item, &column.as_list::<i32>().value(row))?,
        DataType::LargeList(item) => list(item, &column.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(item, _) => list(item, &column.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let mut map = Map::new();
            for (field, column) in fields.iter().zip(column.as_struct().columns()) {
                let value = value(field, column, row).map_err(|why| inside(field.name(), &why))?;
                map.insert(field.name().clone(), value);
            }
            member(map)
        }
        DataType::Map(entry, _) => entries(entry, column, row)?,
        DataType::Dictionary(..) => {
            let any = column.as_any_dictionary();
            let key = any.normalized_keys().get(row).copied().ok_or("has no value in its dictionary")?;
            value(field, any.values(), key)?
        }
        other => return Err(format!("has the type {other}, which is not supported")),
    })
}

fn inside(name: &str, why: &str) -> String {
    format!("has a field '{name}' that {why}")
}

fn number(column: &ArrayRef, row: usize) -> Option<Json> {
    Some(match column.data_type() {
        DataType::Int8 => Json::from(native::<Int8Type>(column, row)),
        DataType::Int16 => Json::from(native::<Int16Type>(column, row)),
        DataType::Int32 => Json::from(native::<Int32Type>(column, row)),
        DataType::Int64 => Json::from(native::<Int64Type>(column, row)),
        DataType::UInt8 => Json::from(native::<UInt8Type>(column, row)),
        DataType::UInt16 => Json::from(native::<UInt16Type>(column, row)),
        DataType::UInt32 => Json::from(native::<UInt32Type>(column, row)),
        DataType::UInt64 => Json::from(native::<UInt64Type>(column, row)),
        // The shortest text of a float, 0.1, is not the number 0.10000000149011612.
        DataType::Float16 => short(&native::<Float16Type>(column, row).to_string()),
        DataType::Float32 => short(&native::<Float32Type>(column, row).to_string()),
        DataType::Float64 => columns::float(native::<Float64Type>(column, row)),
        DataType::Decimal32(_, scale) => decimal(native::<Decimal32Type>(column, row), *scale),
        DataType::Decimal64(_, scale) => decimal(native::<Decimal64Type>(column, row), *scale),
        DataType::Decimal128(_, scale) => decimal(native::<Decimal128Type>(column, row), *scale),
        DataType::Decimal256(_, scale) => decimal(native::<Decimal256Type>(column, row), *scale),
        DataType::Duration(TimeUnit::Second) => Json::from(native::<DurationSecondType>(column, row)),
        DataType::Duration(TimeUnit::Millisecond) => {
            Json::from(native::<DurationMillisecondType>(column, row))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            Json::from(native::<DurationMicrosecondType>(column, row))
        }
        DataType::Duration(TimeUnit::Nanosecond) => Json::from(native::<DurationNanosecondType>(column, row)),
        _ => return None,
    })
}

fn native<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> T::Native {
    column.as_primitive::<T>().value(row)
}

fn short(text: &str) -> Json {
    text.parse().map_or(Json::Null, columns::float)
}

/// A decimal as a number if no digit is lost, and otherwise as a text.
fn decimal(unscaled: impl ToString, scale: i8) -> Json {
    let text = columns::decimal_text(&unscaled.to_string(), scale.into());
    exact(&text).unwrap_or(Json::String(text))
}

fn text(field: &Field, text: &str) -> Json {
    let is_json = field.metadata().get(EXTENSION).is_some_and(|name| name == "arrow.json");
    let json = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    json.unwrap_or_else(|| Json::String(text.to_owned()))
}

fn bytes(field: &Field, bytes: &[u8]) -> Json {
    let is_uuid = field.metadata().get(EXTENSION).is_some_and(|name| name == "arrow.uuid");
    let uuid = is_uuid.then(|| Uuid::from_slice(bytes).ok()).flatten();
    Json::String(uuid.map_or_else(|| STANDARD.encode(bytes), |uuid| uuid.to_string()))
}

/// The text of a date or a time. None if it is outside of the range.
fn time_of(column: &ArrayRef, row: usize) -> Option<Json> {
    const MILLI: i64 = 1_000_000;
    const SECOND: i64 = 1_000_000_000;
    let text = match column.data_type() {
        DataType::Date32 => columns::date(native::<Date32Type>(column, row).into()),
        DataType::Date64 => columns::date(native::<Date64Type>(column, row).div_euclid(86_400_000)),
        DataType::Time32(TimeUnit::Second) => {
            columns::clock(i64::from(native::<Time32SecondType>(column, row)) * SECOND)
        }
        DataType::Time32(_) => {
            columns::clock(i64::from(native::<Time32MillisecondType>(column, row)) * MILLI)
        }
        DataType::Time64(TimeUnit::Nanosecond) => columns::clock(native::<Time64NanosecondType>(column, row)),
        DataType::Time64(_) => {
            columns::clock(native::<Time64MicrosecondType>(column, row).checked_mul(1000)?)
        }
        DataType::Timestamp(unit, zone) => {
            let (value, nanos) = match unit {
                TimeUnit::Second => (native::<TimestampSecondType>(column, row), SECOND),
                TimeUnit::Millisecond => (native::<TimestampMillisecondType>(column, row), MILLI),
                TimeUnit::Microsecond => (native::<TimestampMicrosecondType>(column, row), 1000),
                TimeUnit::Nanosecond => (native::<TimestampNanosecondType>(column, row), 1),
            };
            let nanos = i128::from(value) * i128::from(nanos);
            if zone.is_some() { columns::instant(nanos) } else { columns::date_time(nanos) }
        }
        _ => None,
    };
    text.map(Json::String)
}

fn list(field: &Field, items: &ArrayRef) -> Read<Json> {
    let items = (0..items.len())
        .map(|place| value(field, items, place).map_err(|why| format!("has an item {place} that {why}")));
    items.collect::<Read<_>>().map(Json::Array)
}

/// Keys that are not texts become texts.
fn entries(entry: &Field, column: &ArrayRef, row: usize) -> Read<Json> {
    let entries = column.as_map().value(row);
    let (DataType::Struct(fields), [keys, values]) = (entry.data_type(), entries.columns()) else {
        return Err("is a map without keys and values".to_owned());
    };
    let [key_field, value_field] = fields.as_ref() else {
        return Err("is a map without keys and values".to_owned());
    };
    let mut map = Map::new();
    for place in 0..entries.len() {
        let key = match value(key_field, keys, place)? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        let value = value(value_field, values, place).map_err(|why| inside(&key, &why))?;
        map.insert(key, value);
    }
    Ok(Json::Object(map))
}

/// The member of a union. Writers of unions make one column for each member: `member0`, `member1` and so on.
fn member(map: Map) -> Json {
    let is_union = map.len() > 1
        && (0..).zip(map.keys()).all(|(place, name): (usize, _)| *name == format!("member{place}"))
        && map.values().filter(|value| !value.is_null()).count() <= 1;
    if !is_union {
        return Json::Object(map);
    }
    map.into_iter().map(|(_, value)| value).find(|value| !value.is_null()).unwrap_or_default()
}
