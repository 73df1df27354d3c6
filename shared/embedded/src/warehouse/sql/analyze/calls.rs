//! Calls of functions: finds the kind of a function, and refuses those that are not known, with their names.

use super::names::Names;
use super::value::Value;
use super::{Analyzed, Analyzer, Routine, aggregate, functions, invalid, refuse, special, windows};
use crate::warehouse::sql::lex::lex;
use crate::warehouse::sql::syntax;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr};

impl Analyzer<'_> {
    /// The value of a call.
    pub(super) fn call(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let is_aggregate = aggregate::is_aggregate(&call.name);
        if call.over.is_some() || windows::is_window_only(&call.name) {
            return self.window_call(call, names, at);
        }
        if is_aggregate {
            return self.aggregate(call, names, at, None);
        }
        if call.distinct
            || call.star
            || !call.order.is_empty()
            || call.limit.is_some()
            || call.having.is_some()
            || call.ignore_nulls.is_some()
        {
            return Err(self.unknown_or(call, names, at, &format!("{} is no aggregate function", call.name)));
        }
        let value = self.scalar(call, names, at)?;
        Ok(if call.safe {
            Value { never_null: false, ..Value::new(value.ty, format!("TRY({})", value.sql)) }
        } else {
            value
        })
    }

    fn unknown_or(
        &self,
        call: &Call,
        _names: &Names<'_>,
        at: At,
        message: &str,
    ) -> segue_ports::warehouse::WarehouseError {
        if functions::find(&call.name).is_none() && !special::NAMES.contains(&call.name.as_str()) {
            return not_found(&call.name, at);
        }
        refuse(at, message)
    }

    fn scalar(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        if let Some(value) = self.special(call, names, at)? {
            return Ok(value);
        }
        let path: Vec<String> = call.name.split('.').map(str::to_lowercase).collect();
        if let Some(routine) = self.catalog.routine(&path)? {
            return self.routine_call(call, &routine, names, at);
        }
        let Some(function) = functions::find(&call.name) else { return Err(not_found(&call.name, at)) };
        if let Some((name, _)) = call.named.first() {
            return Err(refuse(
                at,
                &format!("Named argument {name} not found in signature for call to function {}", call.name),
            ));
        }
        let arguments = self.arguments(&call.arguments, names)?;
        functions::apply(function, &arguments).ok_or_else(|| no_signature(&call.name, &arguments, at))
    }

    /// The values of arguments.
    pub(super) fn arguments(&self, arguments: &[Expr], names: &Names<'_>) -> Analyzed<Vec<Value>> {
        arguments.iter().map(|argument| self.expr(argument, names)).collect()
    }

    /// A function written in SQL, with its arguments in the place of its parameters.
    fn routine_call(&self, call: &Call, routine: &Routine, names: &Names<'_>, at: At) -> Analyzed<Value> {
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
        let locals = self.bound(&call.arguments, routine, names)?;
        self.expanding(&call.name, at, || {
            let tokens = lex(&routine.body)?;
            let body = syntax::expression(&tokens)?;
            // A function sees its parameters, and no columns around its call.
            let value = self.expr(&body, &Names { locals, ..Names::none() })?;
            match &routine.returns {
                Some(ty) => self.coerced(&value, ty, at),
                None => Ok(value.settled()),
            }
        })
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

    /// Runs `work` while the function is marked as being expanded.
    pub(super) fn expanding<T>(&self, name: &str, at: At, work: impl FnOnce() -> Analyzed<T>) -> Analyzed<T> {
        if self.expanding.borrow().iter().any(|own| own == name) {
            return Err(refuse(at, &format!("The function {name} calls itself")));
        }
        self.expanding.borrow_mut().push(name.to_owned());
        let done = work();
        self.expanding.borrow_mut().pop();
        done
    }
}

/// The error for a function that is not known.
pub(super) fn not_found(name: &str, at: At) -> segue_ports::warehouse::WarehouseError {
    if functions::list::exists_in_bigquery(name) {
        return invalid(
            &format!("Function not supported by the embedded warehouse: {name}"),
            Some(at),
            Some("run this statement on BigQuery"),
        );
    }
    invalid(&format!("Function not found: {name}"), Some(at), Some("docs/warehouse.md lists the functions"))
}

/// The error for arguments that fit no signature.
pub(super) fn no_signature(
    name: &str,
    arguments: &[Value],
    at: At,
) -> segue_ports::warehouse::WarehouseError {
    let types: Vec<String> = arguments
        .iter()
        .map(|value| if value.is_null() { "NULL".to_owned() } else { value.ty.bigquery() })
        .collect();
    refuse(at, &format!("No matching signature for function {name} for argument types: {}", types.join(", ")))
}
