//! IS, IS DISTINCT FROM, BETWEEN, IN and LIKE.

use super::coerce::{coerce, supertype};
use super::names::Names;
use super::once::Once;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, collation, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Expr, List, Quantifier, Truth};

impl Analyzer<'_> {
    pub(super) fn is(&self, value: &Expr, what: Truth, not: bool, names: &Names<'_>) -> Analyzed<Value> {
        let own = self.expr(value, names)?;
        let not = if not { "NOT " } else { "" };
        let sql = match what {
            Truth::Null => format!("({} IS {not}NULL)", own.settled().sql),
            Truth::True | Truth::False => {
                let own = self.coerced(&own, &DataType::Bool, value.at)?;
                let word = if what == Truth::True { "TRUE" } else { "FALSE" };
                format!("({} IS {not}{word})", own.sql)
            }
        };
        Ok(Value { never_null: true, ..Value::new(DataType::Bool, sql) })
    }

    pub(super) fn is_distinct(
        &self,
        left: &Expr,
        right: &Expr,
        not: bool,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let (left, right) = (self.expr(left, names)?, self.expr(right, names)?);
        let (ty, mut values) = self.unified(vec![left, right], "operator IS DISTINCT FROM", at)?;
        collation::refuse_inside(&ty, "IS DISTINCT FROM", at)?;
        if ty.has(&|own| matches!(own, DataType::Array(_))) {
            let message = format!("IS DISTINCT FROM is not defined for arguments of type {}", ty.bigquery());
            return Err(refuse(at, &message));
        }
        let (right, left) = (values.pop(), values.pop());
        let key = |value: Option<Value>| match value {
            Some(own) if own.ty == DataType::Collated => collation::key(&own),
            own => own.map(|own| own.sql).unwrap_or_default(),
        };
        let (left, right) = (key(left), key(right));
        let not = if not { "NOT " } else { "" };
        let sql = format!("({left} IS {not}DISTINCT FROM {right})");
        Ok(Value { never_null: true, ..Value::new(DataType::Bool, sql) })
    }

    pub(super) fn between(
        &self,
        value: &Expr,
        low: &Expr,
        high: &Expr,
        not: bool,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let values =
            [value, low, high].iter().map(|expr| self.expr(expr, names)).collect::<Analyzed<Vec<_>>>()?;
        let (ty, values) = self.unified(values, "operator BETWEEN", at)?;
        let [value, low, high] = values.as_slice() else {
            return Err(refuse(at, "BETWEEN needs three values"));
        };
        let sql = if matches!(ty, DataType::Float64 | DataType::Collated) {
            let both = Once::of(self, value, at, |value| {
                let (low, high) = (self.compare(">=", value, low, at)?, self.compare("<=", value, high, at)?);
                Ok(Value::new(DataType::Bool, format!("({} AND {})", low.sql, high.sql)))
            })?;
            both.sql
        } else {
            self.compare("<", value, low, at)?;
            format!("({} BETWEEN {} AND {})", value.sql, low.sql, high.sql)
        };
        Ok(Value::new(DataType::Bool, negated(not, sql)))
    }

    pub(super) fn is_in(
        &self,
        value: &Expr,
        list: &List,
        not: bool,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let own = self.expr(value, names)?;
        let sql = match list {
            List::Values(items) => {
                let mut values = vec![own];
                for item in items {
                    values.push(self.expr(item, names)?);
                }
                let (ty, values) = self.unified(values, "operator IN", at)?;
                let Some((own, items)) = values.split_first() else {
                    return Err(refuse(at, "IN needs a value"));
                };
                self.compare("=", own, own, at)?;
                if is_compared(&ty) {
                    let parts: Vec<String> = items
                        .iter()
                        .map(|item| self.compare("=", own, item, at).map(|value| value.sql))
                        .collect::<Analyzed<_>>()?;
                    format!("({})", parts.join(" OR "))
                } else {
                    let items: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
                    format!("({} IN ({}))", own.sql, items.join(", "))
                }
            }
            List::Query(query) => {
                let relation = self.query(query, names)?;
                let [column] = relation.columns.as_slice() else {
                    return Err(refuse(query.at, "Subquery of type IN must have only one output column"));
                };
                self.in_query(&own, &relation.sql, &column.sql_name, &column.ty, at)?
            }
            List::Unnest(array) => {
                let array = self.expr(array, names)?;
                let element = self.element(&array, "IN UNNEST", at)?;
                let own_type = supertype(&[&own, &Value::new(element.clone(), "")]);
                let Some(ty) = own_type else {
                    return Err(refuse(
                        at,
                        &format!(
                            "No matching signature for operator IN UNNEST for argument types: {}, {}",
                            own.ty.bigquery(),
                            array.ty.bigquery()
                        ),
                    ));
                };
                if is_compared(&ty) {
                    let item = Value::new(element, "e");
                    let equal = self.compare("=", &own, &item, at)?;
                    format!("bq_any(list_transform({}, lambda e: {}))", array.sql, equal.sql)
                } else {
                    let own = self.coerced(&own, &ty, at)?;
                    let item = self.coerced(&Value::new(element.clone(), "e"), &ty, at)?;
                    let items = match coerce(&array, &DataType::Array(Box::new(ty.clone()))) {
                        Some(array) => array.sql,
                        None => format!("list_transform({}, lambda e: {})", array.sql, item.sql),
                    };
                    format!("bq_in_array({}, {items})", own.sql)
                }
            }
        };
        Ok(Value::new(DataType::Bool, negated(not, sql)))
    }

    fn in_query(&self, own: &Value, query: &str, name: &str, ty: &DataType, at: At) -> Analyzed<String> {
        let alias = self.fresh("q");
        let column = Value::new(ty.clone(), format!("{alias}.{name}"));
        let refused = || {
            refuse(
                at,
                &format!(
                    "Cannot execute IN subquery with uncomparable types {} and {}",
                    own.ty.bigquery(),
                    ty.bigquery()
                ),
            )
        };
        let common = supertype(&[own, &column]).ok_or_else(refused)?;
        let left = coerce(own, &common).ok_or_else(refused)?;
        let right = coerce(&column, &common).ok_or_else(refused)?;
        let equal = self.compare("=", &left, &right, at)?;
        if is_compared(&common) {
            return Ok(format!("(SELECT bq_any(list({})) FROM ({query}) AS {alias})", equal.sql));
        }
        Ok(format!("({} IN (SELECT {} FROM ({query}) AS {alias}))", left.sql, right.sql))
    }

    /// The type of the elements of an array.
    pub(super) fn element(&self, array: &Value, what: &str, at: At) -> Analyzed<DataType> {
        match &array.ty {
            DataType::Array(element) => Ok((**element).clone()),
            _ if array.is_null() => Ok(DataType::Int64),
            ty => Err(refuse(
                at,
                &format!(
                    "Values referenced in {what} must be arrays. {what} contains expression of type {}",
                    ty.bigquery()
                ),
            )),
        }
    }

    pub(super) fn like(
        &self,
        value: &Expr,
        quantifier: Option<Quantifier>,
        patterns: &List,
        not: bool,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let own = self.expr(value, names)?;
        if collation::has(&own.ty) {
            return Err(collation::unsupported("LIKE", at));
        }
        let is_bytes = own.ty == DataType::Bytes;
        let kind = if is_bytes { DataType::Bytes } else { DataType::String };
        let own = self.coerced(&own, &kind, value.at).map_err(|_| {
            refuse(
                at,
                &format!(
                    "No matching signature for operator LIKE for argument types: {}, STRING",
                    own.ty.bigquery()
                ),
            )
        })?;
        let one = |pattern: &Value| -> Analyzed<String> {
            if collation::has(&pattern.ty) {
                return Err(collation::unsupported("LIKE", at));
            }
            let pattern = self.coerced(pattern, &kind, at)?;
            if is_bytes {
                return Ok(format!("(bqf('bytes_like', hex({}), hex({})) = 'true')", own.sql, pattern.sql));
            }
            if let Form::Text(text) = &pattern.form {
                if ends_with_escape(text) {
                    return Err(refuse(at, "LIKE pattern ends with a backslash"));
                }
                if !text.contains('\\') {
                    return Ok(format!("({} LIKE {})", own.sql, pattern.sql));
                }
            }
            Ok(format!("({} LIKE {} ESCAPE '\\')", own.sql, pattern.sql))
        };
        let Some(quantifier) = quantifier else {
            let List::Values(patterns) = patterns else { return Err(refuse(at, "LIKE needs a pattern")) };
            let Some(pattern) = patterns.first() else { return Err(refuse(at, "LIKE needs a pattern")) };
            let pattern = self.expr(pattern, names)?;
            let sql = if pattern.is_null() { "CAST(NULL AS BOOLEAN)".to_owned() } else { one(&pattern)? };
            return Ok(Value::new(DataType::Bool, negated(not, sql)));
        };
        let is_any = quantifier == Quantifier::Any;
        let function = if is_any { "bq_any" } else { "bq_all" };
        let sql = match patterns {
            List::Values(patterns) => {
                let mut parts = Vec::new();
                for pattern in patterns {
                    let pattern = self.expr(pattern, names)?;
                    parts.push(negated(not, one(&pattern)?));
                }
                format!("({})", parts.join(if is_any { " OR " } else { " AND " }))
            }
            List::Unnest(array) => {
                let array = self.expr(array, names)?;
                // An array of literals has the type of the patterns.
                let array = coerce(&array, &DataType::Array(Box::new(kind.clone()))).unwrap_or(array);
                let element = self.element(&array, "LIKE UNNEST", at)?;
                let test = negated(not, one(&Value::new(element, "e"))?);
                format!("{function}(list_transform({}, lambda e: {test}))", array.sql)
            }
            List::Query(query) => {
                let relation = self.query(query, names)?;
                let [column] = relation.columns.as_slice() else {
                    return Err(refuse(query.at, "A subquery of LIKE must have only one output column"));
                };
                let alias = self.fresh("q");
                let pattern = column.value(format!("{alias}.{}", column.sql_name));
                let test = negated(not, one(&pattern)?);
                format!("(SELECT {function}(list({test})) FROM ({}) AS {alias})", relation.sql)
            }
        };
        Ok(Value::new(DataType::Bool, sql))
    }
}

/// Whether DuckDB's IN compares values of a type in another way than BigQuery.
fn is_compared(ty: &DataType) -> bool {
    matches!(ty, DataType::Float64 | DataType::Collated | DataType::Struct(_) | DataType::Array(_))
}

fn negated(not: bool, sql: String) -> String {
    if not { format!("(NOT {sql})") } else { sql }
}

/// Whether the last backslash of a pattern escapes nothing.
fn ends_with_escape(pattern: &str) -> bool {
    pattern.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}
