//! The steps of a script: which one is next.

use super::Script;
use super::variables::{column_type, row};
use crate::warehouse::error;
use crate::warehouse::sql::analyze::Variable;
use crate::warehouse::sql::analyze::value::field_names;
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::invalid;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::statement::Statement;
use crate::warehouse::sql::syntax::ast::{At, Expr, Node as ExprNode, Query};
use crate::warehouse::sql::syntax::script_ast::{Branch, Condition, Node, Span, Step};
use segue_ports::warehouse::WarehouseError;

/// What comes after a step. A label names the loop or block that ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break(Option<String>),
    Continue(Option<String>),
    Return,
}

/// What a loop does after a step of its body.
enum Turn {
    Again,
    Done(Flow),
}

impl Script<'_> {
    /// Runs one step.
    pub(super) fn step(&mut self, step: &Step, is_last: bool) -> Result<Flow, WarehouseError> {
        self.engine.stop.check()?;
        let (at, span) = (step.at, step.span);
        match &step.node {
            Node::Statement(tokens) => self.statement(tokens, span, at, is_last)?,
            Node::Declare { names, ty, default } => {
                self.declare(names, ty.as_ref(), default.as_ref(), span)?
            }
            Node::Set { targets, is_list, value } => self.set(targets, *is_list, value, span)?,
            Node::If { branches, otherwise } => return self.conditional(branches, otherwise),
            Node::Case { operand, branches, otherwise } => {
                return self.case(operand.as_ref(), branches, otherwise);
            }
            Node::Loop { label, body } => loop {
                if let Turn::Done(flow) = self.turn(label.as_deref(), body)? {
                    return Ok(flow);
                }
            },
            Node::While { label, condition, body } => {
                while self.is_true(condition)? {
                    if let Turn::Done(flow) = self.turn(label.as_deref(), body)? {
                        return Ok(flow);
                    }
                }
            }
            Node::Repeat { label, body, until } => loop {
                if let Turn::Done(flow) = self.turn(label.as_deref(), body)? {
                    return Ok(flow);
                }
                if self.is_true(until)? {
                    break;
                }
            },
            Node::For { label, variable, query, query_span, body } => {
                return self.for_each(label.as_deref(), variable, query, *query_span, body);
            }
            Node::Block { label, body, handler } => {
                let flow = self.block(body, handler.as_deref())?;
                let is_own = matches!(&flow, Flow::Break(Some(name)) if Some(name) == label.as_ref());
                return Ok(if is_own { Flow::Next } else { flow });
            }
            Node::Break(label) => return Ok(Flow::Break(label.clone())),
            Node::Continue(label) => return Ok(Flow::Continue(label.clone())),
            Node::Return => return Ok(Flow::Return),
            Node::Raise(message) => return Err(self.raise(message.as_ref(), at, span)?),
            Node::Assert { condition, description } => {
                self.assert(condition, description.as_deref(), at, span)?;
            }
            Node::Execute { sql, into, using } => self.execute_immediate(sql, into, using, at, span)?,
            Node::Call { path, arguments } => self.call(path, arguments, at, span)?,
            Node::Begin | Node::Commit | Node::Rollback => self.transaction(&step.node, at)?,
        }
        Ok(Flow::Next)
    }

    /// Runs steps until one of them leaves the list.
    pub(super) fn steps(&mut self, steps: &[Step]) -> Result<Flow, WarehouseError> {
        for step in steps {
            let flow = self.step(step, false)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// One turn of a loop.
    fn turn(&mut self, label: Option<&str>, body: &[Step]) -> Result<Turn, WarehouseError> {
        self.engine.stop.check()?;
        let is_own = |name: &Option<String>| name.is_none() || name.as_deref() == label;
        Ok(match self.steps(body)? {
            Flow::Next => Turn::Again,
            Flow::Continue(name) if is_own(&name) => Turn::Again,
            Flow::Break(name) if is_own(&name) => Turn::Done(Flow::Next),
            flow => Turn::Done(flow),
        })
    }

    fn conditional(&mut self, branches: &[Branch], otherwise: &[Step]) -> Result<Flow, WarehouseError> {
        for (condition, body) in branches {
            if self.is_true(condition)? {
                return self.steps(body);
            }
        }
        self.steps(otherwise)
    }

    fn case(
        &mut self,
        operand: Option<&Condition>,
        branches: &[Branch],
        otherwise: &[Step],
    ) -> Result<Flow, WarehouseError> {
        for (condition, body) in branches {
            let condition = match operand {
                None => condition.clone(),
                Some(operand) => {
                    let (left, right) = (operand.value.clone(), condition.value.clone());
                    let at = condition.value.at;
                    let value = Expr::new(at, ExprNode::Binary("=", Box::new(left), Box::new(right)));
                    // The text of the operand says whether the value is the same at each delivery.
                    Condition { value, span: operand.span }
                }
            };
            if self.is_true(&condition)? {
                return self.steps(body);
            }
        }
        self.steps(otherwise)
    }

    fn for_each(
        &mut self,
        label: Option<&str>,
        (name, at): &(String, At),
        query: &Query,
        span: Span,
        body: &[Step],
    ) -> Result<Flow, WarehouseError> {
        let text = self.text(span);
        let statement = Statement::Query(Box::new(query.clone()));
        let result = self.execute(&statement, &text, false, true, true)?;
        self.describe(&text, true, &result);
        let types: Vec<DataType> = result.schema.iter().map(column_type).collect::<Result<_, _>>()?;
        let fields: Vec<(String, DataType)> =
            result.schema.iter().map(|column| column.name.clone()).zip(types).collect();
        let own_names = field_names(&fields);
        let ty = DataType::Struct(fields);
        let mut flow = Flow::Next;
        self.declared.push(Vec::new());
        for index in 0..result.rows.len() {
            let parts: Vec<String> = row(&result, index)?
                .into_iter()
                .zip(&own_names)
                .map(|(value, name)| format!("{} := {}", quote(name), value.sql))
                .collect();
            let value = Variable { ty: ty.clone(), sql: format!("struct_pack({})", parts.join(", ")) };
            if index == 0 {
                self.add_variable(name, value, *at)?;
            } else {
                self.variables.insert(name.to_lowercase(), value);
            }
            if let Turn::Done(done) = self.turn(label, body)? {
                flow = done;
                break;
            }
        }
        self.leave_block();
        Ok(flow)
    }

    fn assert(
        &mut self,
        condition: &Condition,
        description: Option<&str>,
        at: At,
        span: Span,
    ) -> Result<(), WarehouseError> {
        if self.is_true(condition)? {
            return Ok(());
        }
        let text = self.text(span);
        let message = match description {
            Some(description) => format!("Assertion failed: {description}"),
            None => format!("Assertion failed: {text}"),
        };
        Err(invalid(&message, Some(at), None))
    }

    fn transaction(&mut self, node: &Node, at: At) -> Result<(), WarehouseError> {
        let (sql, begins) = match node {
            Node::Begin => ("BEGIN TRANSACTION", true),
            Node::Commit => ("COMMIT", false),
            _ => ("ROLLBACK", false),
        };
        if begins == self.in_transaction {
            let message = if begins {
                "Transaction is already in progress; nested transactions are not supported"
            } else {
                "There is no transaction in progress"
            };
            return Err(invalid(message, Some(at), None));
        }
        self.in_transaction = begins;
        self.engine.connection.execute_batch(sql).map_err(|failure| error::internal(&failure))
    }
}
