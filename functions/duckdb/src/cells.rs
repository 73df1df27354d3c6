//! Converts a value of a column to the value that a flow sees (docs/kestra.md 4.9).
//!
//! To add a type, add it to [`Shape`] if its Arrow type does not name it, and a branch in [`Cells::value`].

use crate::times::{clock, date, date_time, interval};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use duckdb::arrow::array::{Array, ArrayRef, AsArray as _};
use duckdb::arrow::datatypes as arrow;
use duckdb::arrow::datatypes::{ArrowPrimitiveType, DataType};
use duckdb::core::{LogicalTypeHandle, LogicalTypeId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_jdbc::values::{exact, instant};
use segue_model::{Json, Map};
use serde_json::Number;

/// The largest offset of a time with a time zone, in seconds.
const LARGEST_OFFSET: i64 = 16 * 3600 - 1;

/// What the Arrow type of a column does not say about its values.
#[derive(Debug)]
pub(crate) enum Shape {
    Plain,
    Boolean,
    HugeInt,
    UHugeInt,
    Uuid,
    Bit,
    Bignum,
    TimeTz,
    Json,
    /// A list or an array.
    List(Box<Shape>),
    Struct(Vec<(String, Shape)>),
    Map(Box<(Shape, Shape)>),
    Union(Vec<Shape>),
}

impl Shape {
    pub(crate) fn of(logical: &LogicalTypeHandle) -> Self {
        let child = |place| Self::of(&logical.child(place));
        match logical.id() {
            LogicalTypeId::Boolean => Self::Boolean,
            LogicalTypeId::Hugeint => Self::HugeInt,
            LogicalTypeId::UHugeint => Self::UHugeInt,
            LogicalTypeId::Uuid => Self::Uuid,
            LogicalTypeId::Bit => Self::Bit,
            LogicalTypeId::Bignum => Self::Bignum,
            LogicalTypeId::TimeTZ => Self::TimeTz,
            LogicalTypeId::Varchar if logical.get_alias().as_deref() == Some("JSON") => Self::Json,
            LogicalTypeId::List | LogicalTypeId::Array => Self::List(Box::new(child(0))),
            LogicalTypeId::Map => Self::Map(Box::new((child(0), child(1)))),
            LogicalTypeId::Struct => Self::Struct(
                (0..logical.num_children()).map(|place| (logical.child_name(place), child(place))).collect(),
            ),
            LogicalTypeId::Union => Self::Union((0..logical.num_children()).map(child).collect()),
            _ => Self::Plain,
        }
    }
}

/// Converts values.
pub(crate) struct Cells {
    /// The zone of values with a time zone.
    pub(crate) zone: TimeZone,
}

impl Cells {
    /// The value in a row of a column.
    pub(crate) fn value(&self, shape: &Shape, column: &ArrayRef, row: usize) -> Json {
        if column.is_null(row) {
            return Json::Null;
        }
        self.known(shape, column, row)
            .unwrap_or_else(|| Json::String(format!("a value of the type {}", column.data_type())))
    }

    /// None if the type is not known.
    fn known(&self, shape: &Shape, column: &ArrayRef, row: usize) -> Option<Json> {
        Some(match column.data_type() {
            DataType::Null => Json::Null,
            DataType::Boolean => Json::Bool(column.as_boolean_opt()?.value(row)),
            DataType::Int8 if matches!(shape, Shape::Boolean) => {
                Json::Bool(primitive::<arrow::Int8Type>(column, row)? != 0)
            }
            DataType::Int8 => Json::from(primitive::<arrow::Int8Type>(column, row)?),
            DataType::Int16 => Json::from(primitive::<arrow::Int16Type>(column, row)?),
            DataType::Int32 => Json::from(primitive::<arrow::Int32Type>(column, row)?),
            DataType::Int64 => Json::from(primitive::<arrow::Int64Type>(column, row)?),
            DataType::UInt8 => Json::from(primitive::<arrow::UInt8Type>(column, row)?),
            DataType::UInt16 => Json::from(primitive::<arrow::UInt16Type>(column, row)?),
            DataType::UInt32 => Json::from(primitive::<arrow::UInt32Type>(column, row)?),
            DataType::UInt64 => Json::from(primitive::<arrow::UInt64Type>(column, row)?),
            // The shortest text of a FLOAT, 0.1, is not the number 0.10000000149011612.
            DataType::Float32 => {
                float(primitive::<arrow::Float32Type>(column, row)?.to_string().parse().ok()?)
            }
            DataType::Float64 => float(primitive::<arrow::Float64Type>(column, row)?),
            DataType::Decimal32(..) => {
                decimal(&column.as_primitive_opt::<arrow::Decimal32Type>()?.value_as_string(row))
            }
            DataType::Decimal64(..) => {
                decimal(&column.as_primitive_opt::<arrow::Decimal64Type>()?.value_as_string(row))
            }
            DataType::Decimal128(..) => {
                decimal(&column.as_primitive_opt::<arrow::Decimal128Type>()?.value_as_string(row))
            }
            DataType::Utf8 => text(shape, column.as_string_opt::<i32>()?.value(row)),
            DataType::LargeUtf8 => text(shape, column.as_string_opt::<i64>()?.value(row)),
            DataType::Utf8View => text(shape, column.as_string_view_opt()?.value(row)),
            DataType::Binary => binary(shape, column.as_binary_opt::<i32>()?.value(row)),
            DataType::LargeBinary => binary(shape, column.as_binary_opt::<i64>()?.value(row)),
            DataType::FixedSizeBinary(_) => {
                self.fixed(shape, column.as_fixed_size_binary_opt()?.value(row))?
            }
            DataType::Date32 => Json::String(date(primitive::<arrow::Date32Type>(column, row)?)),
            DataType::Time64(arrow::TimeUnit::Nanosecond) => {
                Json::String(clock(primitive::<arrow::Time64NanosecondType>(column, row)?))
            }
            DataType::Time64(_) => {
                Json::String(clock(primitive::<arrow::Time64MicrosecondType>(column, row)? * 1000))
            }
            DataType::Timestamp(unit, zone) => self.timestamp(column, row, *unit, zone.is_some())?,
            DataType::Interval(_) => {
                let value = primitive::<arrow::IntervalMonthDayNanoType>(column, row)?;
                Json::String(interval(value.months, value.days, value.nanoseconds))
            }
            DataType::Dictionary(..) => Json::String(label(column, row)?),
            DataType::List(_) => self.list(shape, &column.as_list_opt::<i32>()?.value(row)),
            DataType::LargeList(_) => self.list(shape, &column.as_list_opt::<i64>()?.value(row)),
            DataType::FixedSizeList(..) => self.list(shape, &column.as_fixed_size_list_opt()?.value(row)),
            DataType::Struct(_) => self.fields(shape, column, row)?,
            DataType::Map(..) => self.map(shape, column, row)?,
            DataType::Union(..) => self.member(shape, column, row)?,
            _ => return None,
        })
    }

    fn timestamp(&self, column: &ArrayRef, row: usize, unit: arrow::TimeUnit, zoned: bool) -> Option<Json> {
        let (value, nanos) = match unit {
            arrow::TimeUnit::Second => (primitive::<arrow::TimestampSecondType>(column, row)?, 1_000_000_000),
            arrow::TimeUnit::Millisecond => {
                (primitive::<arrow::TimestampMillisecondType>(column, row)?, 1_000_000)
            }
            arrow::TimeUnit::Microsecond => {
                (primitive::<arrow::TimestampMicrosecondType>(column, row)?, 1000)
            }
            arrow::TimeUnit::Nanosecond => (primitive::<arrow::TimestampNanosecondType>(column, row)?, 1),
        };
        let infinite = match value {
            i64::MAX => Some("infinity"),
            value if value == -i64::MAX => Some("-infinity"),
            _ => None,
        };
        if let Some(infinite) = infinite {
            return Some(Json::String(infinite.to_owned()));
        }
        let nanos = i128::from(value) * nanos;
        Some(Json::String(match Timestamp::from_nanosecond(nanos) {
            Ok(at) if zoned => instant(at, &self.zone),
            _ if zoned => format!("{}Z", date_time(nanos)),
            _ => date_time(nanos),
        }))
    }

    fn fixed(&self, shape: &Shape, bytes: &[u8]) -> Option<Json> {
        Some(match shape {
            Shape::HugeInt => whole(&i128::from_le_bytes(bytes.try_into().ok()?).to_string()),
            Shape::UHugeInt => whole(&u128::from_le_bytes(bytes.try_into().ok()?).to_string()),
            Shape::Uuid => {
                let digits = format!("{:032x}", u128::from_be_bytes(bytes.try_into().ok()?));
                let groups =
                    [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| digits.get(group).unwrap_or_default());
                Json::String(groups.join("-"))
            }
            Shape::TimeTz => {
                let value = u64::from_le_bytes(bytes.try_into().ok()?);
                let offset = LARGEST_OFFSET - i64::try_from(value & 0xff_ffff).ok()?;
                let micros = i64::try_from(value >> 24).ok()? - offset * 1_000_000;
                // As in Kestra, the day is the first of 1970.
                let at = Timestamp::from_microsecond(micros).ok()?.to_zoned(self.zone.clone());
                Json::String(at.strftime("%H:%M:%S%.f").to_string())
            }
            _ => binary(shape, bytes),
        })
    }

    fn list(&self, shape: &Shape, items: &ArrayRef) -> Json {
        let item = if let Shape::List(item) = shape { item.as_ref() } else { &Shape::Plain };
        Json::Array((0..items.len()).map(|place| self.value(item, items, place)).collect())
    }

    /// A struct without names, as `row(1, 2)` makes one, is a list.
    fn fields(&self, shape: &Shape, column: &ArrayRef, row: usize) -> Option<Json> {
        let Shape::Struct(shapes) = shape else { return None };
        let columns = column.as_struct_opt()?.columns();
        let values = shapes.iter().zip(columns);
        Some(if shapes.iter().all(|(name, _)| name.is_empty()) {
            Json::Array(values.map(|((_, shape), column)| self.value(shape, column, row)).collect())
        } else {
            Json::Object(
                values
                    .map(|((name, shape), column)| (name.clone(), self.value(shape, column, row)))
                    .collect(),
            )
        })
    }

    /// Keys that are not texts become texts.
    fn map(&self, shape: &Shape, column: &ArrayRef, row: usize) -> Option<Json> {
        let Shape::Map(shapes) = shape else { return None };
        let entries = column.as_map_opt()?.value(row);
        let [keys, values] = entries.columns() else { return None };
        let mut map = Map::new();
        for place in 0..entries.len() {
            let key = match self.value(&shapes.0, keys, place) {
                Json::String(text) => text,
                other => other.to_string(),
            };
            map.insert(key, self.value(&shapes.1, values, place));
        }
        Some(Json::Object(map))
    }

    /// A union is the value of its member.
    fn member(&self, shape: &Shape, column: &ArrayRef, row: usize) -> Option<Json> {
        let Shape::Union(shapes) = shape else { return None };
        let union = column.as_union_opt()?;
        let tag = union.type_id(row);
        let shape = shapes.get(usize::try_from(tag).ok()?)?;
        Some(self.value(shape, union.child(tag), union.value_offset(row)))
    }
}

fn primitive<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    Some(column.as_primitive_opt::<T>()?.value(row))
}

fn float(value: f64) -> Json {
    Number::from_f64(value).map_or_else(
        || {
            Json::String(
                if value.is_nan() {
                    "NaN"
                } else if value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                }
                .to_owned(),
            )
        },
        Json::Number,
    )
}

fn decimal(text: &str) -> Json {
    exact(text).unwrap_or_else(|| Json::String(text.to_owned()))
}

/// A whole number as a number if it fits into 64 bits, and otherwise as its digits.
fn whole(digits: &str) -> Json {
    match (digits.parse::<i64>(), digits.parse::<u64>()) {
        (Ok(number), _) => Json::from(number),
        (_, Ok(number)) => Json::from(number),
        _ => Json::String(digits.to_owned()),
    }
}

fn text(shape: &Shape, text: &str) -> Json {
    let json = matches!(shape, Shape::Json).then(|| serde_json::from_str(text).ok()).flatten();
    json.unwrap_or_else(|| Json::String(text.to_owned()))
}

fn binary(shape: &Shape, bytes: &[u8]) -> Json {
    if let Shape::Bignum = shape {
        return whole(&bignum(bytes));
    }
    Json::String(match (shape, bytes.split_first()) {
        // The first byte is the number of bits that are not used in the second one.
        (Shape::Bit, Some((unused, bits))) => {
            let digits: String = bits.iter().map(|byte| format!("{byte:08b}")).collect();
            digits.get(usize::from(*unused)..).unwrap_or_default().to_owned()
        }
        _ => STANDARD.encode(bytes),
    })
}

/// The digits of a BIGNUM: three bytes with sign and length, then the number with the highest byte first. The bytes of
/// a negative number are inverted.
fn bignum(bytes: &[u8]) -> String {
    let is_negative = bytes.first().is_none_or(|first| first & 0x80 == 0);
    // Nine digits each, with the lowest first.
    let mut groups = vec![0_u64];
    for byte in bytes.iter().skip(3) {
        let mut carry = u64::from(if is_negative { !byte } else { *byte });
        for group in &mut groups {
            let value = *group * 256 + carry;
            (*group, carry) = (value % 1_000_000_000, value / 1_000_000_000);
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut digits = if is_negative { "-".to_owned() } else { String::new() };
    let mut groups = groups.iter().rev();
    digits.push_str(&groups.next().copied().unwrap_or_default().to_string());
    groups.for_each(|group| digits.push_str(&format!("{group:09}")));
    digits
}

/// The text of an ENUM.
fn label(column: &ArrayRef, row: usize) -> Option<String> {
    let any = column.as_any_dictionary_opt()?;
    let key = match any.keys().data_type() {
        DataType::UInt8 => usize::from(any.keys().as_primitive_opt::<arrow::UInt8Type>()?.value(row)),
        DataType::UInt16 => usize::from(any.keys().as_primitive_opt::<arrow::UInt16Type>()?.value(row)),
        DataType::UInt32 => {
            usize::try_from(any.keys().as_primitive_opt::<arrow::UInt32Type>()?.value(row)).ok()?
        }
        _ => return None,
    };
    let labels = any.values();
    let label = match labels.data_type() {
        DataType::LargeUtf8 => labels.as_string_opt::<i64>()?.value(key),
        _ => labels.as_string_opt::<i32>()?.value(key),
    };
    Some(label.to_owned())
}
