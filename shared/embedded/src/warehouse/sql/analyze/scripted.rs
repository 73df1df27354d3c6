//! The expressions of scripts: the values of SET, of conditions and of parameters.

use super::names::Names;
use super::query::{Output, Relation};
use super::value::{Form, Value, field};
use super::{Analyzed, Analyzer, Variable, literals, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::syntax::ast::Expr;

/// The name of the column of a value.
const COLUMN: &str = "v";

impl Analyzer<'_> {
    /// The query of an expression of a script. With `is_list`, the value is a struct with a field for each of `types`.
    pub(crate) fn scripted(&self, expr: &Expr, types: &[DataType], is_list: bool) -> Analyzed<Relation> {
        let value = self.expr(expr, &Names::none())?;
        let values: Vec<Value> = match (&value.ty, types) {
            (_, []) => vec![value.settled()],
            (DataType::Struct(fields), types)
                if is_list
                    && fields.len() == types.len()
                    && !matches!(types, [only] if value.ty == *only) =>
            {
                // The struct is computed once, also if it is a query.
                let whole = Value::new(value.ty.clone(), "s.w");
                let part = |(index, ty): (usize, &DataType)| {
                    let own = field(&whole, index).unwrap_or_else(Value::null);
                    self.coerced(&own, ty, expr.at).map(Value::settled)
                };
                let parts: Vec<Value> = types.iter().enumerate().map(part).collect::<Analyzed<_>>()?;
                return Ok(relation(&parts, &format!(" FROM (SELECT {} AS w) AS s", value.settled().sql)));
            }
            (_, [ty]) => vec![self.coerced(&value, ty, expr.at)?.settled()],
            _ => {
                let message = format!(
                    "The value of SET must be a struct with {} fields for its variables",
                    types.len()
                );
                return Err(refuse(expr.at, &message));
            }
        };
        Ok(relation(&values, ""))
    }
}

fn relation(values: &[Value], from: &str) -> Relation {
    let name = |index: usize| format!("{COLUMN}{index}");
    let list: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, value)| format!("{} AS {}", value.sql, quote(&name(index))))
        .collect();
    let columns = values.iter().enumerate().map(|(index, value)| Output {
        name: name(index),
        sql_name: quote(&name(index)),
        ty: value.ty.clone(),
        form: Form::Other,
    });
    Relation { sql: format!("SELECT {}{from}", list.join(", ")), columns: columns.collect(), is_value: false }
}

impl Variable {
    /// The value. A whole number is a literal, as LIMIT needs it.
    pub(super) fn value(&self) -> Value {
        let number = self.sql.strip_prefix("CAST(").and_then(|rest| rest.strip_suffix(" AS BIGINT)"));
        let literal =
            number.filter(|_| self.ty == DataType::Int64).and_then(|own| literals::number(own).ok());
        literal.unwrap_or_else(|| Value::new(self.ty.clone(), self.sql.clone()))
    }
}
