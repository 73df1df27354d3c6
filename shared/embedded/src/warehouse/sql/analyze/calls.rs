//! Calls of functions: finds the kind of a function, and refuses those that are not known, with their names.

use super::names::Names;
use super::value::Value;
use super::{Analyzed, Analyzer, aggregate, functions, invalid, json, refuse, special, windows};
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
        let name = call.name.as_str();
        if functions::find(name).is_none() && !special::NAMES.contains(&name) && !json::NAMES.contains(&name)
        {
            return not_found(&call.name, at);
        }
        refuse(at, message)
    }

    fn scalar(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        if let Some(value) = self.special(call, names, at)? {
            return Ok(value);
        }
        let function = functions::find(&call.name);
        let is_known = function.is_some() || functions::list::exists_in_bigquery(&call.name);
        let path: Vec<String> = call.name.split('.').map(str::to_lowercase).collect();
        if let Some(routine) = self.routine(&path, is_known, at)? {
            return self.routine_call(call, &routine, names, at);
        }
        let Some(function) = function else { return Err(not_found(&call.name, at)) };
        if let Some((name, _)) = call.named.first() {
            return Err(unknown_name(name, &call.name, at));
        }
        let arguments = self.arguments(&call.arguments, names)?;
        functions::apply(function, &arguments).ok_or_else(|| no_signature(&call.name, &arguments, at))
    }

    /// The values of arguments.
    pub(super) fn arguments(&self, arguments: &[Expr], names: &Names<'_>) -> Analyzed<Vec<Value>> {
        arguments.iter().map(|argument| self.expr(argument, names)).collect()
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

/// The error for an argument with a name that the function does not have.
pub(super) fn unknown_name(name: &str, function: &str, at: At) -> segue_ports::warehouse::WarehouseError {
    refuse(at, &format!("Named argument {name} not found in signature for call to function {function}"))
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
