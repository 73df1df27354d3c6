//! Finds the meaning of a statement: the columns that its names stand for, and the types of its expressions. Writes the
//! statement in DuckDB's syntax.
//!
//! Every function, conversion and operator is known here with its types. A statement with anything else is refused, so
//! that DuckDB never decides what a part of a statement means.
//!
//! The module must not know connections, files and jobs. It asks a [`Catalog`] for the columns of a table.
//!
//! To add a function, add it to a table in `functions`. To add an expression, add a branch in `expr.rs`.

mod aggregate;
mod buckets;
mod calls;
mod cast;
pub(crate) mod change;
pub(crate) mod coerce;
mod collation;
mod common_tables;
mod concat;
mod dates;
mod expr;
mod frames;
mod from;
mod functions;
mod group;
mod having;
mod json;
pub(crate) mod literals;
mod matching;
mod names;
mod normalize;
mod once;
mod operators;
mod order;
mod parameters;
mod pipe;
mod pivot;
mod predicates;
mod query;
mod ranges;
mod recursion;
mod regexps;
mod routines;
mod safe;
mod scripted;
mod select;
mod sets;
mod sketches;
mod special;
mod statistics;
pub(crate) mod value;
mod windows;

#[cfg(test)]
pub(crate) use functions::list::documented;
pub(crate) use query::Relation;

use super::datatype::DataType;
use super::names::Scope;
use super::routine::Routine;
use super::syntax::ast::{At, Expr, Query};
use super::{invalid, syntax_error};
use names::Names;
use segue_ports::warehouse::{TableReference, WarehouseError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use value::Value;

pub(crate) type Analyzed<T> = Result<T, WarehouseError>;

/// A table as statements see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableShape {
    pub(crate) columns: Vec<(String, DataType)>,
    /// The column that a query must filter by. `None` if it need not.
    pub(crate) partition_filter: Option<String>,
    /// The length of a partition, if the table is partitioned by the time when a row arrives.
    pub(crate) ingested_by: Option<&'static str>,
}

/// What is known about tables.
pub(crate) trait Catalog {
    /// The columns of a table.
    ///
    /// # Errors
    /// The table does not exist, or the catalogue cannot be read.
    fn table(&self, table: &TableReference) -> Analyzed<TableShape>;

    /// The names of the tables of a dataset that begin with `prefix`.
    ///
    /// # Errors
    /// The dataset does not exist, or the catalogue cannot be read.
    fn tables(&self, dataset: &str, prefix: &str) -> Analyzed<Vec<String>>;

    /// The rows of a view of INFORMATION_SCHEMA, or of `__TABLES__`. `None` if there is no such view here.
    ///
    /// # Errors
    /// The dataset does not exist, or the catalogue cannot be read.
    fn information(&self, view: &str, project: &str, dataset: Option<&str>) -> Analyzed<Option<Information>>;

    /// A function that a dataset has. `None` if it has no such function.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    fn routine(&self, name: &TableReference) -> Analyzed<Option<Routine>>;
}

/// A view of INFORMATION_SCHEMA.
#[derive(Debug)]
pub(crate) struct Information {
    pub(crate) columns: Vec<(String, DataType)>,
    /// The rows, as texts in DuckDB's syntax.
    pub(crate) rows: Vec<Vec<String>>,
}

/// The variables of a script by their names in lower case. System variables begin with `@@`, and the values of EXECUTE
/// IMMEDIATE … USING with `@` and `?`.
pub(crate) type Variables = BTreeMap<String, Variable>;

/// A variable of a script: its type, and its value in DuckDB's syntax.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Variable {
    pub(crate) ty: DataType,
    pub(crate) sql: String,
}

/// A query of WITH.
#[derive(Debug, Clone)]
struct CommonTable {
    name: String,
    /// The name in DuckDB.
    own: String,
    columns: Vec<(String, String, DataType)>,
    is_value: bool,
}

/// Analyzes one statement.
pub(crate) struct Analyzer<'a> {
    catalog: &'a dyn Catalog,
    scope: &'a Scope,
    variables: &'a Variables,
    tables: RefCell<Vec<TableReference>>,
    /// Tables that must be filtered by a column, until the filter is seen.
    filtered: RefCell<Vec<(String, String)>>,
    common: RefCell<Vec<CommonTable>>,
    /// The functions that are being expanded, so that none calls itself.
    expanding: RefCell<Vec<String>>,
    next: Cell<usize>,
    /// The number of values around that `once` names.
    once: Cell<usize>,
    /// Whether the statement reads INFORMATION_SCHEMA.
    reads_information: Cell<bool>,
}

impl<'a> Analyzer<'a> {
    pub(crate) fn new(catalog: &'a dyn Catalog, scope: &'a Scope, variables: &'a Variables) -> Self {
        Self {
            catalog,
            scope,
            variables,
            tables: RefCell::default(),
            filtered: RefCell::default(),
            common: RefCell::default(),
            expanding: RefCell::default(),
            next: Cell::new(0),
            once: Cell::new(0),
            reads_information: Cell::new(false),
        }
    }

    /// The tables that the statement reads, in the order of their first use.
    pub(crate) fn tables(&self) -> Vec<TableReference> {
        let mut found: Vec<TableReference> = Vec::new();
        for table in self.tables.borrow().iter() {
            if !found.contains(table) {
                found.push(table.clone());
            }
        }
        found
    }

    /// Refuses a stored query over INFORMATION_SCHEMA. Its rows are read when the statement is analyzed.
    pub(crate) fn refuse_information(&self, at: At) -> Analyzed<()> {
        if self.reads_information.get() { Err(missing(at, "A view over INFORMATION_SCHEMA")) } else { Ok(()) }
    }

    /// A whole query. Its columns have names: `f0_` for those without one. Two columns of one name are refused, as
    /// BigQuery refuses them in the table of a result.
    pub(crate) fn result(&self, query: &Query) -> Analyzed<Relation> {
        let relation = self.query(query, &Names::none())?;
        relation.named(query.at)
    }

    /// A whole query for rows that are stored. All of its columns have names.
    pub(crate) fn stored(&self, query: &Query) -> Analyzed<Relation> {
        let relation = self.query(query, &Names::none())?;
        if let Some(index) =
            relation.columns.iter().position(|column| column.name.is_empty() && !relation.is_value)
        {
            let message = format!("CREATE TABLE columns must be named, but column {} has no name", index + 1);
            return Err(refuse(query.at, &message));
        }
        relation.named(query.at)
    }

    /// An expression without columns.
    pub(crate) fn constant(&self, expr: &Expr) -> Analyzed<Value> {
        self.expr(expr, &Names::none())
    }

    /// An expression without columns, as one of the type `ty`.
    pub(crate) fn constant_as(&self, expr: &Expr, ty: &DataType) -> Analyzed<Value> {
        let value = self.constant(expr)?;
        self.coerced(&value, ty, expr.at)
    }

    /// The value as one of the type `ty`.
    fn coerced(&self, value: &Value, ty: &DataType, at: At) -> Analyzed<Value> {
        coerce::coerce(value, ty).ok_or_else(|| {
            refuse(at, &format!("Expected type {} but got {}", ty.bigquery(), value.ty.bigquery()))
        })
    }

    /// A name for a table or a column that no other has.
    fn fresh(&self, prefix: &str) -> String {
        self.next.set(self.next.get() + 1);
        format!("{prefix}{}", self.next.get())
    }
}

/// An error at a position.
fn refuse(at: At, message: &str) -> WarehouseError {
    invalid(message, Some(at), None)
}

/// The error for a part of GoogleSQL that the embedded warehouse does not have.
fn missing(at: At, what: &str) -> WarehouseError {
    invalid(
        &format!("{what} is not supported by the embedded warehouse"),
        Some(at),
        Some("run this statement on BigQuery"),
    )
}

/// A syntax error at a position.
fn wrong_syntax(at: At, message: &str) -> WarehouseError {
    syntax_error(message, Some(at))
}
