//! Calls with the prefix SAFE, and SAFE_CAST.
//!
//! SAFE makes an error of the function NULL, and no error of its arguments. So the arguments that are calls themselves
//! are computed before DuckDB's TRY. TRY takes no aggregates, window functions and subqueries either.

use super::names::Names;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, aggregate, windows};
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, List, Node};

impl Analyzer<'_> {
    /// The value of `SAFE.f(…)`.
    pub(super) fn safe_call(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let own = self.fresh("safe");
        let mut call = call.clone();
        let (mut locals, mut operands) = (Vec::new(), Vec::new());
        // DuckDB gives a lambda no columns of a query with GROUP BY, so columns are computed before it, too.
        let takes_columns = call.arguments.iter().any(is_hoisted);
        for argument in &mut call.arguments {
            // A date part or a lambda is no value, and the functions of dates read an INTERVAL as it is written.
            if matches!(argument.node, Node::Interval { .. }) {
                continue;
            }
            let Ok(value) = self.expr(argument, names) else { continue };
            // DuckDB reads a regular expression that is a literal before it computes anything.
            let is_pattern = call.name.starts_with("REGEXP_") && matches!(value.form, Form::Text(_));
            let is_computed = matches!(value.form, Form::Other) && (takes_columns || value.sql.contains('('));
            if !is_pattern && !is_computed {
                continue;
            }
            let value = value.settled();
            let name = format!("a{}", operands.len());
            operands.push(format!("{name} := {}", value.sql));
            let local = format!("{own}.{name}");
            *argument = Expr::new(argument.at, Node::Name(local.clone()));
            locals.push((local.clone(), Value { sql: local, ..value }));
        }
        let inner = Names::with_locals(names, locals);
        let value = self.scalar(&call, &inner, at)?;
        // TRY takes nothing that changes with each call, such as RAND. A function without arguments has no error.
        if call.arguments.is_empty() {
            return Ok(value);
        }
        let sql = if operands.is_empty() {
            format!("TRY({})", value.sql)
        } else {
            let operands = operands.join(", ");
            over_row(&own, &format!("struct_pack({operands})"), &format!("TRY({})", value.sql))
        };
        Ok(Value { never_null: false, ..Value::new(value.ty, sql) })
    }

    /// SAFE_CAST of a value. `cast` makes the result of the value.
    pub(super) fn safe_cast(
        &self,
        expr: &Expr,
        value: Value,
        cast: impl FnOnce(&Value) -> Analyzed<Value>,
    ) -> Analyzed<Value> {
        if !is_hoisted(expr) || value.is_null() {
            return cast(&value);
        }
        let (row, value) = (self.fresh("p"), value.settled());
        let own = cast(&Value::new(value.ty, row.clone()))?;
        Ok(Value::new(own.ty, over_row(&row, &value.sql, &own.sql)))
    }
}

/// `sql` with a value of the row under a name.
fn over_row(name: &str, value: &str, sql: &str) -> String {
    format!("list_extract(list_transform([{value}], lambda {name}: {sql}), 1)")
}

/// Whether an expression must be computed before TRY.
fn is_hoisted(expr: &Expr) -> bool {
    aggregate::contains(expr) || windows::contains(expr) || has_query(expr)
}

fn has_query(expr: &Expr) -> bool {
    let is_query = match &expr.node {
        Node::ArrayQuery(_) | Node::Exists(_) | Node::Subquery(_) => true,
        Node::In { list, .. } | Node::Like { patterns: list, .. } => matches!(list, List::Query(_)),
        _ => false,
    };
    is_query || expr.children().into_iter().any(has_query)
}
