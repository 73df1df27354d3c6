//! CALL of procedures, and EXECUTE IMMEDIATE.

use super::Script;
use super::control::Flow;
use super::variables::{converted, row};
use crate::warehouse::catalog::{self, Record};
use crate::warehouse::sql::analyze::{Variable, Variables};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::message_name;
use crate::warehouse::sql::routine::{Direction, Procedure};
use crate::warehouse::sql::statement::{self, Statement};
use crate::warehouse::sql::syntax::ast::{At, Expr, Node as ExprNode};
use crate::warehouse::sql::syntax::script_ast::{Node, Span};
use crate::warehouse::sql::{self, invalid, within};
use segue_ports::warehouse::WarehouseError;

/// The largest number of procedures that call each other. BigQuery has the same limit.
const DEEPEST: usize = 50;

impl Script<'_> {
    pub(super) fn call(
        &mut self,
        path: &[String],
        arguments: &[Expr],
        at: At,
        span: Span,
    ) -> Result<(), WarehouseError> {
        if let [bq, procedure] = path
            && bq.eq_ignore_ascii_case("BQ")
            && procedure.eq_ignore_ascii_case("ABORT_SESSION")
        {
            return self.abort_session(arguments, at, span);
        }
        let name = self.scope.table(path, at)?;
        let shown = message_name(&name);
        let found = catalog::get(&self.engine.connection, Record::Procedure, &catalog::key(&name))?;
        let procedure: Procedure =
            found.ok_or_else(|| invalid(&format!("Procedure is not found: {shown}"), Some(at), None))?;
        if procedure.parameters.len() != arguments.len() {
            let message = format!(
                "Number of arguments does not match for procedure {shown}: expected {}",
                procedure.parameters.len()
            );
            return Err(invalid(&message, Some(at), None));
        }
        if self.nested >= DEEPEST {
            return Err(invalid(&format!("More than {DEEPEST} procedures call each other"), Some(at), None));
        }
        let mut own: Variables = self.variables.clone();
        own.retain(|name, _| name.starts_with("@@"));
        let mut returned = Vec::new();
        for (parameter, argument) in procedure.parameters.iter().zip(arguments) {
            let plain = parameter.data_type.as_ref().map(DataType::plain);
            let lower = parameter.name.to_lowercase();
            if parameter.direction != Direction::In {
                let ExprNode::Name(variable) = &argument.node else {
                    let message = format!("The argument of {} must be a variable", parameter.name);
                    return Err(invalid(&message, Some(argument.at), None));
                };
                self.type_of(variable, argument.at)?;
                returned.push((lower.clone(), variable.to_lowercase(), argument.at));
            }
            let value = match (parameter.direction, &plain) {
                (Direction::Out, Some(ty)) => {
                    Variable { ty: ty.clone(), sql: format!("CAST(NULL AS {})", ty.duckdb()) }
                }
                _ => self.value(argument, plain.as_ref(), span)?,
            };
            own.insert(lower, value);
        }
        let values = self.inside(&procedure, own).map_err(|error| within(error, &shown, at))?;
        for (parameter, variable, at) in returned {
            let ty = self.type_of(&variable, at)?;
            if let Some(value) = values.get(&parameter) {
                self.variables.insert(variable, converted(value, &ty, at)?);
            }
        }
        Ok(())
    }

    /// Runs a procedure with these variables. Returns its variables at its end.
    fn inside(&mut self, procedure: &Procedure, variables: Variables) -> Result<Variables, WarehouseError> {
        let steps = sql::script(&procedure.body, &|| self.engine.stop.check())?;
        let around = std::mem::replace(&mut self.variables, variables);
        let declared = std::mem::replace(&mut self.declared, vec![Vec::new()]);
        let text = std::mem::replace(&mut self.scope.text, procedure.body.as_str().into());
        self.nested += 1;
        let outcome = self.steps(&steps);
        self.nested -= 1;
        self.scope.text = text;
        self.declared = declared;
        let own = std::mem::replace(&mut self.variables, around);
        // The number of changed rows is that of the last statement, wherever it was.
        if let Some(count) = own.get("@@row_count") {
            self.variables.insert("@@row_count".to_owned(), count.clone());
        }
        match outcome? {
            Flow::Next | Flow::Return => Ok(own),
            Flow::Break(_) | Flow::Continue(_) => {
                Err(invalid("BREAK and CONTINUE are allowed only in a loop", Some((1, 1)), None))
            }
        }
    }

    pub(super) fn execute_immediate(
        &mut self,
        text: &Expr,
        into: &[(String, At)],
        using: &[(Expr, Option<String>)],
        at: At,
        span: Span,
    ) -> Result<(), WarehouseError> {
        let types: Vec<DataType> =
            into.iter().map(|(name, at)| self.type_of(name, *at)).collect::<Result<_, _>>()?;
        let text = self
            .string(text, span)?
            .ok_or_else(|| invalid("EXECUTE IMMEDIATE sql string cannot be NULL", Some(at), None))?;
        let mut given = Variables::new();
        for (index, (expr, name)) in using.iter().enumerate() {
            let value = self.value(expr, None, span)?;
            let key =
                name.as_ref().map_or_else(|| format!("?{index}"), |name| format!("@{}", name.to_lowercase()));
            given.insert(key, value);
        }
        let named = using.iter().filter(|(_, name)| name.is_some()).count();
        if named > 0 && named < using.len() {
            let message = "EXECUTE IMMEDIATE … USING must have a name for each value, or for none";
            return Err(invalid(message, Some(at), None));
        }
        // The statement sees the values of USING instead of the parameters of the job.
        let parameters = std::mem::take(&mut self.scope.parameters);
        let positional = std::mem::take(&mut self.scope.positional);
        let written = std::mem::replace(&mut self.scope.text, text.as_str().into());
        let is_given =
            |name: &str| (name.starts_with('@') && !name.starts_with("@@")) || name.starts_with('?');
        let before: Variables = self
            .variables
            .iter()
            .filter(|(name, _)| is_given(name))
            .map(|(name, own)| (name.clone(), own.clone()))
            .collect();
        self.variables.retain(|name, _| !is_given(name));
        self.variables.extend(given);
        let outcome = self.dynamic(&text, into, &types);
        self.variables.retain(|name, _| !is_given(name));
        self.variables.extend(before);
        self.scope.text = written;
        self.scope.positional = positional;
        self.scope.parameters = parameters;
        let values = outcome.map_err(|error| within(error, "EXECUTE IMMEDIATE", at))?;
        for ((name, _), value) in into.iter().zip(values) {
            self.variables.insert(name.to_lowercase(), value);
        }
        Ok(())
    }

    /// Runs the statement of EXECUTE IMMEDIATE. Returns the values for INTO.
    fn dynamic(
        &mut self,
        text: &str,
        into: &[(String, At)],
        types: &[DataType],
    ) -> Result<Vec<Variable>, WarehouseError> {
        let steps = sql::script(text, &|| self.engine.stop.check())?;
        let [step] = steps.as_slice() else {
            return Err(invalid("EXECUTE IMMEDIATE runs exactly one statement", Some((1, 1)), None));
        };
        let Node::Statement(tokens) = &step.node else {
            let message = "EXECUTE IMMEDIATE runs no control statements";
            return Err(invalid(message, Some(step.at), Some("write them around EXECUTE IMMEDIATE")));
        };
        let statement = statement::parse(tokens, &self.scope)?;
        if into.is_empty() {
            self.run_statement(&statement, text, step.at, false, false)?;
            return Ok(Vec::new());
        }
        if !matches!(statement, Statement::Query(_)) {
            return Err(invalid("EXECUTE IMMEDIATE … INTO needs a query", Some(step.at), None));
        }
        let result = self.execute(&statement, text, false, true, true)?;
        self.describe(text, false, &result);
        if result.schema.len() != into.len() {
            let message = format!(
                "The EXECUTE IMMEDIATE INTO clause expects {} columns, and the query has {}",
                into.len(),
                result.schema.len()
            );
            return Err(invalid(&message, Some(step.at), None));
        }
        if result.rows.len() > 1 {
            let message = "The EXECUTE IMMEDIATE INTO clause expects at most one row";
            return Err(invalid(message, Some(step.at), Some("add LIMIT 1")));
        }
        row(&result, 0)?.iter().zip(types).map(|(value, ty)| converted(value, ty, step.at)).collect()
    }
}
