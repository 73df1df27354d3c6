//! The columns of a Parquet file for the types of rows.

use crate::columns::{Field, Shape, Unit};
use arrow_schema::{DataType, Field as Column, Fields, TimeUnit};
use std::sync::Arc;

/// The most digits of a decimal.
const MOST_DIGITS: usize = 76;

/// The columns for fields.
///
/// # Errors
/// Parquet does not have the type of a field.
pub(super) fn columns(fields: &[Field]) -> Result<Fields, String> {
    fields.iter().map(|field| column(&field.name, &field.shape)).collect()
}

fn column(name: &str, shape: &Shape) -> Result<Column, String> {
    let kind = kind(shape).map_err(|why| format!("column '{name}' {why}"))?;
    Ok(Column::new(name, kind, shape.accepts_null()))
}

/// The members of a union that are not null, with their places.
pub(super) fn members(members: &[Shape]) -> Vec<(usize, &Shape)> {
    members.iter().enumerate().filter(|(_, member)| **member != Shape::Null).collect()
}

fn kind(shape: &Shape) -> Result<DataType, String> {
    Ok(match shape {
        Shape::Null => DataType::Null,
        Shape::Boolean => DataType::Boolean,
        Shape::Int => DataType::Int32,
        Shape::Long => DataType::Int64,
        Shape::Float => DataType::Float32,
        Shape::Double => DataType::Float64,
        Shape::Bytes => DataType::Binary,
        Shape::Text | Shape::Enum(_) | Shape::Uuid(_) => DataType::Utf8,
        Shape::Fixed(size) => fixed(*size)?,
        Shape::Duration => fixed(12)?,
        Shape::Date => DataType::Date32,
        Shape::Time(Unit::Milli) => DataType::Time32(TimeUnit::Millisecond),
        Shape::Time(_) => DataType::Time64(TimeUnit::Microsecond),
        Shape::Timestamp(unit) => DataType::Timestamp(time_unit(*unit), Some("UTC".into())),
        Shape::LocalTimestamp(unit) => DataType::Timestamp(time_unit(*unit), None),
        Shape::Decimal { precision, scale, .. } => {
            let wrong = || format!("is a decimal of {precision} digits; Parquet has at most {MOST_DIGITS}");
            let scale = i8::try_from(*scale).map_err(|_| wrong())?;
            match u8::try_from(*precision) {
                Ok(precision @ 1..=38) => DataType::Decimal128(precision, scale),
                Ok(precision @ 39..=76) => DataType::Decimal256(precision, scale),
                _ => return Err(wrong()),
            }
        }
        Shape::BigDecimal => {
            return Err("is a big-decimal, which Parquet does not have; use a decimal".to_owned());
        }
        Shape::List(item) => DataType::List(Arc::new(column("element", item)?)),
        Shape::Map(item) => {
            let entry = vec![Column::new("key", DataType::Utf8, false), column("value", item)?];
            DataType::Map(Arc::new(Column::new("key_value", DataType::Struct(entry.into()), false)), false)
        }
        Shape::Record(fields) if fields.is_empty() => {
            return Err("is a record without fields, which Parquet does not have".to_owned());
        }
        Shape::Record(fields) => DataType::Struct(columns(fields)?),
        Shape::Union(all) => match members(all).as_slice() {
            [] => DataType::Null,
            [(_, one)] => kind(one)?,
            // One column for each member, as other writers do. At most one of them has a value.
            several => {
                let columns = (0..).zip(several).map(|(place, (_, member))| {
                    Ok(Column::new(format!("member{place}"), kind(member)?, true))
                });
                DataType::Struct(columns.collect::<Result<_, String>>()?)
            }
        },
    })
}

fn fixed(size: usize) -> Result<DataType, String> {
    i32::try_from(size).map(DataType::FixedSizeBinary).map_err(|_| format!("is a fixed of {size} bytes"))
}

fn time_unit(unit: Unit) -> TimeUnit {
    match unit {
        Unit::Milli => TimeUnit::Millisecond,
        Unit::Micro => TimeUnit::Microsecond,
        Unit::Nano => TimeUnit::Nanosecond,
    }
}
