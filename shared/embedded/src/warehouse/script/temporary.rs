//! The temporary tables of a script. They are tables of a hidden dataset, which is removed when the script ends.

use super::Script;
use crate::warehouse::catalog::{self, Record};
use crate::warehouse::engine::Engine;
use crate::warehouse::sql::invalid;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::statement::Statement;
use crate::warehouse::sql::syntax::ast::At;
use crate::warehouse::{error, tables};
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use segue_ports::warehouse::WarehouseError;
use segue_ports::{Clock as _, SystemClock};

/// How long the tables of a script that never ended are kept. BigQuery keeps temporary tables as long.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The dataset for the temporary tables of a job. Another delivery of the job has the same dataset.
pub(super) fn dataset(job_id: &str) -> String {
    let own = if job_id.is_empty() { segue_ports::random_name().to_string() } else { job_id.to_owned() };
    let hash: String = Md5::digest(own).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("_script_{hash}")
}

/// Removes the tables of scripts that never ended.
pub(super) fn remove_old(engine: &Engine) -> Result<(), WarehouseError> {
    let oldest = SystemClock.now().checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    for (dataset, began) in catalog::all::<Timestamp>(&engine.connection, Record::Script)? {
        if began < oldest {
            remove(engine, &dataset)?;
        }
    }
    Ok(())
}

/// Removes the temporary tables of a script, if there are any.
pub(super) fn remove(engine: &Engine, dataset: &str) -> Result<(), WarehouseError> {
    if catalog::get::<Timestamp>(&engine.connection, Record::Script, dataset)?.is_none() {
        return Ok(());
    }
    drop_dataset(engine, dataset)
}

/// Removes a hidden dataset and its records.
pub(super) fn drop_dataset(engine: &Engine, dataset: &str) -> Result<(), WarehouseError> {
    let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", quote(dataset));
    engine.connection.execute_batch(&sql).map_err(|failure| error::internal(&failure))?;
    catalog::remove_dataset(&engine.connection, dataset)
}

impl Script<'_> {
    /// Makes the dataset of the first temporary table.
    pub(super) fn before_temporary(&self, statement: &Statement) -> Result<(), WarehouseError> {
        let Statement::CreateTable(create) = statement else { return Ok(()) };
        let dataset = &self.scope.temporary_dataset;
        if !create.is_temporary || tables::dataset_exists(&self.engine.connection, dataset)? {
            return Ok(());
        }
        // The tables of a session end with the session.
        if self.job.session.is_none() {
            catalog::put(&self.engine.connection, Record::Script, dataset, &SystemClock.now())?;
        }
        let sql = format!("CREATE SCHEMA {}", quote(dataset));
        self.engine.connection.execute_batch(&sql).map_err(|failure| error::internal(&failure))
    }

    /// Knows the temporary tables after a statement.
    pub(super) fn after_temporary(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(create) if create.is_temporary => {
                self.scope.temporary_tables.insert(create.table.table.to_lowercase());
            }
            Statement::DropTable { table, .. } if table.dataset == self.scope.temporary_dataset => {
                self.scope.temporary_tables.remove(&table.table.to_lowercase());
            }
            _ => {}
        }
    }

    /// Whether the effect of a recorded statement is still there. Temporary tables are removed when a script fails.
    pub(super) fn is_still_there(&self, statement: &Statement) -> bool {
        match statement {
            Statement::CreateTable(create) if create.is_temporary => {
                self.engine.kind(&create.table).is_ok_and(|kind| kind.is_some())
            }
            _ => true,
        }
    }

    /// Refuses what BigQuery refuses in a transaction.
    pub(super) fn refuse_in_transaction(&self, statement: &Statement, at: At) -> Result<(), WarehouseError> {
        let is_allowed = match statement {
            Statement::Query(_)
            | Statement::Value { .. }
            | Statement::Change(_)
            | Statement::Truncate { .. } => true,
            Statement::CreateTable(create) => create.is_temporary,
            Statement::DropTable { table, .. } => table.dataset == self.scope.temporary_dataset,
            _ => false,
        };
        if is_allowed {
            return Ok(());
        }
        let message = format!("{} is not supported inside a transaction", statement.kind().replace('_', " "));
        Err(invalid(&message, Some(at), Some("move it before BEGIN TRANSACTION or after COMMIT TRANSACTION")))
    }
}
