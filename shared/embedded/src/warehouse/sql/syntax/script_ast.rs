//! The syntax tree of scripts: statements, variables and control flow.
//!
//! To add a control statement, add a variant of [`Node`], a branch in `syntax/script.rs`, and a branch in
//! `warehouse/script`.

use super::ast::{At, Expr, Query};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::lex::Token;

/// One step of a script.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: At,
    pub(crate) span: Span,
    pub(crate) node: Node,
}

/// A part of a script, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// An expression of a control statement.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) value: Expr,
    pub(crate) span: Span,
}

/// A branch: its condition, and its steps.
pub(crate) type Branch = (Condition, Vec<Step>);

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A query, or a statement that changes rows or tables. It is parsed when its turn comes.
    Statement(Vec<Token>),
    Declare {
        names: Vec<(String, At)>,
        ty: Option<DataType>,
        default: Option<Expr>,
    },
    Set {
        /// The names in lower case. A system variable begins with `@@`.
        targets: Vec<(String, At)>,
        /// Whether the targets are in brackets, so that the value is a struct with a field for each.
        is_list: bool,
        value: Expr,
    },
    If {
        branches: Vec<Branch>,
        otherwise: Vec<Step>,
    },
    Case {
        operand: Option<Condition>,
        branches: Vec<Branch>,
        otherwise: Vec<Step>,
    },
    Loop {
        label: Option<String>,
        body: Vec<Step>,
    },
    While {
        label: Option<String>,
        condition: Condition,
        body: Vec<Step>,
    },
    Repeat {
        label: Option<String>,
        body: Vec<Step>,
        until: Condition,
    },
    For {
        label: Option<String>,
        variable: (String, At),
        query: Box<Query>,
        query_span: Span,
        body: Vec<Step>,
    },
    Block {
        label: Option<String>,
        body: Vec<Step>,
        /// The steps after EXCEPTION WHEN ERROR THEN.
        handler: Option<Vec<Step>>,
    },
    Break(Option<String>),
    Continue(Option<String>),
    Return,
    /// RAISE with its message. `None`: the error that is being handled.
    Raise(Option<Expr>),
    Assert {
        condition: Condition,
        description: Option<String>,
    },
    Execute {
        sql: Expr,
        into: Vec<(String, At)>,
        using: Vec<(Expr, Option<String>)>,
    },
    Call {
        path: Vec<String>,
        arguments: Vec<Expr>,
    },
    Begin,
    Commit,
    Rollback,
}

impl Step {
    /// Whether the step is a plain statement.
    pub(crate) fn is_statement(&self) -> bool {
        matches!(self.node, Node::Statement(_))
    }
}

/// The tokens of all plain statements, also of those inside of other steps.
pub(crate) fn statements(steps: &[Step]) -> Vec<&Vec<Token>> {
    let mut found = Vec::new();
    for step in steps {
        match &step.node {
            Node::Statement(tokens) => found.push(tokens),
            Node::If { branches, otherwise } => {
                branches.iter().for_each(|(_, body)| found.extend(statements(body)));
                found.extend(statements(otherwise));
            }
            Node::Case { branches, otherwise, .. } => {
                branches.iter().for_each(|(_, body)| found.extend(statements(body)));
                found.extend(statements(otherwise));
            }
            Node::Loop { body, .. }
            | Node::While { body, .. }
            | Node::Repeat { body, .. }
            | Node::For { body, .. } => found.extend(statements(body)),
            Node::Block { body, handler, .. } => {
                found.extend(statements(body));
                found.extend(statements(handler.as_deref().unwrap_or_default()));
            }
            _ => {}
        }
    }
    found
}
