//! Makes the functions known to a database.

use super::{call, numbers, times};
use duckdb::Connection;
use duckdb::arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use duckdb::arrow::datatypes::{DataType, Float64Type, Int64Type};
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};
use std::error::Error;
use std::sync::Arc;

type Invoked = Result<Arc<dyn Array>, Box<dyn Error>>;

/// Registers every function.
///
/// # Errors
/// DuckDB refuses a function.
pub(crate) fn register(connection: &Connection) -> duckdb::Result<()> {
    connection.register_scalar_function::<Texts>("bqf")?;
    connection.register_scalar_function::<Parse>("bqf_parse")?;
    connection.register_scalar_function::<FloatText>("bqf_float_text")?;
    connection.register_scalar_function::<FloatMath>("bqf_float_math")?;
    connection.register_scalar_function::<FloatSum>("bqf_float_sum")?;
    for (name, operator) in [
        ("add", numbers::Operator::Add),
        ("subtract", numbers::Operator::Subtract),
        ("multiply", numbers::Operator::Multiply),
        ("divide", numbers::Operator::Divide),
    ] {
        connection
            .register_scalar_function_with_state::<FloatBinary>(&format!("bqf_float_{name}"), &operator)?;
    }
    for (name, is_round) in [("round", true), ("trunc", false)] {
        connection
            .register_scalar_function_with_state::<FloatDigits>(&format!("bqf_float_{name}"), &is_round)?;
    }
    Ok(())
}

fn column(input: &RecordBatch, index: usize) -> Result<ArrayRef, Box<dyn Error>> {
    input.columns().get(index).cloned().ok_or_else(|| "an argument is missing".into())
}

fn texts(array: &ArrayRef) -> Result<&StringArray, Box<dyn Error>> {
    array.as_string_opt::<i32>().ok_or_else(|| "an argument is no text".into())
}

fn floats(array: &ArrayRef) -> Result<&Float64Array, Box<dyn Error>> {
    array.as_primitive_opt::<Float64Type>().ok_or_else(|| "an argument is no FLOAT64".into())
}

fn integers(array: &ArrayRef) -> Result<&Int64Array, Box<dyn Error>> {
    array.as_primitive_opt::<Int64Type>().ok_or_else(|| "an argument is no INT64".into())
}

/// Functions of texts. The first argument is the name.
struct Texts;

impl VArrowScalar for Texts {
    type State = ();

    fn invoke(_: &(), input: RecordBatch) -> Invoked {
        let columns: Vec<&StringArray> = input.columns().iter().map(texts).collect::<Result<_, _>>()?;
        let mut out: Vec<Option<String>> = Vec::with_capacity(input.num_rows());
        let mut values: Vec<&str> = Vec::with_capacity(columns.len());
        for row in 0..input.num_rows() {
            values.clear();
            values
                .extend(columns.iter().filter(|column| column.is_valid(row)).map(|column| column.value(row)));
            out.push(match values.split_first() {
                Some((name, arguments)) if values.len() == columns.len() => call(name, arguments)?,
                _ => None,
            });
        }
        Ok(Arc::new(StringArray::from(out)))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::variadic(DataType::Utf8, DataType::Utf8)]
    }
}

/// Reads a text as a whole number, or as the microseconds of a date or time. The first argument is the type.
struct Parse;

impl VArrowScalar for Parse {
    type State = ();

    fn invoke(_: &(), input: RecordBatch) -> Invoked {
        let (kinds, values) = (column(&input, 0)?, column(&input, 1)?);
        let (kinds, values) = (texts(&kinds)?, texts(&values)?);
        let mut out: Vec<Option<i64>> = Vec::with_capacity(input.num_rows());
        for (kind, value) in kinds.iter().zip(values) {
            let (Some(kind), Some(value)) = (kind, value) else {
                out.push(None);
                continue;
            };
            let plain = kind.strip_prefix("safe_");
            out.push(match (times::parse(plain.unwrap_or(kind), value), plain) {
                (Ok(number), _) => Some(number),
                (Err(_), Some(_)) => None,
                (Err(message), None) => return Err(message.into()),
            });
        }
        Ok(Arc::new(Int64Array::from(out)))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Utf8, DataType::Utf8], DataType::Int64)]
    }
}

/// A number as text, as CAST writes it.
struct FloatText;

impl VArrowScalar for FloatText {
    type State = ();

    fn invoke(_: &(), input: RecordBatch) -> Invoked {
        let values = column(&input, 0)?;
        let out: StringArray = floats(&values)?.iter().map(|value| value.map(numbers::float_text)).collect();
        Ok(Arc::new(out))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Float64], DataType::Utf8)]
    }
}

/// Mathematical functions. The first argument is the name.
struct FloatMath;

impl VArrowScalar for FloatMath {
    type State = ();

    fn invoke(_: &(), input: RecordBatch) -> Invoked {
        let (names, x) = (column(&input, 0)?, column(&input, 1)?);
        let (names, x) = (texts(&names)?, floats(&x)?);
        let second = input.columns().get(2).map(floats).transpose()?;
        let mut out: Vec<Option<f64>> = Vec::with_capacity(input.num_rows());
        for row in 0..input.num_rows() {
            let other = match second {
                Some(second) if second.is_null(row) => {
                    out.push(None);
                    continue;
                }
                Some(second) => Some(second.value(row)),
                None => None,
            };
            if names.is_null(row) || x.is_null(row) {
                out.push(None);
                continue;
            }
            out.push(Some(numbers::math(names.value(row), x.value(row), other)?));
        }
        Ok(Arc::new(Float64Array::from(out)))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let one = vec![DataType::Utf8, DataType::Float64];
        let two = vec![DataType::Utf8, DataType::Float64, DataType::Float64];
        vec![
            ArrowFunctionSignature::exact(one, DataType::Float64),
            ArrowFunctionSignature::exact(two, DataType::Float64),
        ]
    }
}

/// A sum, and whether one of its numbers is not finite. Another sum that is not finite is an overflow.
struct FloatSum;

impl VArrowScalar for FloatSum {
    type State = ();

    fn invoke(_: &(), input: RecordBatch) -> Invoked {
        let (sums, known) = (column(&input, 0)?, column(&input, 1)?);
        let (sums, known) = (floats(&sums)?, known.as_boolean_opt().ok_or("an argument is no BOOL")?);
        let known: &BooleanArray = known;
        for (sum, known) in sums.iter().zip(known) {
            if sum.is_some_and(|sum| !sum.is_finite()) && known != Some(true) {
                return Err("double overflow".into());
            }
        }
        Ok(Arc::new(sums.clone()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Float64, DataType::Boolean], DataType::Float64)]
    }
}

/// `+`, `-`, `*` and `/` of FLOAT64.
struct FloatBinary;

impl VArrowScalar for FloatBinary {
    type State = numbers::Operator;

    fn invoke(operator: &numbers::Operator, input: RecordBatch) -> Invoked {
        let (left, right) = (column(&input, 0)?, column(&input, 1)?);
        let mut out: Vec<Option<f64>> = Vec::with_capacity(input.num_rows());
        for pair in floats(&left)?.iter().zip(floats(&right)?) {
            out.push(match pair {
                (Some(left), Some(right)) => Some(operator.apply(left, right)?),
                _ => None,
            });
        }
        Ok(Arc::new(Float64Array::from(out)))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Float64, DataType::Float64], DataType::Float64)]
    }
}

/// ROUND and TRUNC of FLOAT64 with digits.
struct FloatDigits;

impl VArrowScalar for FloatDigits {
    type State = bool;

    fn invoke(is_round: &bool, input: RecordBatch) -> Invoked {
        let (values, digits) = (column(&input, 0)?, column(&input, 1)?);
        let out: Float64Array = floats(&values)?
            .iter()
            .zip(integers(&digits)?)
            .map(|(value, digits)| Some(numbers::float_digits(value?, digits?, *is_round)))
            .collect();
        Ok(Arc::new(out))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Float64, DataType::Int64], DataType::Float64)]
    }
}
