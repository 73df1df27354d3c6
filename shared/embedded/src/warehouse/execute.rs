//! Executes each kind of statement, inside the transaction that `job.rs` began.
//!
//! To add a statement, add a branch in [`statement`].

use super::engine::{Engine, Failure};
use super::error::{self, Context};
use super::rows::{settle_types, written};
use super::sql::datatype::DataType;
use super::sql::names::{Scope, duckdb_name, message_name};
use super::sql::statement::{Dml, Statement};
use super::streaming::RowsOut;
use super::{define, result, tables};
use duckdb::types::Value as Cell;
use segue_ports::warehouse::{
    CreateDisposition, DmlStats, QueryJob, QueryResult, TableKind, TableReference, WarehouseError,
    WriteDisposition,
};
use serde_json::Map;

/// One statement of a job.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) job: &'a QueryJob,
    /// The id of the job's record. Empty if the job has no record.
    pub(crate) id: &'a str,
    /// The last statement has the rows and the destination of the job.
    pub(crate) is_last: bool,
    /// The reader of the rows. None if the rows are part of the result.
    pub(crate) rows: Option<&'a RowsOut>,
}

/// An executed statement.
pub(crate) struct Executed {
    pub(crate) result: QueryResult,
    /// Whether the rows in the result are those that the job's record must have. False if they were handed over
    /// and are too large.
    pub(crate) is_whole: bool,
}

/// Executes one statement.
pub(crate) fn statement(engine: &Engine, step: &Step<'_>) -> Result<Executed, Failure> {
    let Step { statement, job, is_last, rows, .. } = *step;
    let mut is_whole = true;
    let mut outcome = QueryResult { statement_kind: statement.kind().to_owned(), ..QueryResult::default() };
    match statement {
        Statement::Query { sql, .. } => match job.destination_table.as_deref().filter(|_| is_last) {
            Some(destination) => into_destination(engine, sql, destination, job, &mut outcome)?,
            None => is_whole = select(engine, sql, job, rows, &mut outcome)?,
        },
        Statement::Dml { kind, sql, target, .. } => dml(engine, *kind, sql, target, &mut outcome)?,
        Statement::CreateTable(create) => define::create_table(engine, create, &mut outcome)?,
        Statement::CreateExternal { table, on_existing, columns, options } => {
            define::create_external(engine, table, *on_existing, columns, options)?;
        }
        Statement::CreateView { table, on_existing, sql, tables, description } => {
            define::create_view(engine, table, *on_existing, sql, tables, description.as_deref())?;
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
    }
    Ok(Executed { result: outcome, is_whole })
}

/// Checks a statement without changing anything.
pub(crate) fn dry_run(
    engine: &Engine,
    statement: &Statement,
    job: &QueryJob,
) -> Result<QueryResult, WarehouseError> {
    let mut outcome = QueryResult { statement_kind: statement.kind().to_owned(), ..QueryResult::default() };
    for table in statement.reads() {
        tables::require(&engine.connection, table)?;
    }
    let translated =
        |error: duckdb::Error| error::translate(&error, &Context { script: &job.sql, files: &[] });
    match statement {
        Statement::Query { sql, .. } => {
            let columns = describe(engine, sql).map_err(translated)?;
            outcome.schema =
                columns.iter().map(|(name, own)| result::column(name, own, false, None)).collect();
        }
        Statement::Dml { sql, .. } => {
            engine.connection.prepare(sql).map(|_| ()).map_err(translated)?;
        }
        _ => {}
    }
    Ok(outcome)
}

fn describe(engine: &Engine, sql: &str) -> duckdb::Result<Vec<(String, DataType)>> {
    let mut statement = engine.connection.prepare(&format!("DESCRIBE {sql}"))?;
    let rows = statement.query_map([], |row| {
        let (name, data_type): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((name, DataType::from_duckdb(&data_type)))
    })?;
    rows.collect()
}

/// Runs a SELECT. Returns whether all requested rows are in the outcome.
fn select(
    engine: &Engine,
    sql: &str,
    job: &QueryJob,
    rows_out: Option<&RowsOut>,
    outcome: &mut QueryResult,
) -> Result<bool, Failure> {
    let columns = describe(engine, sql)?;
    outcome.schema = columns.iter().map(|(name, own)| result::column(name, own, false, None)).collect();
    let limit = job.max_results.unwrap_or(u64::MAX);
    let mut statement = engine.connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    // From here on the rows are there. DuckDB reports the failures of a query before its first row.
    let header = QueryResult { job_id: job.job_id.clone(), ..outcome.clone() };
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
        for (index, (name, data_type)) in columns.iter().enumerate() {
            let cell: Cell = row.get(index)?;
            printed.insert(name.clone(), result::json(&cell, data_type));
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

fn into_destination(
    engine: &Engine,
    sql: &str,
    destination: &str,
    job: &QueryJob,
    outcome: &mut QueryResult,
) -> Result<(), Failure> {
    let scope = Scope::new(job.project.clone(), job.default_dataset.as_deref());
    let name = destination.split('$').next().unwrap_or(destination);
    let parts: Vec<String> = name.trim_matches('`').split(['.', ':']).map(str::to_owned).collect();
    let table = scope.table(&parts, (1, 1))?;
    tables::require_dataset(&engine.connection, &table)?;
    let there = engine.kind(&table)?.is_some();
    if !there && job.create_disposition == Some(CreateDisposition::CreateNever) {
        tables::require(&engine.connection, &table)?;
    }
    let target = duckdb_name(&table);
    let rows = match (there, job.write_disposition.unwrap_or(WriteDisposition::WriteEmpty)) {
        (false, _) => written(engine, &format!("CREATE TABLE {target} AS {sql}"))?,
        (true, WriteDisposition::WriteTruncate) => {
            writable(engine, &table)?;
            written(engine, &format!("CREATE OR REPLACE TABLE {target} AS {sql}"))?
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
    settle_types(engine, &table)?;
    outcome.total_rows = rows;
    outcome.affected_rows = Some(rows);
    outcome.destination_table = Some(table);
    Ok(())
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

fn dml(
    engine: &Engine,
    kind: Dml,
    sql: &str,
    target: &TableReference,
    outcome: &mut QueryResult,
) -> Result<(), Failure> {
    writable(engine, target)?;
    let changed = engine.connection.execute(sql, [])? as u64;
    outcome.affected_rows = Some(changed);
    let inserts_only = !sql.contains("THEN UPDATE") && !sql.contains("THEN DELETE");
    outcome.dml = match kind {
        Dml::Insert => Some(DmlStats { inserted: changed, ..DmlStats::default() }),
        Dml::Update => Some(DmlStats { updated: changed, ..DmlStats::default() }),
        Dml::Delete => Some(DmlStats { deleted: changed, ..DmlStats::default() }),
        Dml::Merge => inserts_only.then_some(DmlStats { inserted: changed, ..DmlStats::default() }),
    };
    Ok(())
}
