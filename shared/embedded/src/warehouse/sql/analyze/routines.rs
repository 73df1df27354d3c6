//! Functions that users write in SQL: their definitions, and their calls. The body takes the place of a call.
//!
//! The module must not know where the functions are stored.

use super::names::Names;
use super::once::{self, Once};
use super::value::Value;
use super::{Analyzed, Analyzer, Routine, coerce, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::lex::lex;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr};
use crate::warehouse::sql::syntax::routine::{Body, CreateFunction};
use crate::warehouse::sql::{syntax, within};

impl Analyzer<'_> {
    /// A function written in SQL, with its arguments in the place of its parameters.
    pub(super) fn routine_call(
        &self,
        call: &Call,
        routine: &Routine,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        if routine.is_table {
            return Err(refuse(at, &format!("{} is a table function: use it in FROM", call.name)));
        }
        if routine.parameters.len() != call.arguments.len() {
            return Err(refuse(
                at,
                &format!(
                    "Number of arguments does not match for function {}: expected {}",
                    call.name,
                    routine.parameters.len()
                ),
            ));
        }
        let mut once = Once::new(self);
        let locals = self.bound(&call.arguments, routine, names)?;
        let locals = locals.into_iter().map(|(name, value)| (name, once.keep(value))).collect();
        let value = self.expanding(&call.name, at, || {
            let tokens = lex(&routine.body)?;
            let body = syntax::expression(&tokens)?;
            // A function sees its parameters, and no columns around its call.
            let value = self.expr(&body, &Names { locals, ..Names::none() })?;
            match &routine.returns {
                Some(ty) => self.coerced(&value, ty, at),
                None => Ok(value.settled()),
            }
        })?;
        once.around(value, at)
    }

    /// The parameters of a routine with the values of a call.
    pub(super) fn bound(
        &self,
        arguments: &[Expr],
        routine: &Routine,
        names: &Names<'_>,
    ) -> Analyzed<Vec<(String, Value)>> {
        let mut locals = Vec::new();
        for (argument, (name, ty)) in arguments.iter().zip(&routine.parameters) {
            let value = match ty {
                Some(ty) => self.expr_as(argument, ty, names)?,
                None => self.expr(argument, names)?.settled(),
            };
            locals.push((name.clone(), value));
        }
        Ok(locals)
    }

    /// Runs `work` while the function is marked as being expanded. It sees no queries of WITH and no variables.
    fn expanding<T>(&self, name: &str, at: At, work: impl FnOnce() -> Analyzed<T>) -> Analyzed<T> {
        if self.expanding.borrow().iter().any(|own| own == name) {
            return Err(refuse(at, &format!("The function {name} calls itself")));
        }
        self.expanding.borrow_mut().push(name.to_owned());
        let around = self.common.take();
        let done = work();
        self.common.replace(around);
        self.expanding.borrow_mut().pop();
        done.map_err(|error| within(error, name, at))
    }

    /// A call of a table function.
    pub(super) fn table_call(
        &self,
        path: &[String],
        arguments: &[Expr],
        alias: Option<String>,
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let shown = path.join(".");
        if shown.eq_ignore_ascii_case(super::ranges::SESSIONIZE) {
            return self.sessionized(arguments, alias, names, at);
        }
        let lower: Vec<String> = path.iter().map(|part| part.to_lowercase()).collect();
        let Some(routine) = self.routine(&lower, false, at)? else {
            return Err(super::invalid(
                &format!("Table-valued function not found: {shown}"),
                Some(at),
                Some("docs/warehouse.md lists what is supported"),
            ));
        };
        if !routine.is_table {
            return Err(refuse(at, &format!("{shown} is no table function")));
        }
        if routine.parameters.len() != arguments.len() {
            return Err(refuse(
                at,
                &format!(
                    "Number of arguments does not match for table function {shown}: expected {}",
                    routine.parameters.len()
                ),
            ));
        }
        let around = Names::none();
        let locals = self.bound(arguments, &routine, names.parent.unwrap_or(&around))?;
        if locals.iter().any(|(_, value)| once::is_volatile(value)) {
            // The argument takes the place of each use of the parameter.
            return Err(missing(at, "An argument that differs at each use, such as RAND(),"));
        }
        let relation = self.expanding(&shown, at, || {
            let tokens = lex(&routine.body)?;
            let body = syntax::query(&tokens)?;
            self.query(&body, &Names { locals, ..Names::none() })
        })?;
        let own = self.fresh("t");
        let name = alias.or_else(|| path.last().cloned());
        names.sources.push(relation.source(&own, name));
        Ok(format!("({}) AS {own}", relation.sql))
    }

    /// The function that a script or a dataset defines. `is_known`: BigQuery has a function of this name.
    pub(super) fn routine(&self, path: &[String], is_known: bool, at: At) -> Analyzed<Option<Routine>> {
        if let [name] = path
            && let Some(own) = self.scope.functions.get(name)
        {
            return Ok(Some(own.clone()));
        }
        if is_known || (path.len() == 1 && self.scope.dataset.is_none()) {
            return Ok(None);
        }
        self.catalog.routine(&self.scope.table(path, at)?)
    }

    /// The function that CREATE FUNCTION describes. Its body is checked, as far as the types of its parameters are
    /// known.
    pub(crate) fn define(&self, create: &CreateFunction) -> Analyzed<Routine> {
        let body = self.scope.written(create.span.start, create.span.end);
        let is_table = matches!(create.body, Body::Table(_));
        let mut routine = Routine {
            name: create.path.last().cloned().unwrap_or_default(),
            parameters: create.parameters.clone(),
            returns: create.returns.clone(),
            body,
            is_table,
        };
        let value = |ty: &DataType| Value::new(ty.clone(), format!("CAST(NULL AS {})", ty.duckdb()));
        let locals: Option<Vec<(String, Value)>> =
            create.parameters.iter().map(|(name, ty)| Some((name.clone(), value(ty.as_ref()?)))).collect();
        let Some(locals) = locals else { return Ok(routine) };
        let names = Names { locals, ..Names::none() };
        match &create.body {
            Body::Value(expr) => {
                self.no_aggregate(expr, "SQL function body")?;
                let value = self.expr(expr, &names)?;
                match &create.returns {
                    Some(ty) => {
                        self.coerced(&value, ty, expr.at)?;
                    }
                    None => routine.returns = Some(value.ty),
                }
            }
            Body::Table(query) => {
                let relation = self.query(query, &names)?;
                if let Some(DataType::Struct(columns)) = &create.returns {
                    let fits = columns.len() == relation.columns.len()
                        && columns.iter().zip(&relation.columns).all(|((name, ty), own)| {
                            name.eq_ignore_ascii_case(&own.name) && coerce::same(ty, &own.ty)
                        });
                    if !fits {
                        return Err(refuse(query.at, "The query does not have the columns of RETURNS TABLE"));
                    }
                }
            }
        }
        Ok(routine)
    }
}
