//! Queries: WITH, the body, ORDER BY, LIMIT and pipes.

use super::coerce::{stored, without_null_elements};
use super::names::{Column, Names, Source};
use super::value::{Form, Value, field, field_names};
use super::{Analyzed, Analyzer, invalid, missing, refuse, wrong_syntax};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{check_column, quote};
use crate::warehouse::sql::syntax::ast::{At, Body, Expr, Node, OrderItem, Query};
use segue_ports::warehouse::WarehouseError;

/// An analyzed query.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// The query in DuckDB's syntax.
    pub(crate) sql: String,
    pub(crate) columns: Vec<Output>,
    /// Whether the rows are values (SELECT AS STRUCT, SELECT AS VALUE).
    pub(crate) is_value: bool,
}

/// A column of a query.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// The name in BigQuery. Empty: the column has no name.
    pub(crate) name: String,
    /// The quoted name in DuckDB.
    pub(crate) sql_name: String,
    pub(crate) ty: DataType,
    /// Whether the column is a literal, which converts to more types in a set operation.
    pub(crate) form: Form,
}

impl Output {
    /// Whether the column is NULL without a type.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.form, Form::Null)
    }

    /// The column as a value with this text.
    pub(super) fn value(&self, sql: String) -> Value {
        Value { sql, ty: self.ty.clone(), form: self.form.clone(), never_null: false }
    }
}

/// The clauses after the body of a query.
pub(super) struct Tail<'q> {
    pub(super) order: &'q [OrderItem],
    pub(super) limit: Option<&'q Expr>,
    pub(super) offset: Option<&'q Expr>,
}

impl Tail<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.limit.is_none()
    }
}

impl Relation {
    /// The query with a name for each column, as the table of a result has.
    pub(super) fn named(self, at: At) -> Analyzed<Self> {
        let mut own = self.unfolded();
        let mut number = 0;
        for column in &mut own.columns {
            if column.name.is_empty() {
                column.name = format!("f{number}_");
                number += 1;
            }
        }
        let mut seen: Vec<String> = Vec::new();
        for column in &own.columns {
            check_column(&column.name, Some(at))?;
            let lower = column.name.to_lowercase();
            if seen.contains(&lower) {
                return Err(refuse(
                    at,
                    &format!(
                        "Duplicate column names in the result are not supported. Found duplicate(s): {}",
                        column.name
                    ),
                ));
            }
            if let Some(twice) = doubled(&column.ty) {
                return Err(refuse(
                    at,
                    &format!(
                        "Duplicate field names in the result are not supported. Found duplicate(s): {}.{twice}",
                        column.name
                    ),
                ));
            }
            seen.push(lower);
        }
        Ok(own)
    }

    /// The query with the names of its columns as they are in a table, or with these names.
    pub(crate) fn table_sql(&self, names: &[String]) -> String {
        let wanted: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| quote(names.get(index).unwrap_or(&column.name)))
            .collect();
        if wanted.iter().zip(&self.columns).all(|(wanted, column)| *wanted == column.sql_name) {
            return self.sql.clone();
        }
        let parts: Vec<String> = self
            .columns
            .iter()
            .zip(wanted)
            .map(|(column, wanted)| format!("v.{} AS {wanted}", column.sql_name))
            .collect();
        format!("SELECT {} FROM ({}) AS v", parts.join(", "), self.sql)
    }

    /// The query with the types of the columns that its rows are written to. DuckDB itself would take a number for the
    /// digits of a BIGNUMERIC.
    ///
    /// # Errors
    /// A value has another type than its column.
    pub(crate) fn fitted(
        &self,
        wanted: impl Fn(usize, &str) -> Option<DataType>,
    ) -> Result<String, WarehouseError> {
        let mut changed = false;
        let mut parts = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let name = quote(&column.name);
            let own = Value {
                form: column.form.clone(),
                ..Value::new(column.ty.clone(), format!("v.{}", column.sql_name))
            };
            let is_special = |to: &DataType| {
                let limited = to.has(&|own| matches!(own, DataType::Limited(..)));
                limited || to.plain().has_bignumeric() || own.ty.has_bignumeric()
            };
            let target = wanted(index, &column.name).filter(|to| *to != own.ty && is_special(to));
            let sql = match target {
                None => match without_null_elements(&own, &column.name) {
                    None => own.sql,
                    Some(checked) => {
                        changed = true;
                        checked
                    }
                },
                Some(to) => {
                    changed = true;
                    stored(&own, &to).ok_or_else(|| {
                        let (own_name, from, to) = (&column.name, column.ty.bigquery(), to.bigquery());
                        let message = format!(
                            "Value of type {from} cannot be assigned to {own_name}, which has type {to}"
                        );
                        invalid(&message, None, Some("CAST the value in the query"))
                    })?
                }
            };
            parts.push(format!("{sql} AS {name}"));
        }
        if !changed {
            return Ok(self.table_sql(&[]));
        }
        Ok(format!("SELECT {} FROM ({}) AS v", parts.join(", "), self.sql))
    }

    /// A table of structs as a table of their fields.
    fn unfolded(self) -> Self {
        let [column] = self.columns.as_slice() else { return self };
        let (DataType::Struct(fields), true) = (&column.ty, self.is_value) else { return self };
        let row = Value::new(column.ty.clone(), format!("v.{}", column.sql_name));
        let mut columns = Vec::new();
        let mut parts = Vec::new();
        for (index, ((name, ty), own)) in fields.iter().zip(field_names(fields)).enumerate() {
            let Some(value) = field(&row, index) else { continue };
            parts.push(format!("{} AS {}", value.sql, quote(&own)));
            columns.push(Output {
                name: name.clone(),
                sql_name: quote(&own),
                ty: ty.clone(),
                form: Form::Other,
            });
        }
        let sql = format!("SELECT {} FROM ({}) AS v", parts.join(", "), self.sql);
        Self { sql, columns, is_value: false }
    }

    /// The query as a table in FROM, with this name in DuckDB.
    pub(super) fn source(&self, own: &str, alias: Option<String>) -> Source {
        let columns: Vec<Column> = self
            .columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                value: Value::new(column.ty.clone(), format!("{own}.{}", column.sql_name)),
                hidden: false,
            })
            .collect();
        if !self.is_value {
            return Source { alias, columns, row: None };
        }
        let row = columns.first().map(|column| column.value.clone()).unwrap_or_else(Value::null);
        Source { columns: value_columns(&row, alias.as_deref()), alias, row: Some(row) }
    }
}

/// A name that two fields of a struct in this type have.
fn doubled(ty: &DataType) -> Option<String> {
    match ty {
        DataType::Array(element) => doubled(element),
        DataType::Struct(fields) => {
            let again = |(index, (name, _)): (usize, &(String, DataType))| {
                let is_twice = fields.iter().take(index).any(|(other, _)| other.eq_ignore_ascii_case(name));
                (!name.is_empty() && is_twice).then(|| name.clone())
            };
            fields
                .iter()
                .enumerate()
                .find_map(again)
                .or_else(|| fields.iter().find_map(|(_, own)| doubled(own)))
        }
        _ => None,
    }
}

/// The columns of a table of values: the fields of structs, or the value itself.
pub(super) fn value_columns(row: &Value, alias: Option<&str>) -> Vec<Column> {
    match &row.ty {
        DataType::Struct(fields) => fields
            .iter()
            .enumerate()
            .filter_map(|(index, (name, _))| {
                Some(Column { name: name.clone(), value: field(row, index)?, hidden: false })
            })
            .collect(),
        _ => vec![Column { name: alias.unwrap_or_default().to_owned(), value: row.clone(), hidden: false }],
    }
}

impl Analyzer<'_> {
    /// A query. `names`: the names around the query.
    pub(super) fn query(&self, query: &Query, names: &Names<'_>) -> Analyzed<Relation> {
        let before = self.common.borrow().len();
        let outcome = self.query_with(query, names);
        self.common.borrow_mut().truncate(before);
        outcome
    }

    fn query_with(&self, query: &Query, names: &Names<'_>) -> Analyzed<Relation> {
        let texts = self.common_tables(query, names)?;
        let tail = Tail { order: &query.order, limit: query.limit.as_ref(), offset: query.offset.as_ref() };
        let mut relation = match &query.body {
            Body::Select(select) => self.select(select, &tail, names)?,
            Body::Nested(inner) => {
                let inner = self.query(inner, names)?;
                self.finished(inner, &tail, names)?
            }
            Body::Set(set) => {
                let set = self.set_operation(&set.kind, &set.inputs, set.at, names)?;
                self.finished(set, &tail, names)?
            }
            Body::From(_) if !tail.is_empty() => {
                return Err(wrong_syntax(query.at, "Expected a pipe operator after FROM"));
            }
            Body::From(from) => self.piped(Some(from), None, &query.pipes, names)?,
        };
        if !query.pipes.is_empty() && !matches!(query.body, Body::From(_)) {
            relation = self.piped(None, Some(relation), &query.pipes, names)?;
        }
        if !texts.is_empty() {
            let recursive = if query.recursive { "RECURSIVE " } else { "" };
            relation.sql = format!("WITH {recursive}{} {}", texts.join(", "), relation.sql);
        }
        Ok(relation)
    }

    /// A finished query with ORDER BY and LIMIT over its columns.
    pub(super) fn finished(
        &self,
        relation: Relation,
        tail: &Tail<'_>,
        names: &Names<'_>,
    ) -> Analyzed<Relation> {
        if tail.is_empty() {
            return Ok(relation);
        }
        let own = self.fresh("t");
        let scope =
            Names { sources: vec![relation.source(&own, None)], parent: Some(names), ..Names::none() };
        let parts: Vec<String> =
            relation.columns.iter().map(|column| format!("{own}.{0} AS {0}", column.sql_name)).collect();
        let mut keys = Vec::new();
        for item in tail.order {
            let value = match self.ordinal(&item.value, relation.columns.len())? {
                Some(index) => {
                    let column = relation.columns.get(index);
                    column.map(|column| Value::new(column.ty.clone(), format!("{own}.{}", column.sql_name)))
                }
                None => None,
            };
            let value = match value {
                Some(value) => value,
                None => self.expr(&item.value, &scope)?,
            };
            keys.push(self.order_key(item, &value)?);
        }
        let mut sql = format!("SELECT {} FROM ({}) AS {own}", parts.join(", "), relation.sql);
        if !keys.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", keys.join(", ")));
        }
        sql.push_str(&self.limit(tail)?);
        Ok(Relation { sql, ..relation })
    }

    /// LIMIT and OFFSET, with a blank before them.
    pub(super) fn limit(&self, tail: &Tail<'_>) -> Analyzed<String> {
        let mut text = String::new();
        for (word, value) in [("LIMIT", tail.limit), ("OFFSET", tail.offset)] {
            let Some(expr) = value else { continue };
            // The syntax allows a CAST of a number.
            let expr = match &expr.node {
                Node::Cast { value, to: DataType::Int64, format: None, zone: None, .. } => value,
                _ => expr,
            };
            let number = self.constant(expr)?;
            match &number.form {
                Form::Number(own) if number.ty == DataType::Int64 && !own.starts_with('-') => {
                    text.push_str(&format!(" {word} {}", number.sql));
                }
                Form::Null => return Err(refuse(expr.at, &format!("{word} must not be NULL"))),
                _ if number.ty == DataType::Int64 => {
                    return Err(missing(expr.at, &format!("{word} with another value than a number")));
                }
                _ => {
                    return Err(refuse(
                        expr.at,
                        &format!("{word} expects a non-negative integer literal or parameter"),
                    ));
                }
            }
        }
        Ok(text)
    }

    /// The index of the column that an item of ORDER BY or GROUP BY names by its number.
    pub(super) fn ordinal(&self, expr: &Expr, count: usize) -> Analyzed<Option<usize>> {
        let crate::warehouse::sql::syntax::ast::Node::Number(number) = &expr.node else { return Ok(None) };
        let index = number.parse::<usize>().ok().filter(|number| (1..=count).contains(number));
        match index {
            Some(number) => Ok(Some(number - 1)),
            None => Err(refuse(
                expr.at,
                &format!("Column number {number} is out of range: the SELECT list has {count} columns"),
            )),
        }
    }

    /// `ARRAY(query)`.
    pub(super) fn array_query(&self, query: &Query, names: &Names<'_>) -> Analyzed<Value> {
        let relation = self.query(query, names)?;
        let [column] = relation.columns.as_slice() else {
            return Err(refuse(
                query.at,
                "ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values",
            ));
        };
        if matches!(column.ty, DataType::Array(_)) {
            return Err(refuse(
                query.at,
                "Cannot use array subquery with column of type ARRAY because nested arrays are not supported",
            ));
        }
        let ty = DataType::Array(Box::new(column.ty.clone()));
        // `list` over the ordered query keeps the order. An empty query gives an empty array.
        let sql = format!("ARRAY({})", relation.sql);
        Ok(Value { never_null: true, ..Value::new(ty, sql) })
    }
}
