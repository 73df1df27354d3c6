//! HAVING MAX and HAVING MIN of an aggregate function.
//!
//! To add a function, add a branch in `Analyzer::having_extreme`.

use super::calls::no_signature;
use super::operators::is_ordered;
use super::value::Value;
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::At;

impl Analyzer<'_> {
    /// An aggregate over the rows where `by` has its greatest or least value. Rows where `by` is NULL do not count.
    pub(super) fn having_extreme(
        &self,
        name: &str,
        values: &[Value],
        by: &Value,
        is_max: bool,
        at: At,
    ) -> Analyzed<Value> {
        if !is_ordered(&by.ty) {
            let message =
                format!("HAVING MAX and HAVING MIN are not defined for the type {}", by.ty.bigquery());
            return Err(refuse(at, &message));
        }
        let refused = || no_signature(name, values, at);
        let x = values.first().cloned().map(Value::settled).ok_or_else(refused)?;
        let extreme = format!("{}({})", if is_max { "max" } else { "min" }, by.sql);
        let list = format!("bq_having(list(struct_pack(v := {}, b := {})), {extreme})", x.sql, by.sql);
        let is_number = matches!(x.ty, DataType::Int64 | DataType::Numeric);
        let (ty, sql) = match (name, values) {
            ("ANY_VALUE", [_]) => (x.ty, format!("list_extract({list}, 1)")),
            ("ARRAY_AGG", [_]) if !matches!(x.ty, DataType::Array(_)) => {
                (DataType::Array(Box::new(x.ty)), format!("bq_not_empty({list})"))
            }
            ("COUNT", [_]) => (DataType::Int64, format!("COALESCE(list_count({list}), 0)")),
            ("COUNTIF", [_]) if x.ty == DataType::Bool => {
                (DataType::Int64, format!("COALESCE(len(list_filter({list}, lambda e: e)), 0)"))
            }
            ("LOGICAL_AND", [_]) if x.ty == DataType::Bool => {
                (DataType::Bool, format!("list_bool_and({list})"))
            }
            ("LOGICAL_OR", [_]) if x.ty == DataType::Bool => {
                (DataType::Bool, format!("list_bool_or({list})"))
            }
            ("SUM", [_]) if is_number => {
                let sql = format!("CAST(list_sum({list}) AS {})", x.ty.duckdb());
                (x.ty, sql)
            }
            ("SUM", [_]) if x.ty == DataType::BigNumeric => {
                (x.ty, format!("bqf_big('sum', list_sum({list}))"))
            }
            ("AVG", [_]) if x.ty == DataType::Int64 => (DataType::Float64, format!("list_avg({list})")),
            // NaN has an order of its own.
            ("MIN" | "MAX", [_]) if is_ordered(&x.ty) && x.ty != DataType::Float64 => {
                (x.ty, format!("list_{}({list})", name.to_lowercase()))
            }
            ("STRING_AGG", [_]) if x.ty == DataType::String => {
                (x.ty, format!("list_aggregate({list}, 'string_agg', ',')"))
            }
            ("STRING_AGG", [_, separator]) if x.ty == DataType::String && !separator.is_null() => {
                let separator = self.coerced(separator, &DataType::String, at)?.sql;
                (x.ty, format!("list_aggregate({list}, 'string_agg', {separator})"))
            }
            _ => return Err(missing(at, &format!("HAVING MAX and HAVING MIN in {name} of these types"))),
        };
        Ok(Value::new(ty, sql))
    }
}
