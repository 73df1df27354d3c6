//! The syntax tree of the statements that change rows.
//!
//! The module must not know names of tables, types of columns, or functions. To add a statement, add a variant of
//! [`What`].

use super::ast::{At, Expr, From, Query};

/// INSERT, UPDATE, DELETE or MERGE.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) at: At,
    pub(crate) target: Vec<String>,
    pub(crate) target_at: At,
    pub(crate) alias: Option<String>,
    pub(crate) what: What,
}

/// What a change does.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Insert { columns: Vec<(String, At)>, rows: Rows },
    Update { set: Vec<(Vec<String>, At, Option<Expr>)>, from: Option<From>, filter: Expr },
    Delete { filter: Expr },
    Merge { source: From, on: Expr, clauses: Vec<MergeClause> },
}

/// The rows of INSERT.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    /// `None` is DEFAULT.
    Values(Vec<Vec<Option<Expr>>>),
    Query(Box<Query>),
}

/// A WHEN of MERGE.
#[derive(Debug, Clone)]
pub(crate) struct MergeClause {
    pub(crate) at: At,
    pub(crate) matched: Matched,
    pub(crate) condition: Option<Expr>,
    pub(crate) action: MergeAction,
}

/// Which rows a WHEN of MERGE takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    /// WHEN MATCHED: rows of both tables.
    Both,
    /// WHEN NOT MATCHED BY TARGET: rows of the source alone.
    Source,
    /// WHEN NOT MATCHED BY SOURCE: rows of the target alone.
    Target,
}

/// What a WHEN of MERGE does.
#[derive(Debug, Clone)]
pub(crate) enum MergeAction {
    InsertRow,
    Insert { columns: Vec<(String, At)>, values: Vec<Option<Expr>> },
    Update(Vec<(Vec<String>, At, Option<Expr>)>),
    Delete,
}
