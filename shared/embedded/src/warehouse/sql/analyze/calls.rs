//! Calls of functions: finds the kind of a function, and refuses those that are not known, with their names.

use super::names::Names;
use super::value::Value;
use super::{Analyzed, Analyzer, aggregate, collation, functions, invalid, json, refuse, special, windows};
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node};

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
        if call.safe { self.safe_call(call, names, at) } else { self.scalar(call, names, at) }
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

    pub(super) fn scalar(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
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
        let placed = placed(call, at)?;
        let call = placed.as_ref().unwrap_or(call);
        let arguments = self.arguments(&call.arguments, names)?;
        self.literal_path(call, &arguments)?;
        let found = if arguments.iter().any(|argument| collation::has(&argument.ty)) {
            collation::apply(function, &arguments, at)?
        } else {
            functions::apply(function, &arguments)
        };
        found.ok_or_else(|| no_signature(&call.name, &arguments, at))
    }

    /// Refuses a JSONPath that is computed.
    fn literal_path(&self, call: &Call, arguments: &[Value]) -> Analyzed<()> {
        let has_path =
            ["JSON_EXTRACT", "JSON_QUERY", "JSON_VALUE"].iter().any(|name| call.name.starts_with(name));
        let ([_, path], [_, expr]) = (arguments, call.arguments.as_slice()) else { return Ok(()) };
        let is_variable = match &expr.node {
            Node::Parameter(_) | Node::Positional(_) | Node::System(_) => true,
            Node::Name(_) => self.variables.values().any(|variable| variable.sql == path.sql),
            _ => false,
        };
        if !has_path || is_variable || path.is_literal() {
            return Ok(());
        }
        Err(refuse(expr.at, "JSONPath must be a string literal or query parameter"))
    }

    /// The values of arguments.
    pub(super) fn arguments(&self, arguments: &[Expr], names: &Names<'_>) -> Analyzed<Vec<Value>> {
        arguments.iter().map(|argument| self.expr(argument, names)).collect()
    }
}

/// The call with its named arguments in their places. `None`: it has none.
fn placed(call: &Call, at: At) -> Analyzed<Option<Call>> {
    let Some((first, _)) = call.named.first() else { return Ok(None) };
    let known = functions::named(&call.name).unwrap_or_default();
    if let Some((unknown, _)) = call.named.iter().find(|(name, _)| known.iter().all(|(own, _)| own != name)) {
        return Err(unknown_name(unknown, &call.name, at));
    }
    if call.arguments.len() != 1 {
        return Err(refuse(at, &format!("{} has one argument before {first}", call.name)));
    }
    let mut own = call.clone();
    for (name, otherwise) in known {
        let mut given = call.named.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
        let value = given.next().cloned();
        if given.next().is_some() {
            return Err(refuse(
                at,
                &format!("Duplicate named argument {name} found in call to function {}", call.name),
            ));
        }
        own.arguments.push(value.unwrap_or_else(|| {
            Expr::new(
                at,
                match *otherwise {
                    "FALSE" => Node::Bool(false),
                    number => Node::Number(number.to_owned()),
                },
            )
        }));
    }
    own.named.clear();
    Ok(Some(own))
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
