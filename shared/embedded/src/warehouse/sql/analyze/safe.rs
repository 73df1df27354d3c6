//! Calls with the prefix SAFE.
//!
//! SAFE makes an error of the function NULL, and no error of its arguments. So the arguments that are calls themselves
//! are computed before DuckDB's TRY. TRY takes no aggregates, window functions and subqueries either.

use super::names::Names;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer};
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node};

impl Analyzer<'_> {
    /// The value of `SAFE.f(…)`.
    pub(super) fn safe_call(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let own = self.fresh("safe");
        let mut call = call.clone();
        let (mut locals, mut operands) = (Vec::new(), Vec::new());
        for argument in &mut call.arguments {
            // A date part or a lambda is no value, and the functions of dates read an INTERVAL as it is written.
            if matches!(argument.node, Node::Interval { .. }) {
                continue;
            }
            let Ok(value) = self.expr(argument, names) else { continue };
            // DuckDB reads a regular expression that is a literal before it computes anything.
            let is_pattern = call.name.starts_with("REGEXP_") && matches!(value.form, Form::Text(_));
            if !is_pattern && (!matches!(value.form, Form::Other) || !value.sql.contains('(')) {
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
            format!("list_transform([struct_pack({operands})], lambda {own}: TRY({}))[1]", value.sql)
        };
        Ok(Value { never_null: false, ..Value::new(value.ty, sql) })
    }
}
