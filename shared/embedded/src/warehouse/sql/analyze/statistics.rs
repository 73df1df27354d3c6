//! Variances, covariances and correlations.
//!
//! FLOAT64 has those of DuckDB. NUMERIC and BIGNUMERIC have exact sums, see `functions/decimal_statistics.rs`.

use super::aggregate::Parts;
use super::coerce::{coerce, supertype};
use super::value::Value;
use crate::warehouse::sql::datatype::DataType;

/// The call of a function of this module. `None`: the types do not fit.
pub(super) fn statistics(name: &str, values: &[Value], parts: &Parts) -> Option<Value> {
    let function = match name {
        "STDDEV" | "STDDEV_SAMP" => "stddev_samp",
        "STDDEV_POP" => "stddev_pop",
        "VARIANCE" | "VAR_SAMP" => "var_samp",
        "VAR_POP" => "var_pop",
        "CORR" => "corr",
        "COVAR_POP" => "covar_pop",
        _ => "covar_samp",
    };
    match supertype(&values.iter().collect::<Vec<_>>())? {
        ty @ (DataType::Numeric | DataType::BigNumeric) => decimals(function, values, &ty, parts),
        _ => floats(function, values, parts),
    }
}

fn decimals(function: &str, values: &[Value], ty: &DataType, parts: &Parts) -> Option<Value> {
    let is_big = *ty == DataType::BigNumeric;
    let scale = if is_big { 38 } else { 9 };
    // The whole number of the smallest unit, as text.
    let units: Vec<String> = values
        .iter()
        .map(|value| {
            let own = coerce(value, ty)?.sql;
            Some(if is_big {
                format!("CAST({own} AS VARCHAR)")
            } else {
                format!("replace(CAST(CAST({own} AS DECIMAL(38,9)) AS VARCHAR), '.', '')")
            })
        })
        .collect::<Option<_>>()?;
    let sql = match units.as_slice() {
        [x] if !parts.distinct.is_empty() => {
            let list = parts.call("list", x);
            format!("bqf('decimal_statistics_of', '{function}', '{scale}', array_to_string({list}, ','))")
        }
        [x] => {
            let sums = [sum(x, parts), sum(x, parts), sum(&product(x, x), parts)];
            of_sums(function, scale, &parts.call("count", x), &sums)
        }
        [x, y] if parts.distinct.is_empty() => {
            // A pair with a NULL does not count.
            let (both_x, both_y) = (
                format!("CASE WHEN {y} IS NOT NULL THEN {x} END"),
                format!("CASE WHEN {x} IS NOT NULL THEN {y} END"),
            );
            let mut sums = vec![sum(&both_x, parts), sum(&both_y, parts), sum(&product(x, y), parts)];
            if function == "corr" {
                sums.extend([&both_x, &both_y].map(|own| sum(&product(own, own), parts)));
            }
            of_sums(function, scale, &parts.call("count", &both_x), &sums)
        }
        _ => return None,
    };
    Some(Value::new(DataType::Float64, format!("CAST({sql} AS DOUBLE)")))
}

fn product(x: &str, y: &str) -> String {
    format!("bqf('decimal_product', {x}, {y})")
}

fn sum(x: &str, parts: &Parts) -> String {
    parts.call("sum", &format!("CAST({x} AS BIGNUM)"))
}

fn of_sums(function: &str, scale: u8, count: &str, sums: &[String]) -> String {
    let texts: Vec<String> = [count]
        .into_iter()
        .chain(sums.iter().map(String::as_str))
        .map(|own| format!("CAST({own} AS VARCHAR)"))
        .collect();
    format!("bqf('decimal_statistics', '{function}', '{scale}', {})", texts.join(", "))
}

fn floats(function: &str, values: &[Value], parts: &Parts) -> Option<Value> {
    let floats: Option<Vec<Value>> = values.iter().map(|value| coerce(value, &DataType::Float64)).collect();
    let floats: Vec<String> = match floats?.as_slice() {
        // A pair with a NULL does not count.
        [x, y] => {
            let both = |own: &Value, other: &Value| {
                format!("CASE WHEN {} IS NOT NULL THEN {} END", other.sql, own.sql)
            };
            vec![both(x, y), both(y, x)]
        }
        values => values.iter().map(|value| value.sql.clone()).collect(),
    };
    let plain = |own: &str| {
        Parts { distinct: "", order: String::new(), filter: parts.filter.clone(), over: parts.over.clone() }
            .call("bool_or", own)
    };
    let infinite =
        plain(&floats.iter().map(|x| format!("NOT isfinite({x})")).collect::<Vec<_>>().join(" OR "));
    let finite: Vec<String> =
        floats.iter().map(|x| format!("CASE WHEN isfinite({x}) THEN {x} END")).collect();
    let mut computed = parts.call(function, &finite.join(", "));
    if function.starts_with("covar") {
        // All numbers are finite, so another result is an overflow.
        computed = format!("bqf_float_sum({computed}, FALSE)");
    }
    let count = parts.call("count", floats.first()?);
    let many = if function.ends_with("samp") || function == "corr" { 2 } else { 1 };
    let nan = format!(
        "CASE WHEN {count} < {many} THEN NULL WHEN {infinite} THEN CAST('nan' AS DOUBLE) ELSE {computed} END"
    );
    Some(Value::new(DataType::Float64, nan))
}
