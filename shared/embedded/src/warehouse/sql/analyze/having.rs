//! HAVING MAX and HAVING MIN of an aggregate function.
//!
//! The rows are kept in a list, and functions of lists compute the result over those with the extreme value.
//!
//! To add a function, add a branch in `Analyzer::having_extreme`.

use super::aggregate::Parts;
use super::calls::no_signature;
use super::coerce::coerce;
use super::operators::is_ordered;
use super::value::Value;
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

impl Analyzer<'_> {
    /// An aggregate over the rows where `by` has its greatest or least value. Rows where `by` is NULL do not count. No
    /// row counts if `by` is NaN somewhere, because NaN is the extreme value then, and equals nothing.
    pub(super) fn having_extreme(
        &self,
        call: &Call,
        values: &[Value],
        (is_max, by): (bool, &Value),
        parts: &Parts,
        at: At,
    ) -> Analyzed<Value> {
        let name = call.name.as_str();
        if !parts.over.is_empty() {
            return Err(missing(at, "HAVING MAX and HAVING MIN with OVER"));
        }
        if !is_ordered(&by.ty) {
            let message =
                format!("HAVING MAX and HAVING MIN are not defined for the type {}", by.ty.bigquery());
            return Err(refuse(at, &message));
        }
        let refused = || no_signature(name, values, at);
        let x = match values {
            [] if call.star => Value::new(DataType::Int64, "CAST(1 AS BIGINT)"),
            _ => values.first().cloned().map(Value::settled).ok_or_else(refused)?,
        };
        let mut extreme = format!("{}({})", if is_max { "max" } else { "min" }, by.sql);
        if by.ty == DataType::Float64 {
            extreme = format!("CASE WHEN NOT bool_or(isnan({})) THEN {extreme} END", by.sql);
        }
        let rows = format!("list(struct_pack(v := {}, b := {}){})", x.sql, by.sql, parts.order);
        let mut list = format!("bq_having({rows}, {extreme})");
        let keeps_order = matches!(name, "ARRAY_AGG" | "STRING_AGG" | "ARRAY_CONCAT_AGG");
        if call.ignore_nulls == Some(true) || name == "STRING_AGG" {
            list = format!("list_filter({list}, lambda e: e IS NOT NULL)");
        }
        if call.distinct {
            if name == "ARRAY_AGG" && call.ignore_nulls != Some(true) {
                return Err(missing(
                    at,
                    "ARRAY_AGG(DISTINCT …) with HAVING MAX or HAVING MIN and without IGNORE NULLS",
                ));
            }
            list =
                if keeps_order { format!("bq_first_ones({list})") } else { format!("list_distinct({list})") };
        }
        if keeps_order {
            list = self.limited(call, &list)?;
        }
        let average = |sum: &str| {
            format!("bqf_numeric_divide({sum}, CAST(nullif(list_count({list}), 0) AS DECIMAL(38,9)))")
        };
        let (ty, sql) = match (name, values) {
            ("COUNT", []) => (DataType::Int64, format!("COALESCE(len({list}), 0)")),
            ("ANY_VALUE", [_]) => (x.ty, format!("list_extract({list}, 1)")),
            ("ARRAY_AGG", [_]) if !matches!(x.ty, DataType::Array(_)) => {
                (DataType::Array(Box::new(x.ty)), format!("bq_not_empty({list})"))
            }
            ("COUNT", [_]) => (DataType::Int64, format!("COALESCE(list_count({list}), 0)")),
            ("APPROX_COUNT_DISTINCT", [_]) => (DataType::Int64, format!("COALESCE(list_unique({list}), 0)")),
            ("COUNTIF", [_]) if x.ty == DataType::Bool => {
                (DataType::Int64, format!("COALESCE(len(list_filter({list}, lambda e: e)), 0)"))
            }
            ("LOGICAL_AND", [_]) if x.ty == DataType::Bool => {
                (DataType::Bool, format!("list_bool_and({list})"))
            }
            ("LOGICAL_OR", [_]) if x.ty == DataType::Bool => {
                (DataType::Bool, format!("list_bool_or({list})"))
            }
            ("BIT_AND" | "BIT_OR" | "BIT_XOR", [_]) if x.ty == DataType::Int64 => {
                (x.ty, format!("list_aggregate({list}, '{}')", name.to_lowercase()))
            }
            ("SUM", [_]) if x.ty == DataType::Int64 => (x.ty, format!("CAST(list_sum({list}) AS BIGINT)")),
            ("SUM", [_]) if x.ty == DataType::Numeric => (x.ty, format!("bq_numeric_sum(list_sum({list}))")),
            ("SUM", [_]) if x.ty == DataType::Float64 => (x.ty, format!("bq_float_list_sum({list})")),
            ("SUM", [_]) if x.ty == DataType::BigNumeric => {
                (x.ty, format!("bqf_big('sum', list_sum({list}))"))
            }
            ("AVG", [_]) if matches!(x.ty, DataType::Int64 | DataType::Float64) => {
                let list = format!("list_transform({list}, lambda e: CAST(e AS DOUBLE))");
                (DataType::Float64, format!("list_avg({list})"))
            }
            ("AVG", [_]) if x.ty == DataType::Numeric => {
                (x.ty, average(&format!("bq_numeric_sum(list_sum({list}))")))
            }
            ("AVG", [_]) if x.ty == DataType::BigNumeric => {
                (x.ty, format!("bqf_big('average', list_sum({list}), list_count({list}))"))
            }
            ("MIN" | "MAX", [_]) if is_ordered(&x.ty) => {
                let plain = format!("list_{}({list})", name.to_lowercase());
                let sql = if x.ty == DataType::Float64 {
                    format!(
                        "CASE WHEN len(list_filter({list}, lambda e: isnan(e))) > 0 THEN CAST('nan' AS DOUBLE) ELSE {plain} END"
                    )
                } else {
                    plain
                };
                (x.ty, sql)
            }
            ("STRING_AGG", [_]) if x.ty == DataType::String => {
                (x.ty, format!("list_aggregate({list}, 'string_agg', ',')"))
            }
            ("STRING_AGG", [_, separator]) if x.ty == DataType::String && !separator.is_null() => {
                let separator = coerce(separator, &DataType::String).ok_or_else(refused)?.sql;
                (x.ty, format!("list_aggregate({list}, 'string_agg', {separator})"))
            }
            _ => return Err(missing(at, &format!("HAVING MAX and HAVING MIN in {name} of these types"))),
        };
        Ok(Value::new(ty, sql))
    }
}
