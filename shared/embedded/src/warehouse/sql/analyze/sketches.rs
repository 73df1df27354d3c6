//! The aggregates of HLL_COUNT. The values of a group are handed over as one text.

use super::aggregate::Parts;
use super::calls::no_signature;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::At;

/// The precision of a sketch without a second argument.
const PRECISION: &str = "15";

impl Analyzer<'_> {
    /// HLL_COUNT.INIT, MERGE and MERGE_PARTIAL.
    pub(super) fn sketch(&self, name: &str, values: &[Value], parts: &Parts, at: At) -> Analyzed<Value> {
        let refused = || no_signature(name, values, at);
        let Some(first) = values.first().cloned().map(Value::settled) else { return Err(refused()) };
        let all = |text: &str| parts.call("string_agg", &format!("{text}, ','"));
        if name == "HLL_COUNT.INIT" {
            let precision = precision(values.get(1), at)?;
            let (kind, text) = match &first.ty {
                DataType::Int64 => ("INT64", format!("CAST({} AS VARCHAR)", first.sql)),
                DataType::String => ("BYTES", format!("hex(encode({}))", first.sql)),
                DataType::Bytes => ("BYTES", format!("hex({})", first.sql)),
                DataType::Numeric | DataType::BigNumeric => {
                    return Err(missing(at, &format!("HLL_COUNT.INIT of {}", first.ty.bigquery())));
                }
                _ => return Err(refused()),
            };
            let sql = format!("unhex(bqf('hll_init', '{precision}', '{kind}', {}))", all(&text));
            return Ok(Value::new(DataType::Bytes, sql));
        }
        let sketch =
            self.coerced(values.first().unwrap_or(&first), &DataType::Bytes, at).map_err(|_| refused())?;
        let sketches = all(&format!("hex({})", sketch.sql));
        Ok(if name == "HLL_COUNT.MERGE" {
            let sql = format!("COALESCE(CAST(bqf('hll_merge', {sketches}) AS BIGINT), 0)");
            Value { never_null: true, ..Value::new(DataType::Int64, sql) }
        } else {
            Value::new(DataType::Bytes, format!("unhex(bqf('hll_merge_partial', {sketches}))"))
        })
    }
}

/// The precision that the second argument asks for.
fn precision(value: Option<&Value>, at: At) -> Analyzed<String> {
    let Some(value) = value else { return Ok(PRECISION.to_owned()) };
    if value.is_null() {
        return Err(refuse(at, "Argument 2 to HLL_COUNT.INIT must be non-NULL"));
    }
    let Form::Number(number) = &value.form else {
        return Err(refuse(at, "Argument 2 to HLL_COUNT.INIT must be a literal or query parameter"));
    };
    match number.parse::<u32>() {
        Ok(own @ 10..=24) => Ok(own.to_string()),
        _ => Err(refuse(at, "Argument 2 to HLL_COUNT.INIT must be between 10 and 24")),
    }
}
