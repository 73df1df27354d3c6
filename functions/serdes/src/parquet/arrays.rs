//! Typed values as columns in memory.

use super::fields::members;
use crate::columns::{Field, Shape};
use apache_avro::types::Value;
use arrow_array::builder::{FixedSizeBinaryBuilder, NullBuilder};
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int32Type, Int64Type,
    Time32MillisecondType, Time64MicrosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, ListArray, MapArray, PrimitiveArray,
    StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_schema::{ArrowError, DataType, Fields};
use num_bigint::BigInt;
use std::sync::Arc;

type Made<T> = Result<T, ArrowError>;

/// The columns of records.
///
/// # Errors
/// A value does not have the type of its column.
pub(super) fn records(columns: &Fields, fields: &[Field], rows: &[Option<&Value>]) -> Made<Vec<ArrayRef>> {
    let made = columns.iter().zip(fields).enumerate().map(|(place, (column, field))| {
        let values: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Some(Value::Record(values)) => values.get(place).map(|(_, value)| value),
                _ => None,
            })
            .collect();
        array(column.data_type(), &field.shape, &values)
    });
    made.collect()
}

fn array(kind: &DataType, shape: &Shape, values: &[Option<&Value>]) -> Made<ArrayRef> {
    if let Shape::Union(all) = shape {
        return union(kind, all, values);
    }
    Ok(match (kind, shape) {
        (DataType::Null, _) => {
            let mut nulls = NullBuilder::new();
            nulls.append_nulls(values.len());
            Arc::new(nulls.finish())
        }
        (DataType::Boolean, _) => {
            let booleans = values.iter().map(|value| match value {
                Some(Value::Boolean(value)) => Some(*value),
                _ => None,
            });
            Arc::new(booleans.collect::<BooleanArray>())
        }
        (DataType::Utf8, _) => {
            let texts = values.iter().map(|value| match value {
                Some(Value::String(text) | Value::Enum(_, text)) => Some(text.clone()),
                Some(Value::Uuid(uuid)) => Some(uuid.to_string()),
                _ => None,
            });
            Arc::new(texts.collect::<StringArray>())
        }
        (DataType::Binary, _) => {
            let all = values.iter().map(|value| match value {
                Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
                _ => None,
            });
            Arc::new(all.collect::<BinaryArray>())
        }
        (DataType::FixedSizeBinary(size), _) => {
            let mut builder = FixedSizeBinaryBuilder::with_capacity(values.len(), *size);
            for value in values {
                match value {
                    Some(Value::Fixed(_, bytes)) => builder.append_value(bytes)?,
                    Some(Value::Duration(duration)) => {
                        builder.append_value(<[u8; 12]>::from(*duration))?;
                    }
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        (DataType::List(item), Shape::List(inside)) => {
            let (mut items, mut lengths) = (Vec::new(), Vec::with_capacity(values.len()));
            for value in values {
                let found: &[Value] = if let Some(Value::Array(found)) = value { found } else { &[] };
                lengths.push(found.len());
                items.extend(found.iter().map(Some));
            }
            let items = array(item.data_type(), inside, &items)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, nulls(values))?)
        }
        (DataType::Map(entry, _), Shape::Map(inside)) => map(entry, inside, values)?,
        (DataType::Struct(columns), Shape::Record(fields)) => {
            let arrays = records(columns, fields, values)?;
            Arc::new(StructArray::try_new(columns.clone(), arrays, nulls(values))?)
        }
        _ => numbers(kind, values)?,
    })
}

fn union(kind: &DataType, all: &[Shape], values: &[Option<&Value>]) -> Made<ArrayRef> {
    let of_member = |wanted: usize| {
        let found = values.iter().map(move |value| match value {
            Some(Value::Union(place, inner)) if usize::try_from(*place) == Ok(wanted) => Some(inner.as_ref()),
            _ => None,
        });
        found.collect::<Vec<_>>()
    };
    match (members(all).as_slice(), kind) {
        ([(place, one)], _) => array(kind, one, &of_member(*place)),
        (several, DataType::Struct(columns)) => {
            let arrays = columns
                .iter()
                .zip(several)
                .map(|(column, (place, member))| array(column.data_type(), member, &of_member(*place)));
            let present = values.iter().map(|value| {
                !matches!(value, Some(Value::Union(_, inner)) if **inner == Value::Null) && value.is_some()
            });
            let nulls = NullBuffer::from_iter(present);
            Ok(Arc::new(StructArray::try_new(columns.clone(), arrays.collect::<Made<_>>()?, Some(nulls))?))
        }
        _ => array(&DataType::Null, &Shape::Null, values),
    }
}

fn map(entry: &arrow_schema::FieldRef, inside: &Shape, values: &[Option<&Value>]) -> Made<ArrayRef> {
    let DataType::Struct(columns) = entry.data_type() else {
        return Err(ArrowError::SchemaError("a map without entries".to_owned()));
    };
    let (mut keys, mut items, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(values.len()));
    for value in values {
        let Some(Value::Map(map)) = value else {
            lengths.push(0);
            continue;
        };
        lengths.push(map.len());
        // The same rows make the same file.
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in entries {
            keys.push(key.as_str());
            items.push(Some(value));
        }
    }
    let kind = columns.last().map_or(&DataType::Null, |column| column.data_type());
    let arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from(keys)), array(kind, inside, &items)?];
    let entries = StructArray::try_new(columns.clone(), arrays, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, nulls(values), false)?))
}

fn nulls(values: &[Option<&Value>]) -> Option<NullBuffer> {
    Some(values.iter().map(|value| !matches!(value, None | Some(Value::Null))).collect())
}

fn numbers(kind: &DataType, values: &[Option<&Value>]) -> Made<ArrayRef> {
    use arrow_schema::TimeUnit::{Microsecond, Millisecond, Nanosecond};
    Ok(match kind {
        DataType::Int32 => primitive::<Int32Type>(kind, values, int),
        DataType::Int64 => primitive::<Int64Type>(kind, values, long),
        DataType::Float32 => primitive::<Float32Type>(kind, values, |value| match value {
            Value::Float(float) => Some(*float),
            _ => None,
        }),
        DataType::Float64 => primitive::<Float64Type>(kind, values, |value| match value {
            Value::Double(double) => Some(*double),
            _ => None,
        }),
        DataType::Date32 => primitive::<Date32Type>(kind, values, int),
        DataType::Time32(_) => primitive::<Time32MillisecondType>(kind, values, int),
        DataType::Time64(_) => primitive::<Time64MicrosecondType>(kind, values, long),
        DataType::Timestamp(Millisecond, _) => primitive::<TimestampMillisecondType>(kind, values, long),
        DataType::Timestamp(Microsecond, _) => primitive::<TimestampMicrosecondType>(kind, values, long),
        DataType::Timestamp(Nanosecond, _) => primitive::<TimestampNanosecondType>(kind, values, long),
        DataType::Decimal128(..) => {
            primitive::<Decimal128Type>(kind, values, |value| i128::try_from(unscaled(value)?).ok())
        }
        DataType::Decimal256(..) => primitive::<Decimal256Type>(kind, values, |value| {
            i256::from_string(&unscaled(value)?.to_string())
        }),
        other => return Err(ArrowError::NotYetImplemented(format!("the type {other}"))),
    })
}

fn primitive<T: ArrowPrimitiveType>(
    kind: &DataType,
    values: &[Option<&Value>],
    of: impl Fn(&Value) -> Option<T::Native>,
) -> ArrayRef {
    let natives = values.iter().map(|value| value.and_then(&of));
    Arc::new(natives.collect::<PrimitiveArray<T>>().with_data_type(kind.clone()))
}

fn int(value: &Value) -> Option<i32> {
    match value {
        Value::Int(int) | Value::Date(int) | Value::TimeMillis(int) => Some(*int),
        _ => None,
    }
}

fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Long(long)
        | Value::TimeMicros(long)
        | Value::TimestampMillis(long)
        | Value::TimestampMicros(long)
        | Value::TimestampNanos(long)
        | Value::LocalTimestampMillis(long)
        | Value::LocalTimestampMicros(long)
        | Value::LocalTimestampNanos(long) => Some(*long),
        _ => None,
    }
}

fn unscaled(value: &Value) -> Option<BigInt> {
    match value {
        Value::Decimal(decimal) => Some(decimal.clone().into()),
        _ => None,
    }
}
