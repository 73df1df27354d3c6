//! Executes each kind of statement, inside the transaction that `job.rs` began.
//!
//! To add a statement, add a branch in [`Prepared::of`] and in [`statement`].

use super::catalog::{self, Record};
use super::engine::{Engine, Failure};
use super::error::{self, Context};
use super::rows::written;
use super::sql::analyze::change::Changed;
use super::sql::analyze::{Analyzer, Catalog, Relation, Variables};
use super::sql::datatype::DataType;
use super::sql::names::{Scope, duckdb_name, message_name};
use super::sql::routine::{Procedure, Routine};
use super::sql::statement::Statement;
use super::sql::{invalid, lex, syntax};
use super::streaming::RowsOut;
use super::tables::TableDetails;
use super::{column_types, define, export, ingestion, partitions, result, tables, values};
use duckdb::types::Value as Cell;
use segue_ports::warehouse::{
    Column, CreateDisposition, DmlStats, QueryJob, QueryResult, ScriptStatement, TableKind, TableReference,
    WarehouseError, WriteDisposition,
};
use serde_json::Map;

/// A statement with its names and types found.
pub(crate) struct Prepared {
    /// The tables that the statement reads or changes. They exist.
    pub(crate) reads: Vec<TableReference>,
    pub(crate) content: Content,
}

/// What the analysis of a statement made.
pub(crate) enum Content {
    /// The query of SELECT, CREATE TABLE AS or CREATE VIEW.
    Query(Relation),
    Change(Changed),
    Function(Routine),
    /// The statement needs no analysis.
    Plain,
}

impl Prepared {
    /// Finds the names and types of a statement, with the tables that exist now.
    pub(crate) fn of(
        engine: &Engine,
        statement: &Statement,
        scope: &Scope,
        variables: &Variables,
    ) -> Result<Self, WarehouseError> {
        // What is stored outlives the script, so it sees none of its variables and parameters.
        let none = Variables::new();
        let bare = Scope { parameters: Default::default(), positional: Vec::new(), ..scope.clone() };
        let is_stored = matches!(statement, Statement::CreateView { .. } | Statement::CreateFunction(_));
        let (scope, variables) = if is_stored { (&bare, &none) } else { (scope, variables) };
        let analyzer = Analyzer::new(engine, scope, variables);
        let content = match statement {
            Statement::Query(query) => Content::Query(analyzer.result(query)?),
            Statement::Export(export) => Content::Query(analyzer.result(&export.query)?),
            Statement::Change(change) => Content::Change(analyzer.change(change)?),
            Statement::Value { expr, types, is_list } => {
                Content::Query(analyzer.scripted(expr, types, *is_list)?)
            }
            Statement::CreateFunction(create) => Content::Function(analyzer.define(create)?),
            Statement::CreateTable(create) => match &create.query {
                Some(query) => Content::Query(analyzer.stored(query)?),
                None => Content::Plain,
            },
            Statement::CreateView { query, .. } => {
                let content = Content::Query(analyzer.stored(query)?);
                analyzer.refuse_information(query.at)?;
                content
            }
            _ => Content::Plain,
        };
        let mut reads = analyzer.tables();
        if let Statement::CreateTable(create) = statement
            && let Some((source, rows)) = &create.source
        {
            let kind = tables::require(&engine.connection, source)?;
            if *rows && kind != TableKind::Table {
                let message = format!("{} is no table, so it cannot be copied", message_name(source));
                return Err(super::sql::invalid(&message, None, Some("write CREATE TABLE … AS SELECT")));
            }
            reads.push(source.clone());
        }
        Ok(Self { reads, content })
    }
}

/// An expression of a statement, such as a default value, in DuckDB's syntax.
pub(crate) fn expression(engine: &Engine, written: &str, ty: &DataType) -> Result<String, WarehouseError> {
    let scope = Scope::default();
    let variables = Variables::new();
    let expr = syntax::expression(&lex::lex(written)?)?;
    let plain = ty.plain();
    Ok(Analyzer::new(engine, &scope, &variables).constant_as(&expr, &plain)?.settled().sql)
}

/// One statement of a job.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) job: &'a QueryJob,
    pub(crate) scope: &'a Scope,
    /// The id of the job's record. Empty if the job has no record.
    pub(crate) id: &'a str,
    /// The last statement has the rows and the destination of the job.
    pub(crate) is_last: bool,
    /// The reader of the rows. None if the rows are part of the result.
    pub(crate) rows: Option<&'a RowsOut>,
    pub(crate) variables: &'a Variables,
    /// Whether the rows are texts in DuckDB's syntax, for the variables of a script.
    pub(crate) as_literals: bool,
    /// Whether a script has begun a transaction.
    pub(crate) in_transaction: bool,
    /// The text of the statement.
    pub(crate) text: &'a str,
    /// The statements of the script before this one. None if there is only one statement.
    pub(crate) before: Option<&'a [ScriptStatement]>,
}

impl Step<'_> {
    /// Adds the statements of the script to the result of its last one.
    pub(crate) fn complete(&self, result: &mut QueryResult) {
        let Some(before) = self.before.filter(|_| self.is_last) else { return };
        let own = QueryResult { rows: Vec::new(), statements: Vec::new(), ..result.clone() };
        result.statements = before.to_vec();
        result.statements.push(ScriptStatement {
            sql: self.text.to_owned(),
            is_expression: false,
            result: own,
        });
    }
}

/// An executed statement.
pub(crate) struct Executed {
    pub(crate) result: QueryResult,
    /// Whether the rows in the result are those that the job's record must have. False if they were handed over
    /// and are too large.
    pub(crate) is_whole: bool,
}

/// Executes one statement.
pub(crate) fn statement(engine: &Engine, step: &Step<'_>, prepared: &Prepared) -> Result<Executed, Failure> {
    let Step { statement, job, is_last, rows, .. } = *step;
    let mut is_whole = true;
    let mut outcome = QueryResult { statement_kind: statement.kind().to_owned(), ..QueryResult::default() };
    let relation = match &prepared.content {
        Content::Query(relation) => Some(relation),
        Content::Change(_) | Content::Function(_) | Content::Plain => None,
    };
    match statement {
        Statement::Query(_) | Statement::Value { .. } => {
            let Some(relation) = relation else { return Ok(Executed { result: outcome, is_whole }) };
            match job.destination_table.as_deref().filter(|_| is_last) {
                Some(destination) => into_destination(engine, relation, destination, job, &mut outcome)?,
                None => is_whole = select(engine, relation, step, rows, &mut outcome)?,
            }
        }
        Statement::Export(export) => {
            if let Some(relation) = relation {
                outcome.total_rows = export::export(engine, relation, &export.options, step.id)?;
            }
        }
        // A script makes other statements of it.
        Statement::Load(load) => tables::require_dataset(&engine.connection, &load.table)?,
        Statement::Change(_) => {
            if let Content::Change(changed) = &prepared.content {
                dml(engine, changed, &mut outcome)?;
            }
        }
        Statement::CreateTable(create) => define::create_table(engine, create, relation, &mut outcome)?,
        Statement::CreateExternal { table, on_existing, columns, options } => {
            define::create_external(engine, table, *on_existing, columns, options)?;
        }
        Statement::CreateView { table, on_existing, columns, options, span, .. } => {
            if let Some(relation) = relation {
                let sql = relation.table_sql(columns);
                let written = step.scope.written(span.start, span.end);
                let details = TableDetails {
                    options: options.clone(),
                    view_query: Some(written),
                    column_types: column_types::of_view(relation, columns),
                    ..TableDetails::default()
                };
                define::create_view(engine, table, *on_existing, &sql, &prepared.reads, &details)?;
            }
        }
        Statement::CreateSchema { dataset, on_existing, options } => {
            define::create_schema(engine, dataset, *on_existing, options)?
        }
        Statement::DropTable { table, if_exists, .. } => define::drop_table(engine, table, *if_exists)?,
        Statement::DropSchema { dataset, if_exists, cascade } => {
            define::drop_schema(engine, dataset, *if_exists, *cascade)?
        }
        Statement::Truncate { table } => {
            writable(engine, table)?;
            outcome.affected_rows =
                Some(engine.connection.execute(&format!("DELETE FROM {}", duckdb_name(table)), [])? as u64);
        }
        Statement::Alter { table, if_exists, changes } => define::alter(engine, table, *if_exists, changes)?,
        Statement::CreateFunction(create) => {
            if let Content::Function(routine) = &prepared.content {
                let name = step.scope.table(&create.path, create.at)?;
                define::create_routine(engine, &name, create.on_existing, Record::Function, routine)?;
            }
        }
        Statement::CreateProcedure(create) => {
            let name = step.scope.table(&create.path, create.at)?;
            let body = step.scope.written(create.span.start, create.span.end);
            let own = create.path.last().cloned().unwrap_or_default();
            let procedure = Procedure { name: own, parameters: create.parameters.clone(), body };
            define::create_routine(engine, &name, create.on_existing, Record::Procedure, &procedure)?;
        }
        Statement::DropRoutine { what, path, at, if_exists } => {
            let name = step.scope.table(path, *at)?;
            let record = if *what == "DROP_PROCEDURE" { Record::Procedure } else { Record::Function };
            define::drop_routine(engine, &name, *if_exists, record)?;
        }
    }
    Ok(Executed { result: outcome, is_whole })
}

/// Checks a statement without changing anything.
pub(crate) fn dry_run(
    engine: &Engine,
    statement: &Statement,
    job: &QueryJob,
    scope: &Scope,
    variables: &Variables,
) -> Result<QueryResult, WarehouseError> {
    let mut outcome = QueryResult { statement_kind: statement.kind().to_owned(), ..QueryResult::default() };
    let translated =
        |error: duckdb::Error| error::translate(&error, &Context { script: &job.sql, files: &[] });
    let prepared = Prepared::of(engine, statement, scope, variables)?;
    outcome.bytes_processed = engine.bytes_of(&prepared.reads)?;
    match (&prepared.content, statement) {
        (Content::Query(relation), Statement::Query(_)) => {
            engine.connection.prepare(&relation.sql).map(|_| ()).map_err(translated)?;
            outcome.schema = schema(relation);
        }
        (Content::Change(changed), _) => {
            engine.connection.prepare(&changed.sql).map(|_| ()).map_err(translated)?;
        }
        _ => {}
    }
    Ok(outcome)
}

pub(crate) fn schema(relation: &Relation) -> Vec<Column> {
    relation.columns.iter().map(|column| result::column(&column.name, &column.ty, false, None)).collect()
}

/// Runs a SELECT. Returns whether all requested rows are in the outcome.
fn select(
    engine: &Engine,
    relation: &Relation,
    step: &Step<'_>,
    rows_out: Option<&RowsOut>,
    outcome: &mut QueryResult,
) -> Result<bool, Failure> {
    outcome.schema = schema(relation);
    // The variables of a script need all of their values.
    if step.as_literals && relation.columns.iter().any(|column| column.ty.uncollated() != column.ty) {
        let message = "A variable for a STRING with a collation is not supported by the embedded warehouse";
        return Err(invalid(message, None, Some("take the collation away with COLLATE(text, '')")).into());
    }
    let limit = step.job.max_results.filter(|_| !step.as_literals).unwrap_or(u64::MAX);
    let mut statement = engine.connection.prepare(&relation.sql)?;
    let mut rows = statement.query([])?;
    // From here on the rows are there. DuckDB reports the failures of a query before its first row.
    let mut header = QueryResult { job_id: step.job.job_id.clone(), ..outcome.clone() };
    step.complete(&mut header);
    let mut out = rows_out.map(|out| out.begin(header));
    while let Some(row) = rows.next()? {
        outcome.total_rows += 1;
        if outcome.total_rows.is_multiple_of(1024) {
            engine.stop.check()?;
        }
        if outcome.total_rows > limit {
            continue;
        }
        let mut printed = Map::new();
        for (index, column) in relation.columns.iter().enumerate() {
            let cell: Cell = row.get(index)?;
            if !step.as_literals && has_null_element(&cell) {
                let message =
                    format!("Array cannot have a null element; error in writing field {}", column.name);
                let hint = "leave the NULLs out, for example with ARRAY_AGG(… IGNORE NULLS)";
                return Err(super::sql::invalid(&message, None, Some(hint)).into());
            }
            let value = if step.as_literals {
                serde_json::Value::String(values::literal(&cell, &column.ty))
            } else {
                result::json(&cell, &column.ty)
            };
            printed.insert(column.name.clone(), value);
        }
        match &mut out {
            Some(out) => out.push(printed)?,
            None => outcome.rows.push(printed),
        }
    }
    let Some(out) = out else { return Ok(true) };
    let kept = out.end()?;
    let is_whole = kept.is_some();
    outcome.rows = kept.unwrap_or_default();
    Ok(is_whole)
}

/// Whether a value has an array with a NULL in it. BigQuery has such arrays in expressions, and not in results.
fn has_null_element(cell: &Cell) -> bool {
    match cell {
        Cell::List(items) | Cell::Array(items) => {
            items.iter().any(|item| matches!(item, Cell::Null) || has_null_element(item))
        }
        Cell::Struct(fields) => fields.iter().any(|(_, cell)| has_null_element(cell)),
        _ => false,
    }
}

fn into_destination(
    engine: &Engine,
    relation: &Relation,
    destination: &str,
    job: &QueryJob,
    outcome: &mut QueryResult,
) -> Result<(), Failure> {
    let table = destination_table(job, destination)?;
    tables::require_dataset(&engine.connection, &table)?;
    let there = engine.kind(&table)?.is_some();
    if !there && job.create_disposition == Some(CreateDisposition::CreateNever) {
        tables::require(&engine.connection, &table)?;
    }
    let target = duckdb_name(&table);
    let is_replaced = job.write_disposition == Some(WriteDisposition::WriteTruncate);
    let sql = if there && (!is_replaced || destination.contains('$')) {
        let columns = Catalog::table(engine, &table)?.columns;
        relation.fitted(|_, name| {
            columns.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, ty)| ty.clone())
        })?
    } else {
        relation.table_sql(&[])
    };
    if let Some((_, id)) = destination.trim_matches('`').split_once('$') {
        // A table that does not exist has no partitions.
        writable(engine, &table)?;
        let details: Option<TableDetails> =
            catalog::get(&engine.connection, Record::Table, &catalog::key(&table))?;
        let disposition = job.write_disposition.unwrap_or(WriteDisposition::WriteEmpty);
        let details = details.unwrap_or_default();
        let rows = partitions::write(engine, &table, id, &details, disposition, &sql)?;
        outcome.total_rows = rows;
        outcome.affected_rows = Some(rows);
        outcome.destination_table = Some(table);
        return Ok(());
    }
    let rows = match (there, job.write_disposition.unwrap_or(WriteDisposition::WriteEmpty)) {
        (false, _) => {
            let rows = written(engine, &format!("CREATE TABLE {target} AS {sql}"))?;
            column_types::change(&engine.connection, &table, |known| {
                *known = column_types::of_query(relation)
            })?;
            rows
        }
        (true, WriteDisposition::WriteTruncate) => {
            writable(engine, &table)?;
            let rows = written(engine, &format!("CREATE OR REPLACE TABLE {target} AS {sql}"))?;
            column_types::change(&engine.connection, &table, |known| {
                *known = column_types::of_query(relation)
            })?;
            let known: Option<TableDetails> =
                catalog::get(&engine.connection, Record::Table, &catalog::key(&table))?;
            ingestion::prepare(engine, &table, known.unwrap_or_default().partition_by.as_deref())?;
            rows
        }
        (true, disposition) => {
            writable(engine, &table)?;
            if disposition == WriteDisposition::WriteTruncateData {
                engine.connection.execute(&format!("DELETE FROM {target}"), [])?;
            }
            let filled = disposition == WriteDisposition::WriteEmpty
                && engine.connection.query_row(
                    &format!("SELECT EXISTS (SELECT 1 FROM {target})"),
                    [],
                    |row| row.get(0),
                )?;
            if filled {
                let name = message_name(&table);
                return Err(WarehouseError::AlreadyExists { what: "Table".into(), name }.into());
            }
            written(engine, &format!("INSERT INTO {target} BY NAME {sql}"))?
        }
    };
    outcome.total_rows = rows;
    outcome.affected_rows = Some(rows);
    outcome.destination_table = Some(table);
    Ok(())
}

/// The table that a job writes its rows to, without the partition.
pub(crate) fn destination_table(job: &QueryJob, destination: &str) -> Result<TableReference, WarehouseError> {
    let scope = Scope::new(job.project.clone(), job.default_dataset.as_deref());
    let name = destination.split('$').next().unwrap_or(destination);
    let parts: Vec<String> = name.trim_matches('`').split(['.', ':']).map(str::to_owned).collect();
    scope.table(&parts, (1, 1))
}

/// Refuses to change a view or an external table.
fn writable(engine: &Engine, table: &TableReference) -> Result<(), WarehouseError> {
    match tables::require(&engine.connection, table)? {
        TableKind::Table => Ok(()),
        kind => Err(WarehouseError::Conflict {
            message: format!("{} is a {kind:?} and cannot be changed", message_name(table)),
            hint: Some("change the table it reads".into()),
        }),
    }
}

fn dml(engine: &Engine, change: &Changed, outcome: &mut QueryResult) -> Result<(), Failure> {
    let Changed { sql, target, twice } = change;
    writable(engine, target)?;
    if let Some(twice) = twice {
        let mut statement = engine.connection.prepare(twice)?;
        if statement.query([])?.next()?.is_some() {
            let message = "UPDATE/MERGE must match at most one source row for each target row";
            return Err(
                super::sql::invalid(message, None, Some("remove the duplicates from the source")).into()
            );
        }
    }
    let changed = engine.connection.execute(sql, [])? as u64;
    outcome.affected_rows = Some(changed);
    let inserts_only = !sql.contains("THEN UPDATE") && !sql.contains("THEN DELETE");
    outcome.dml = match outcome.statement_kind.as_str() {
        "INSERT" => Some(DmlStats { inserted: changed, ..DmlStats::default() }),
        "UPDATE" => Some(DmlStats { updated: changed, ..DmlStats::default() }),
        "DELETE" => Some(DmlStats { deleted: changed, ..DmlStats::default() }),
        _ => inserts_only.then_some(DmlStats { inserted: changed, ..DmlStats::default() }),
    };
    Ok(())
}
