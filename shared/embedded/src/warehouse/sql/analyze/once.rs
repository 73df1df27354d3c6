//! Values that are used several times, and must be computed once because they change with each call, such as RAND.
//!
//! Such a value becomes the field of a struct that a lambda gets. The lambda computes the rest.

use super::value::{Form, Value};
use super::{Analyzed, Analyzer, missing};
use crate::warehouse::sql::syntax::ast::At;
use std::cell::Cell;

/// The functions of DuckDB with another value for each call.
const VOLATILE: [&str; 2] = ["random()", "uuid()"];

/// Whether the value changes with each call.
pub(super) fn is_volatile(value: &Value) -> bool {
    VOLATILE.iter().any(|function| value.sql.contains(function))
}

/// The values that are computed once for an expression.
pub(super) struct Once<'a> {
    /// The number of the values of the expressions around, and of this one.
    count: &'a Cell<usize>,
    /// The name of each, and its text.
    values: Vec<(String, String)>,
}

impl<'a> Once<'a> {
    pub(super) const fn new(analyzer: &'a Analyzer<'_>) -> Self {
        Self { count: &analyzer.once, values: Vec::new() }
    }

    /// What stands for the value in the expression.
    pub(super) fn keep(&mut self, value: Value) -> Value {
        if !is_volatile(&value) {
            return value;
        }
        // The name is the same when the expression is analyzed again, so that GROUP BY finds it.
        self.count.set(self.count.get() + 1);
        let own = format!("once{}", self.count.get());
        let local = Value { sql: format!("{own}.v"), form: Form::Other, ..value };
        self.values.push((own, value.sql));
        local
    }

    /// The expression with the values around it.
    pub(super) fn around(self, value: Value, at: At) -> Analyzed<Value> {
        let mut sql = value.sql;
        for (own, kept) in self.values.iter().rev() {
            // DuckDB has no queries in lambdas.
            if sql.contains("SELECT ") {
                return Err(missing(at, "A query beside a value that differs at each use, such as RAND(),"));
            }
            sql = format!("list_transform([struct_pack(v := {kept})], lambda {own}: {sql})[1]");
        }
        Ok(Value { sql, ..value })
    }

    /// The expression that `compute` makes of the value, which it may use several times.
    pub(super) fn of(
        analyzer: &'a Analyzer<'_>,
        value: &Value,
        at: At,
        compute: impl FnOnce(&Value) -> Analyzed<Value>,
    ) -> Analyzed<Value> {
        let mut once = Self::new(analyzer);
        let own = once.keep(value.clone());
        let computed = compute(&own)?;
        once.around(computed, at)
    }
}

impl Drop for Once<'_> {
    fn drop(&mut self) {
        self.count.set(self.count.get() - self.values.len());
    }
}
