//! LOAD DATA: declares the files as an external table, and writes its rows to the table.
//!
//! The module must not know the formats of files.

use super::Script;
use crate::warehouse::sql::analyze::{Catalog as _, TableShape};
use crate::warehouse::sql::names::message_name;
use crate::warehouse::sql::statement::{self, Statement};
use crate::warehouse::sql::syntax::ast::At;
use crate::warehouse::sql::syntax::script_ast::Node;
use crate::warehouse::sql::transfer::Load;
use crate::warehouse::sql::{self, invalid};
use crate::warehouse::transfer::{decimals, detect};
use futures::FutureExt as _;
use segue_ports::random_name;
use segue_ports::warehouse::{QueryResult, TableKind, TableReference, WarehouseError};
use std::cell::RefCell;

impl Script<'_> {
    /// Runs LOAD DATA. `is_last`: the statement has the record of the job.
    pub(super) fn load(&mut self, load: &Load, at: At, is_last: bool) -> Result<QueryResult, WarehouseError> {
        let own = match self.job.job_id.as_str() {
            "" => random_name().to_string(),
            id => format!("{}_{}", id.replace(|c: char| !c.is_ascii_alphanumeric(), "_"), self.count),
        };
        let files = TableReference { table: format!("load_{own}"), ..load.table.clone() };
        let files = quoted(&files);
        let loaded = self.load_files(load, &files, is_last);
        // A job that will be tried again reads the files through this declaration.
        if !loaded.as_ref().is_err_and(WarehouseError::is_transient) {
            self.inner(&format!("DROP EXTERNAL TABLE IF EXISTS {files}"), false)?;
        }
        let result = loaded.map_err(|error| match error {
            // The place in a statement that nobody wrote.
            WarehouseError::InvalidQuery { message, hint, .. } => {
                invalid(&message, Some(at), hint.as_deref())
            }
            other => other,
        })?;
        Ok(QueryResult { statement_kind: "LOAD_DATA".to_owned(), ..result })
    }

    fn load_files(&mut self, load: &Load, files: &str, is_last: bool) -> Result<QueryResult, WarehouseError> {
        let known = self.known(&load.table)?;
        let format = load.format();
        let (is_csv, is_parquet) = (format == "CSV", format == "PARQUET");
        let kept = known.filter(|_| !load.overwrites);
        let declared = match (&load.columns, &kept) {
            (Some(columns), _) => Some(columns.clone()),
            (None, Some(shape)) if !is_parquet => {
                let column =
                    |(name, ty): &(String, sql::datatype::DataType)| format!("`{name}` {}", ty.bigquery());
                Some(shape.columns.iter().map(column).collect::<Vec<_>>().join(", "))
            }
            (None, _) => None,
        };
        let list = declared.as_ref().map(|columns| format!(" ({columns})")).unwrap_or_default();
        let options = load.external_options(declared.is_none() && is_csv);
        self.inner(&format!("CREATE OR REPLACE EXTERNAL TABLE {files}{list} OPTIONS({options})"), false)?;
        let mut select = format!("SELECT * FROM {files}");
        if declared.is_none() && is_csv {
            let script = RefCell::new(&mut *self);
            let ask =
                |_: &'static str, sql: String| std::future::ready(script.borrow_mut().inner(&sql, false));
            let detected = detect::select(files, ask).now_or_never();
            select =
                detected.ok_or_else(|| invalid("the types of the files are not known", None, None))??;
        } else if declared.is_none() && is_parquet && kept.is_none() {
            let own = self.inner(&format!("{select} LIMIT 0"), false)?.schema;
            select = decimals::select(files, &own, &[])?;
        }
        let table = quoted(&load.table);
        if kept.is_some() {
            let found = self.inner(&format!("SELECT * FROM ({select}) LIMIT 0"), false)?.schema;
            let names: Vec<String> = found.iter().map(|column| format!("`{}`", column.name)).collect();
            let names = names.join(", ");
            return self
                .inner(&format!("INSERT INTO {table} ({names}) SELECT {names} FROM ({select})"), is_last);
        }
        let list = load.columns.as_ref().map(|columns| format!(" ({columns})")).unwrap_or_default();
        let verb = if load.overwrites { "CREATE OR REPLACE TABLE" } else { "CREATE TABLE" };
        self.inner(&format!("{verb} {table}{list} {} AS {select}", load.clauses), is_last)
    }

    /// The columns of the table. `None` if it does not exist.
    fn known(&self, table: &TableReference) -> Result<Option<TableShape>, WarehouseError> {
        match self.engine.kind(table)? {
            None => Ok(None),
            Some(TableKind::Table) => self.engine.table(table).map(Some),
            Some(kind) => {
                let message =
                    format!("{} is a {kind}, and no rows can be loaded into it", message_name(table));
                Err(WarehouseError::Conflict { message, hint: Some("load another table".into()) })
            }
        }
    }

    /// Runs a statement that is a part of this one.
    fn inner(&mut self, text: &str, is_last: bool) -> Result<QueryResult, WarehouseError> {
        let steps = sql::script(text, &|| self.engine.stop.check())?;
        let statement = match steps.as_slice() {
            [step] => match &step.node {
                Node::Statement(tokens) => statement::parse(tokens, &self.scope)?,
                _ => return Err(invalid("LOAD DATA has a control statement", None, None)),
            },
            _ => return Err(invalid("A clause of LOAD DATA has a statement", None, None)),
        };
        if matches!(statement, Statement::Load(_)) {
            return Err(invalid("LOAD DATA has another LOAD DATA", None, None));
        }
        self.execute(&statement, text, is_last, false, true)
    }
}

/// A table in backticks.
fn quoted(table: &TableReference) -> String {
    format!("`{}`.`{}`", table.dataset, table.table)
}
