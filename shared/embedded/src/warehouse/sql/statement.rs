//! Parses one statement: its kind and the tables it names. If one statement of DuckDB has the same effect, also makes
//! the text of this statement.
//!
//! The module must not know connections, files and the catalogue. To add a statement, add a variant and a branch in
//! [`parse`].

use super::alter::{self, Alteration};
use super::ddl::{self, ColumnSpec, TableParts};
use super::expr::Rewriter;
use super::lex::Token;
use super::names::{Scope, check_dataset};
use super::pieces::{expression, named};
use super::written::{location, unexpected};
use super::{finish, invalid, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use serde_json::{Map, Value};

/// What to do if the table, view or dataset exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExisting {
    Refuse,
    Keep,
    Replace,
}

/// The kind of change to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dml {
    Insert,
    Update,
    Delete,
    Merge,
}

/// A translated statement.
#[derive(Debug)]
pub(crate) enum Statement {
    Query {
        sql: String,
        tables: Vec<TableReference>,
    },
    Dml {
        kind: Dml,
        sql: String,
        target: TableReference,
        tables: Vec<TableReference>,
    },
    CreateTable(CreateTable),
    CreateExternal {
        table: TableReference,
        on_existing: OnExisting,
        columns: Vec<ColumnSpec>,
        options: Map<String, Value>,
    },
    CreateView {
        table: TableReference,
        on_existing: OnExisting,
        sql: String,
        tables: Vec<TableReference>,
        description: Option<String>,
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
    Alter {
        table: TableReference,
        if_exists: bool,
        changes: Vec<Alteration>,
    },
}

/// CREATE TABLE in all forms except external tables.
#[derive(Debug)]
pub(crate) struct CreateTable {
    pub(crate) table: TableReference,
    pub(crate) on_existing: OnExisting,
    pub(crate) columns: Option<Vec<ColumnSpec>>,
    pub(crate) query: Option<String>,
    /// The tables that the query reads.
    pub(crate) tables: Vec<TableReference>,
    /// The table of LIKE, CLONE or COPY, and whether its rows are copied.
    pub(crate) source: Option<(TableReference, bool)>,
    pub(crate) partition_by: Option<String>,
    pub(crate) cluster_by: Vec<String>,
    pub(crate) options: Map<String, Value>,
}

impl Statement {
    /// The tables that the statement reads or changes. They must exist.
    pub(crate) fn reads(&self) -> &[TableReference] {
        match self {
            Self::Query { tables, .. } | Self::Dml { tables, .. } | Self::CreateView { tables, .. } => tables,
            Self::CreateTable(create) => &create.tables,
            _ => &[],
        }
    }

    /// The table with the changed rows. `None` if the statement changes no rows.
    pub(crate) fn target(&self) -> Option<&TableReference> {
        match self {
            Self::Dml { target, .. } => Some(target),
            _ => None,
        }
    }

    /// The kind of the statement as BigQuery names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Query { .. } => "SELECT",
            Self::Dml { kind: Dml::Insert, .. } => "INSERT",
            Self::Dml { kind: Dml::Update, .. } => "UPDATE",
            Self::Dml { kind: Dml::Delete, .. } => "DELETE",
            Self::Dml { kind: Dml::Merge, .. } => "MERGE",
            Self::CreateTable(create) if create.query.is_some() => "CREATE_TABLE_AS_SELECT",
            Self::CreateTable(_) => "CREATE_TABLE",
            Self::CreateExternal { .. } => "CREATE_EXTERNAL_TABLE",
            Self::CreateView { .. } => "CREATE_VIEW",
            Self::CreateSchema { .. } => "CREATE_SCHEMA",
            Self::DropTable { what, .. } => what,
            Self::DropSchema { .. } => "DROP_SCHEMA",
            Self::Truncate { .. } => "TRUNCATE_TABLE",
            Self::Alter { .. } => "ALTER_TABLE",
        }
    }
}

/// Parses one statement.
pub(crate) fn parse(tokens: &[Token], scope: &Scope) -> Result<Statement, WarehouseError> {
    let Some(first) = tokens.first() else { return Err(syntax_error("Unexpected end of script", None)) };
    let mut rewriter = Rewriter::new(tokens, scope)?;
    let keyword = first.name().map(str::to_uppercase).unwrap_or_default();
    match keyword.as_str() {
        "" if first.is_symbol("(") => query(&mut rewriter),
        "SELECT" | "WITH" => query(&mut rewriter),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => dml(&mut rewriter, &keyword),
        "CREATE" => create(&mut rewriter),
        "DROP" => drop(&mut rewriter),
        "TRUNCATE" => {
            let (table, end) =
                named(&mut rewriter, if tokens.get(1).is_some_and(|t| t.is("TABLE")) { 2 } else { 1 })?;
            ended(&rewriter, end)?;
            Ok(Statement::Truncate { table })
        }
        "ALTER" => {
            let (table, if_exists, changes) = alter::parse(&mut rewriter)?;
            Ok(Statement::Alter { table, if_exists, changes })
        }
        "DECLARE" | "SET" | "BEGIN" | "COMMIT" | "ROLLBACK" | "CALL" | "EXECUTE" | "LOOP" | "WHILE"
        | "IF" | "FOR" | "EXPORT" | "LOAD" | "ASSERT" | "GRANT" | "REVOKE" | "RAISE" | "RETURN" => {
            Err(invalid(
                &format!("Statement not supported by the embedded warehouse: {keyword}"),
                location(first),
                Some("write it as plain SELECT, DML and DDL statements, or run it on BigQuery"),
            ))
        }
        _ => Err(unexpected(first)),
    }
}

fn query(rewriter: &mut Rewriter<'_>) -> Result<Statement, WarehouseError> {
    let text = rewriter.span(0, rewriter.tokens.len())?;
    let sql = finish(&text, rewriter.token(0).and_then(location))?;
    Ok(Statement::Query { sql, tables: std::mem::take(&mut rewriter.tables) })
}

fn ended(rewriter: &Rewriter<'_>, index: usize) -> Result<(), WarehouseError> {
    rewriter.token(index).map_or(Ok(()), |token| Err(unexpected(token)))
}

fn dml(rewriter: &mut Rewriter<'_>, keyword: &str) -> Result<Statement, WarehouseError> {
    let end = rewriter.tokens.len();
    let at = 1 + usize::from(rewriter.is(1, "INTO") || rewriter.is(1, "FROM"));
    let (name, after) = rewriter.table(at)?;
    let Some(target) = rewriter.tables.first().cloned() else {
        return Err(invalid("This name cannot be changed", rewriter.token(at).and_then(location), None));
    };
    let first = rewriter.token(0).and_then(location);
    if matches!(keyword, "UPDATE" | "DELETE") && !(after..end).any(|index| rewriter.is(index, "WHERE")) {
        return Err(invalid(
            &format!("{keyword} must have a WHERE clause"),
            first,
            Some("write WHERE TRUE for all rows"),
        ));
    }
    let (kind, text) = match keyword {
        "INSERT" => (Dml::Insert, format!("INSERT INTO {name} {}", rewriter.span(after, end)?)),
        "UPDATE" => (Dml::Update, format!("UPDATE {name} {}", rewriter.span(after, end)?)),
        "DELETE" => (Dml::Delete, format!("DELETE FROM {name} {}", rewriter.span(after, end)?)),
        _ => (Dml::Merge, format!("MERGE INTO {name} {}", merge(rewriter, after, end)?)),
    };
    let sql = finish(&text, first)?;
    // `INSERT ROW` inserts all columns of the source in order. DuckDB calls this INSERT BY POSITION.
    let sql =
        if kind == Dml::Merge { sql.replace("THEN INSERT ROW", "THEN INSERT BY POSITION") } else { sql };
    Ok(Statement::Dml { kind, sql, target, tables: std::mem::take(&mut rewriter.tables) })
}

/// The text after the target of a MERGE, in DuckDB's syntax. The source after USING is a table or a query.
fn merge(rewriter: &mut Rewriter<'_>, after: usize, end: usize) -> Result<String, WarehouseError> {
    let using = (after..end).find(|index| rewriter.is(*index, "USING"));
    let Some(using) = using else {
        return Err(syntax_error("MERGE without USING", rewriter.token(0).and_then(location)));
    };
    let alias = rewriter.span(after, using)?;
    let (source, next) = if rewriter.is_symbol(using + 1, "(") {
        let next = rewriter.after(using + 1);
        (rewriter.span(using + 1, next)?, next)
    } else {
        rewriter.table(using + 1)?
    };
    let rest = rewriter.span(next, end)?;
    Ok(format!("{alias} USING {source} {rest}"))
}

fn create(rewriter: &mut Rewriter<'_>) -> Result<Statement, WarehouseError> {
    let mut index = 1;
    let mut on_existing = OnExisting::Refuse;
    if rewriter.is(index, "OR") && rewriter.is(index + 1, "REPLACE") {
        on_existing = OnExisting::Replace;
        index += 2;
    }
    let external = rewriter.is(index, "EXTERNAL");
    if external || rewriter.is(index, "MATERIALIZED") {
        index += 1;
    }
    let what = rewriter.token(index).and_then(Token::name).map(str::to_uppercase).unwrap_or_default();
    if !matches!(what.as_str(), "TABLE" | "VIEW" | "SCHEMA") {
        return Err(invalid(
            &format!("CREATE {what} is not supported by the embedded warehouse"),
            rewriter.token(index).and_then(location),
            Some("TABLE, EXTERNAL TABLE, VIEW and SCHEMA are"),
        ));
    }
    index += 1;
    if rewriter.is(index, "IF") && rewriter.is(index + 1, "NOT") && rewriter.is(index + 2, "EXISTS") {
        on_existing = OnExisting::Keep;
        index += 3;
    }
    if what == "SCHEMA" {
        let (dataset, end) = schema(rewriter, index)?;
        let parts = ddl::parts(rewriter, end)?;
        return Ok(Statement::CreateSchema { dataset, on_existing, options: parts.options });
    }
    let (table, end) = named(rewriter, index)?;
    if what == "VIEW" {
        return view(rewriter, table, on_existing, end);
    }
    let parts = ddl::parts(rewriter, end)?;
    if external {
        let columns = parts.columns.unwrap_or_default();
        return Ok(Statement::CreateExternal { table, on_existing, columns, options: parts.options });
    }
    create_table(rewriter, table, on_existing, parts)
}

fn create_table(
    rewriter: &mut Rewriter<'_>,
    table: TableReference,
    on_existing: OnExisting,
    parts: TableParts,
) -> Result<Statement, WarehouseError> {
    let query = parts.query_at.map(|at| translated(rewriter, at)).transpose()?;
    let source = match parts.source_at {
        Some((at, rows)) => {
            let (source, end) = named(rewriter, at)?;
            ended(rewriter, end)?;
            rewriter.tables.push(source.clone());
            Some((source, rows))
        }
        None => None,
    };
    if query.is_none() && source.is_none() && parts.columns.is_none() {
        return Err(syntax_error(
            "CREATE TABLE needs columns or a query",
            rewriter.token(0).and_then(location),
        ));
    }
    let mut columns = parts.columns;
    for column in columns.iter_mut().flatten() {
        column.default = column.default.take().map(|default| expression(&default)).transpose()?;
    }
    Ok(Statement::CreateTable(CreateTable {
        table,
        on_existing,
        columns,
        query,
        tables: std::mem::take(&mut rewriter.tables),
        source,
        partition_by: parts.partition_by,
        cluster_by: parts.cluster_by,
        options: parts.options,
    }))
}

/// Translates the query that begins at `at` to DuckDB's syntax.
fn translated(rewriter: &mut Rewriter<'_>, at: usize) -> Result<String, WarehouseError> {
    let text = rewriter.span(at, rewriter.tokens.len())?;
    finish(&text, rewriter.token(at).and_then(location))
}

fn view(
    rewriter: &mut Rewriter<'_>,
    table: TableReference,
    on_existing: OnExisting,
    end: usize,
) -> Result<Statement, WarehouseError> {
    let query_at = (end..rewriter.tokens.len()).find(|index| rewriter.is(*index, "AS"));
    let Some(as_at) = query_at else {
        return Err(syntax_error("CREATE VIEW needs AS and a query", rewriter.token(0).and_then(location)));
    };
    let options_at = (end..as_at).find(|index| rewriter.is(*index, "OPTIONS"));
    let options = options_at.map(|at| ddl::options(rewriter, at + 1)).transpose()?.unwrap_or_default();
    let sql = translated(rewriter, as_at + 1)?;
    let description = options.get("description").and_then(Value::as_str).map(str::to_owned);
    Ok(Statement::CreateView {
        table,
        on_existing,
        sql,
        tables: std::mem::take(&mut rewriter.tables),
        description,
    })
}

/// The dataset named at `index`, and the index after its name.
fn schema(rewriter: &Rewriter<'_>, index: usize) -> Result<(String, usize), WarehouseError> {
    let (parts, taken) = super::names::path(rewriter.tokens.get(index..).unwrap_or_default())?;
    let dataset = parts.last().cloned().unwrap_or_default();
    check_dataset(&dataset, rewriter.token(index).and_then(location))?;
    Ok((dataset, index + taken))
}

fn drop(rewriter: &mut Rewriter<'_>) -> Result<Statement, WarehouseError> {
    let mut index = 1 + usize::from(rewriter.is(1, "EXTERNAL") || rewriter.is(1, "MATERIALIZED"));
    let what = if rewriter.is(1, "EXTERNAL") {
        "DROP_EXTERNAL_TABLE"
    } else if rewriter.is(index, "TABLE") {
        "DROP_TABLE"
    } else if rewriter.is(index, "VIEW") {
        "DROP_VIEW"
    } else if rewriter.is(index, "SCHEMA") {
        "DROP_SCHEMA"
    } else {
        return Err(rewriter
            .token(index)
            .map_or_else(|| syntax_error("Unexpected end of script", None), unexpected));
    };
    index += 1;
    let if_exists = rewriter.is(index, "IF") && rewriter.is(index + 1, "EXISTS");
    index += if if_exists { 2 } else { 0 };
    if what == "DROP_SCHEMA" {
        let (dataset, end) = schema(rewriter, index)?;
        return Ok(Statement::DropSchema { dataset, if_exists, cascade: rewriter.is(end, "CASCADE") });
    }
    let (table, end) = named(rewriter, index)?;
    ended(rewriter, end)?;
    Ok(Statement::DropTable { table, what, if_exists })
}
