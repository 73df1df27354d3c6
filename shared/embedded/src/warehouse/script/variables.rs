//! The variables of a script, and the expressions that give them their values.

use super::Script;
use crate::warehouse::sql::analyze::value::Value;
use crate::warehouse::sql::analyze::{Variable, Variables, coerce};
use crate::warehouse::sql::datatype::{self, DataType};
use crate::warehouse::sql::invalid;
use crate::warehouse::sql::lex::lex;
use crate::warehouse::sql::names::{Scope, literal};
use crate::warehouse::sql::statement::Statement;
use crate::warehouse::sql::syntax::ast::{At, Expr, Node as ExprNode};
use crate::warehouse::sql::syntax::script_ast::{Condition, Span};
use segue_ports::warehouse::{Column, Mode, QueryJob, QueryResult, WarehouseError};

/// The system variables at the beginning of a job.
pub(crate) fn system(job: &QueryJob, scope: &Scope) -> Variables {
    let text = |text: Option<&str>| match text {
        Some(text) => literal(text),
        None => "CAST(NULL AS VARCHAR)".to_owned(),
    };
    let project = scope.project.as_deref().unwrap_or("local");
    let mut found = Variables::new();
    let mut add = |name: &str, ty: DataType, sql: String| {
        found.insert(name.to_owned(), Variable { ty, sql });
    };
    add("@@project_id", DataType::String, text(Some(project)));
    add("@@dataset_project_id", DataType::String, text(Some(project)));
    add("@@dataset_id", DataType::String, text(scope.dataset.as_deref()));
    add("@@location", DataType::String, text(Some(job.location.as_deref().unwrap_or("US"))));
    add("@@time_zone", DataType::String, text(Some("UTC")));
    add("@@query_label", DataType::String, text(None));
    add("@@session_id", DataType::String, text(None));
    add("@@script.job_id", DataType::String, text(Some(&job.job_id)));
    add("@@row_count", DataType::Int64, "CAST(NULL AS BIGINT)".to_owned());
    add("@@script.num_child_jobs", DataType::Int64, "CAST(0 AS BIGINT)".to_owned());
    add("@@script.bytes_processed", DataType::Int64, "CAST(0 AS BIGINT)".to_owned());
    add("@@script.bytes_billed", DataType::Int64, "CAST(0 AS BIGINT)".to_owned());
    found
}

/// A column of a result as a type.
pub(super) fn column_type(column: &Column) -> Result<DataType, WarehouseError> {
    let own = datatype::parse(&lex(&column.data_type)?)?.plain();
    Ok(if column.mode == Mode::Repeated { DataType::Array(Box::new(own)) } else { own })
}

/// The values of a row of literals.
pub(super) fn row(result: &QueryResult, index: usize) -> Result<Vec<Variable>, WarehouseError> {
    let row = result.rows.get(index);
    result
        .schema
        .iter()
        .map(|column| {
            let ty = column_type(column)?;
            let sql = row.and_then(|row| row.get(&column.name)).and_then(serde_json::Value::as_str);
            let sql = sql.map_or_else(|| format!("CAST(NULL AS {})", ty.duckdb()), str::to_owned);
            Ok(Variable { ty, sql })
        })
        .collect()
}

/// The value as one of the type `ty`.
pub(super) fn converted(value: &Variable, ty: &DataType, at: At) -> Result<Variable, WarehouseError> {
    let own = Value::new(value.ty.clone(), value.sql.clone());
    let sql = coerce::coerce(&own, ty).map(|value| value.sql).ok_or_else(|| {
        let message =
            format!("A value of type {} cannot be assigned to {}", value.ty.bigquery(), ty.bigquery());
        invalid(&message, Some(at), Some("CAST the value"))
    })?;
    Ok(Variable { ty: ty.clone(), sql })
}

impl Script<'_> {
    /// The values of an expression. See [`Statement::Value`].
    pub(super) fn evaluate(
        &mut self,
        expr: &Expr,
        types: &[DataType],
        is_list: bool,
        span: Span,
    ) -> Result<Vec<Variable>, WarehouseError> {
        let text = self.text(span);
        let statement = Statement::Value { expr: Box::new(expr.clone()), types: types.to_vec(), is_list };
        self.count_children();
        // A value without a call or a query is the same at each delivery.
        let may_change = text.contains('(');
        let result = self.execute(&statement, &text, false, true, may_change)?;
        if text.to_uppercase().contains("SELECT") {
            self.describe(&text, true, &result);
        }
        row(&result, 0)
    }

    /// The value of an expression of this type.
    pub(super) fn value(
        &mut self,
        expr: &Expr,
        ty: Option<&DataType>,
        span: Span,
    ) -> Result<Variable, WarehouseError> {
        let types: Vec<DataType> = ty.into_iter().cloned().collect();
        let found = self.evaluate(expr, &types, false, span)?;
        found.into_iter().next().ok_or_else(|| invalid("The expression has no value", Some(expr.at), None))
    }

    /// Whether a condition is true. NULL is false.
    pub(super) fn is_true(&mut self, condition: &Condition) -> Result<bool, WarehouseError> {
        let value = self.value(&condition.value, Some(&DataType::Bool), condition.span)?;
        Ok(value.sql == "TRUE")
    }

    /// The value of a STRING expression. `None`: NULL.
    pub(super) fn string(&mut self, expr: &Expr, span: Span) -> Result<Option<String>, WarehouseError> {
        let value = self.value(expr, Some(&DataType::String), span)?;
        let sql = format!("SELECT {}", value.sql);
        let read = self.engine.connection.query_row(&sql, [], |row| row.get(0));
        read.map_err(|error| crate::warehouse::error::internal(&error))
    }

    pub(super) fn declare(
        &mut self,
        names: &[(String, At)],
        ty: Option<&DataType>,
        default: Option<&Expr>,
        span: Span,
    ) -> Result<(), WarehouseError> {
        let plain = ty.map(DataType::plain);
        let value = match (default, &plain) {
            (Some(expr), _) => self.value(expr, plain.as_ref(), span)?,
            (None, Some(ty)) => Variable { ty: ty.clone(), sql: format!("CAST(NULL AS {})", ty.duckdb()) },
            (None, None) => return Ok(()),
        };
        for (name, at) in names {
            self.add_variable(name, value.clone(), *at)?;
        }
        Ok(())
    }

    /// Declares a variable in the innermost block.
    pub(super) fn add_variable(&mut self, name: &str, value: Variable, at: At) -> Result<(), WarehouseError> {
        let lower = name.to_lowercase();
        if self.variables.contains_key(&lower) {
            return Err(invalid(
                &format!("Variable '{name}' redeclared"),
                Some(at),
                Some("use another name"),
            ));
        }
        self.variables.insert(lower.clone(), value);
        if let Some(block) = self.declared.last_mut() {
            block.push(lower);
        }
        Ok(())
    }

    /// Forgets the variables of the innermost block.
    pub(super) fn leave_block(&mut self) {
        for name in self.declared.pop().unwrap_or_default() {
            self.variables.remove(&name);
        }
    }

    /// The type of a variable that is assigned.
    pub(super) fn type_of(&self, name: &str, at: At) -> Result<DataType, WarehouseError> {
        let found = self.variables.get(&name.to_lowercase()).filter(|_| !name.starts_with("@@"));
        found.map(|variable| variable.ty.clone()).ok_or_else(|| {
            invalid(&format!("Undeclared variable: {name}"), Some(at), Some("declare it with DECLARE"))
        })
    }

    pub(super) fn set(
        &mut self,
        targets: &[(String, At)],
        is_list: bool,
        value: &Expr,
        span: Span,
    ) -> Result<(), WarehouseError> {
        if let [(name, at)] = targets
            && name.starts_with("@@")
        {
            return self.set_system(name, value, *at, span);
        }
        let types: Vec<DataType> =
            targets.iter().map(|(name, at)| self.type_of(name, *at)).collect::<Result<_, _>>()?;
        let values = match &value.node {
            // All values are computed before the first variable changes.
            ExprNode::Struct { fields: None, items } if is_list && items.len() == targets.len() => {
                let mut found = Vec::new();
                for ((item, _), ty) in items.iter().zip(&types) {
                    found.push(self.value(item, Some(ty), span)?);
                }
                found
            }
            _ => self.evaluate(value, &types, is_list, span)?,
        };
        for ((name, _), value) in targets.iter().zip(values) {
            self.variables.insert(name.to_lowercase(), value);
        }
        Ok(())
    }

    fn set_system(&mut self, name: &str, value: &Expr, at: At, span: Span) -> Result<(), WarehouseError> {
        let text = match name {
            "@@dataset_id" | "@@dataset_project_id" | "@@query_label" | "@@time_zone" => {
                self.string(value, span)?
            }
            _ if self.variables.contains_key(name) => {
                return Err(invalid(&format!("{name} cannot be changed"), Some(at), None));
            }
            _ => return Err(invalid(&format!("Unknown system variable: {name}"), Some(at), None)),
        };
        match name {
            "@@dataset_id" => self.scope.dataset.clone_from(&text),
            "@@dataset_project_id" => self.scope.project.clone_from(&text),
            "@@time_zone" if text.as_deref() != Some("UTC") => {
                let message = "Another @@time_zone than UTC is not supported by the embedded warehouse";
                return Err(invalid(message, Some(at), Some("name the time zone in each function")));
            }
            _ => {}
        }
        self.remember(name, text.as_deref());
        let sql = text.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), |text| literal(&text));
        self.variables.insert(name.to_owned(), Variable { ty: DataType::String, sql });
        Ok(())
    }

    /// Sets `@@row_count` after a statement. `None`: the statement was no DML.
    pub(super) fn set_row_count(&mut self, count: Option<u64>) {
        let sql = count
            .map_or_else(|| "CAST(NULL AS BIGINT)".to_owned(), |count| format!("CAST({count} AS BIGINT)"));
        self.variables.insert("@@row_count".to_owned(), Variable { ty: DataType::Int64, sql });
    }

    fn count_children(&mut self) {
        let count = self.done.as_ref().map(Vec::len).unwrap_or_default();
        let own = |number: String| Variable { ty: DataType::Int64, sql: format!("CAST({number} AS BIGINT)") };
        self.variables.insert("@@script.num_child_jobs".to_owned(), own(count.to_string()));
        self.variables.insert("@@script.bytes_processed".to_owned(), own(self.bytes.to_string()));
    }
}
