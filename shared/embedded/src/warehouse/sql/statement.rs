//! Parses one statement. The columns and tables it names are found later, when the statements before it are done.
//!
//! The module must not know connections, files and the catalogue. To add a statement, add a variant and a branch in
//! [`parse`].

use super::alter::{self, Alteration};
use super::datatype::DataType;
use super::ddl::{self, ColumnSpec};
use super::lex::Token;
use super::names::{Scope, check_dataset};
use super::syntax::ast::{Expr, Query};
use super::syntax::change_ast::{Change, What};
use super::syntax::routine::{self, CreateFunction, CreateProcedure, Created};
use super::syntax::script_ast::Span;
use super::tokens::Tokens;
use super::transfer::{self, Export, Load};
use super::written::{location, unexpected};
use super::{invalid, syntax, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use serde_json::{Map, Value};

/// What to do if the table, view or dataset exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExisting {
    Refuse,
    Keep,
    Replace,
}

/// A parsed statement.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Query(Box<Query>),
    Change(Box<Change>),
    CreateTable(Box<CreateTable>),
    CreateExternal {
        table: TableReference,
        on_existing: OnExisting,
        columns: Vec<ColumnSpec>,
        options: Map<String, Value>,
    },
    CreateView {
        table: TableReference,
        on_existing: OnExisting,
        query: Box<Query>,
        columns: Vec<String>,
        options: Map<String, Value>,
        /// The place of the query in the script.
        span: Span,
    },
    CreateSchema {
        dataset: String,
        on_existing: OnExisting,
        options: Map<String, Value>,
    },
    DropTable {
        table: TableReference,
        what: &'static str,
        if_exists: bool,
    },
    DropSchema {
        dataset: String,
        if_exists: bool,
        cascade: bool,
    },
    Truncate {
        table: TableReference,
    },
    /// An expression of a control statement. Its value is one row.
    Value {
        expr: Box<Expr>,
        /// The types to convert the value to. Empty: the type of the expression.
        types: Vec<DataType>,
        /// Whether the value is a struct with a field for each type.
        is_list: bool,
    },
    Export(Box<Export>),
    Load(Box<Load>),
    CreateFunction(Box<CreateFunction>),
    CreateProcedure(Box<CreateProcedure>),
    DropRoutine {
        what: &'static str,
        path: Vec<String>,
        at: (u32, u32),
        if_exists: bool,
    },
    Alter {
        table: TableReference,
        if_exists: bool,
        changes: Vec<Alteration>,
    },
}

/// CREATE TABLE in all forms except external tables.
#[derive(Debug, Clone)]
pub(crate) struct CreateTable {
    pub(crate) table: TableReference,
    pub(crate) is_temporary: bool,
    pub(crate) on_existing: OnExisting,
    pub(crate) columns: Option<Vec<ColumnSpec>>,
    pub(crate) query: Option<Query>,
    /// The table of LIKE, CLONE or COPY, and whether its rows are copied.
    pub(crate) source: Option<(TableReference, bool)>,
    pub(crate) partition_by: Option<String>,
    pub(crate) cluster_by: Vec<String>,
    pub(crate) options: Map<String, Value>,
}

impl Statement {
    /// The kind of the statement as BigQuery names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Query(_) | Self::Value { .. } => "SELECT",
            Self::Change(change) => match change.what {
                What::Insert { .. } => "INSERT",
                What::Update { .. } => "UPDATE",
                What::Delete { .. } => "DELETE",
                What::Merge { .. } => "MERGE",
            },
            Self::CreateTable(create) if create.query.is_some() => "CREATE_TABLE_AS_SELECT",
            Self::CreateTable(_) => "CREATE_TABLE",
            Self::CreateExternal { .. } => "CREATE_EXTERNAL_TABLE",
            Self::CreateView { .. } => "CREATE_VIEW",
            Self::CreateSchema { .. } => "CREATE_SCHEMA",
            Self::DropTable { what, .. } => what,
            Self::DropSchema { .. } => "DROP_SCHEMA",
            Self::Truncate { .. } => "TRUNCATE_TABLE",
            Self::Alter { .. } => "ALTER_TABLE",
            Self::CreateFunction(create) => match create.body {
                routine::Body::Value(_) => "CREATE_FUNCTION",
                routine::Body::Table(_) => "CREATE_TABLE_FUNCTION",
            },
            Self::Export(_) => "EXPORT_DATA",
            Self::Load(_) => "LOAD_DATA",
            Self::CreateProcedure(_) => "CREATE_PROCEDURE",
            Self::DropRoutine { what, .. } => what,
        }
    }
}

/// Parses one statement.
pub(crate) fn parse(tokens: &[Token], scope: &Scope) -> Result<Statement, WarehouseError> {
    let Some(first) = tokens.first() else { return Err(syntax_error("Unexpected end of script", None)) };
    let own = Tokens::new(tokens, scope)?;
    let keyword = match &first.kind {
        super::lex::Kind::Word(word) => word.to_uppercase(),
        _ => String::new(),
    };
    match keyword.as_str() {
        "" if first.is_symbol("(") => syntax::query(tokens).map(|query| Statement::Query(Box::new(query))),
        "SELECT" | "WITH" | "FROM" => syntax::query(tokens).map(|query| Statement::Query(Box::new(query))),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
            syntax::change(tokens).map(|change| Statement::Change(Box::new(change)))
        }
        "CREATE" => match routine::create(tokens)? {
            Some(Created::Function(create)) => Ok(Statement::CreateFunction(Box::new(create))),
            Some(Created::Procedure(create)) => Ok(Statement::CreateProcedure(Box::new(create))),
            None => create(&own, scope),
        },
        "DROP" => drop(&own),
        "TRUNCATE" => {
            let (table, end) = own.table(if own.is(1, "TABLE") { 2 } else { 1 })?;
            own.ended(end)?;
            Ok(Statement::Truncate { table })
        }
        "ALTER" => {
            let (table, if_exists, changes) = alter::parse(&own)?;
            Ok(Statement::Alter { table, if_exists, changes })
        }
        "EXPORT" => transfer::export(&own).map(|export| Statement::Export(Box::new(export))),
        "LOAD" => transfer::load(&own).map(|load| Statement::Load(Box::new(load))),
        "GRANT" | "REVOKE" => Err(invalid(
            &format!("Statement not supported by the embedded warehouse: {keyword}"),
            location(first),
            Some("write it as plain SELECT, DML and DDL statements, or run it on BigQuery"),
        )),
        _ => Err(unexpected(first)),
    }
}

fn create(tokens: &Tokens<'_>, scope: &Scope) -> Result<Statement, WarehouseError> {
    let mut index = 1;
    let mut on_existing = OnExisting::Refuse;
    if tokens.are(index, "OR REPLACE") {
        on_existing = OnExisting::Replace;
        index += 2;
    }
    let is_temporary = tokens.is(index, "TEMP") || tokens.is(index, "TEMPORARY");
    if is_temporary && !tokens.is(index + 1, "TABLE") {
        return Err(tokens.unexpected(index + 1));
    }
    index += usize::from(is_temporary);
    let external = tokens.is(index, "EXTERNAL");
    index += usize::from(external);
    let what = tokens.token(index).and_then(Token::name).map(str::to_uppercase).unwrap_or_default();
    if !matches!(what.as_str(), "TABLE" | "VIEW" | "SCHEMA") {
        // TEMP FUNCTION, AGGREGATE FUNCTION and the like are named in full.
        let what = match tokens.token(index + 1).and_then(Token::name) {
            Some(next) if matches!(next.to_uppercase().as_str(), "TABLE" | "FUNCTION" | "VIEW") => {
                format!("{what} {}", next.to_uppercase())
            }
            _ => what,
        };
        return Err(invalid(
            &format!("CREATE {what} is not supported by the embedded warehouse"),
            tokens.token(index).and_then(location),
            Some("TABLE, EXTERNAL TABLE, VIEW, SCHEMA, FUNCTION and PROCEDURE are"),
        ));
    }
    index += 1;
    if tokens.are(index, "IF NOT EXISTS") {
        on_existing = OnExisting::Keep;
        index += 3;
    }
    if what == "SCHEMA" {
        let (dataset, end) = schema(tokens, index)?;
        let parts = ddl::parts(tokens, end)?;
        return Ok(Statement::CreateSchema { dataset, on_existing, options: parts.options });
    }
    let (table, end) = if is_temporary { temporary(tokens, index, scope)? } else { tokens.table(index)? };
    if what == "VIEW" {
        return view(tokens, table, on_existing, end);
    }
    let parts = ddl::parts(tokens, end)?;
    if external {
        let columns = parts.columns.unwrap_or_default();
        return Ok(Statement::CreateExternal { table, on_existing, columns, options: parts.options });
    }
    let query = parts.query_at.map(|at| syntax::query(tokens.part(at, tokens.tokens.len()))).transpose()?;
    let source = match parts.source_at {
        Some((at, rows)) => {
            let (source, end) = tokens.table(at)?;
            tokens.ended(end)?;
            Some((source, rows))
        }
        None => None,
    };
    if query.is_none() && source.is_none() && parts.columns.is_none() {
        return Err(syntax_error(
            "CREATE TABLE needs columns or a query",
            tokens.token(0).and_then(location),
        ));
    }
    Ok(Statement::CreateTable(Box::new(CreateTable {
        table,
        is_temporary,
        on_existing,
        columns: parts.columns,
        query,
        source,
        partition_by: parts.partition_by,
        cluster_by: parts.cluster_by,
        options: parts.options,
    })))
}

/// The temporary table named at `index`, and the index after its name.
fn temporary(
    tokens: &Tokens<'_>,
    index: usize,
    scope: &Scope,
) -> Result<(TableReference, usize), WarehouseError> {
    let (parts, taken) = super::names::path(tokens.tokens.get(index..).unwrap_or_default())?;
    match parts.as_slice() {
        [table] => Ok((scope.temporary_table(table), index + taken)),
        [session, table] if session.eq_ignore_ascii_case("_SESSION") => {
            Ok((scope.temporary_table(table), index + taken))
        }
        _ => Err(invalid(
            &format!("The temporary table {} must not have a dataset", parts.join(".")),
            tokens.token(index).and_then(location),
            Some("write its name alone"),
        )),
    }
}

fn view(
    tokens: &Tokens<'_>,
    table: TableReference,
    on_existing: OnExisting,
    mut index: usize,
) -> Result<Statement, WarehouseError> {
    let mut columns = Vec::new();
    if tokens.is_symbol(index, "(") {
        let close = tokens.close(index);
        for (low, _) in tokens.arguments(index + 1, close) {
            let name = tokens.token(low).and_then(Token::name);
            columns.push(name.ok_or_else(|| tokens.unexpected(low))?.to_owned());
        }
        index = close + 1;
    }
    let mut options = Map::new();
    if tokens.is(index, "OPTIONS") && tokens.is_symbol(index + 1, "(") {
        options = ddl::options(tokens, index + 1)?;
        index = tokens.close(index + 1) + 1;
    }
    if !tokens.is(index, "AS") {
        return Err(syntax_error("CREATE VIEW needs AS and a query", tokens.token(0).and_then(location)));
    }
    let query = Box::new(syntax::query(tokens.part(index + 1, tokens.tokens.len()))?);
    let first = tokens.token(index + 1).map(|token| token.start).unwrap_or_default();
    let span = Span { start: first, end: tokens.tokens.last().map(|token| token.end).unwrap_or_default() };
    Ok(Statement::CreateView { table, on_existing, query, columns, options, span })
}

/// The dataset named at `index`, and the index after its name.
fn schema(tokens: &Tokens<'_>, index: usize) -> Result<(String, usize), WarehouseError> {
    let (parts, taken) = super::names::path(tokens.tokens.get(index..).unwrap_or_default())?;
    let dataset = parts.last().cloned().unwrap_or_default();
    check_dataset(&dataset, tokens.token(index).and_then(location))?;
    Ok((dataset, index + taken))
}

fn drop(tokens: &Tokens<'_>) -> Result<Statement, WarehouseError> {
    for (words, what) in [
        ("TABLE FUNCTION", "DROP_TABLE_FUNCTION"),
        ("FUNCTION", "DROP_FUNCTION"),
        ("PROCEDURE", "DROP_PROCEDURE"),
    ] {
        if tokens.are(1, words) {
            let index = 1 + words.split(' ').count();
            let if_exists = tokens.are(index, "IF EXISTS");
            let index = index + if if_exists { 2 } else { 0 };
            let (path, taken) = super::names::path(tokens.tokens.get(index..).unwrap_or_default())?;
            tokens.ended(index + taken)?;
            let at = tokens.token(index).and_then(location).unwrap_or((1, 1));
            return Ok(Statement::DropRoutine { what, path, at, if_exists });
        }
    }
    let mut index = 1 + usize::from(tokens.is(1, "EXTERNAL") || tokens.is(1, "MATERIALIZED"));
    let what = if tokens.is(1, "EXTERNAL") {
        "DROP_EXTERNAL_TABLE"
    } else if tokens.is(index, "TABLE") {
        "DROP_TABLE"
    } else if tokens.is(index, "VIEW") {
        "DROP_VIEW"
    } else if tokens.is(index, "SCHEMA") {
        "DROP_SCHEMA"
    } else {
        return Err(tokens.unexpected(index));
    };
    index += 1;
    let if_exists = tokens.are(index, "IF EXISTS");
    index += if if_exists { 2 } else { 0 };
    if what == "DROP_SCHEMA" {
        let (dataset, end) = schema(tokens, index)?;
        return Ok(Statement::DropSchema { dataset, if_exists, cascade: tokens.is(end, "CASCADE") });
    }
    let (table, end) = tokens.table(index)?;
    tokens.ended(end)?;
    Ok(Statement::DropTable { table, what, if_exists })
}
