//! ORDER BY, with NULL and NaN where BigQuery puts them.

use super::names::Names;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, OrderItem};

impl Analyzer<'_> {
    /// `ORDER BY …` in DuckDB's syntax.
    pub(super) fn order_by(&self, items: &[OrderItem], names: &Names<'_>) -> Analyzed<String> {
        let mut keys = Vec::new();
        for item in items {
            let value = self.expr(&item.value, names)?;
            keys.push(self.order_key(item, &value)?);
        }
        Ok(format!("ORDER BY {}", keys.join(", ")))
    }

    /// One key of an order.
    pub(super) fn order_key(&self, item: &OrderItem, value: &Value) -> Analyzed<String> {
        let at: At = item.value.at;
        if item.collate.is_some() {
            return Err(missing(at, "COLLATE"));
        }
        if !super::operators::is_ordered(&value.ty) {
            return Err(refuse(
                at,
                &format!("ORDER BY does not support expressions of type {}", value.ty.bigquery()),
            ));
        }
        if let Form::Number(_) | Form::Text(_) = value.form {
            // A literal orders nothing, and DuckDB would take it as the number of a column.
            return Ok(format!("({} IS NULL)", value.sql));
        }
        let (direction, first) =
            (if item.descending { "DESC" } else { "ASC" }, item.nulls_first.unwrap_or(!item.descending));
        let nulls = if first { "NULLS FIRST" } else { "NULLS LAST" };
        let sql = super::collation::key(value);
        if value.ty == DataType::Float64 {
            let nan = if item.descending { "ASC" } else { "DESC" };
            return Ok(format!("isnan({sql}) {nan} {nulls}, {sql} {direction} {nulls}"));
        }
        Ok(format!("{sql} {direction} {nulls}"))
    }
}
