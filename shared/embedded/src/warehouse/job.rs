//! Runs a job on a connection, statement by statement. Each statement is one transaction together with the record that
//! the statement is done.
//!
//! The module must not know how SQL is translated, or how files are read. `execute.rs` executes the kinds of
//! statements.

use super::catalog::{self, KEPT_RESULT_BYTES, Record};
use super::engine::{Engine, Failure};
use super::error::{self, Context};
use super::execute::{Content, Executed, Prepared, Step};
use super::external::{Care, ExternalTable};
use super::script::{self, Script};
use super::source_file::SourceFile;
use super::sql::analyze::Variables;
use super::sql::names::{Scope, duckdb_name};
use super::sql::statement::Statement;
use super::sql::syntax::script_ast::Step as ScriptStep;
use super::streaming::RowsOut;
use super::{execute, sql, tables};
use segue_ports::warehouse::{QueryJob, QueryResult, TableReference, WarehouseError};
use std::collections::BTreeSet;

/// A job with parsed statements.
pub(crate) struct Planned {
    job: QueryJob,
    scope: Scope,
    steps: Vec<ScriptStep>,
    /// The steps, if they are plain statements that share no variables, temporary tables and control flow.
    statements: Option<Vec<Statement>>,
    /// The variables at the beginning.
    system: Variables,
    changes: bool,
}

impl Planned {
    /// Whether the job changes anything. A job that reads an external table changes the view of the table, which is
    /// renewed before each read.
    pub(crate) fn changes(&self) -> bool {
        self.changes
    }
}

/// BigQuery's kind of a job with several statements.
const SCRIPT: &str = "SCRIPT";

/// How a statement is executed. The first attempt is the fast one.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    care: Care,
    widen: bool,
    skip_bad: bool,
}

impl Engine {
    /// Parses the statements of a job, and finds out whether they change anything.
    pub(crate) fn plan(&self, job: QueryJob) -> Result<Planned, WarehouseError> {
        let mut scope = Scope::new(job.project.clone(), job.default_dataset.as_deref());
        scope.parameters.clone_from(&job.parameters);
        scope.positional.clone_from(&job.positional);
        scope.text = job.sql.as_str().into();
        let steps = sql::script(&job.sql, &|| self.stop.check())?;
        let shares = script::shares(&steps);
        // The statements of a session use what earlier jobs have left.
        let is_script = shares || job.session.is_some();
        let mut system = script::system(&job, &scope);
        if let Some(session) = &job.session {
            system.extend(script::session::enter(self, session, &job, &mut scope)?.0);
        }
        // The names of temporary tables mean nothing before they are made.
        let checked = if is_script { script::lenient(&scope) } else { scope.clone() };
        let statements = sql::statements(&steps, &checked, &|| self.stop.check())?;
        if shares && job.destination_table.is_some() {
            let message = "configuration.query.destinationTable cannot be set for scripts";
            return Err(sql::invalid(message, None, Some("write CREATE TABLE … AS in the script")));
        }
        let mut changes = !job.dry_run
            && (is_script
                || job.destination_table.is_some()
                || statements.iter().any(|statement| !matches!(statement, Statement::Query(_))));
        // An external table is read through a view, which is renewed before. A job that is done reads nothing, and its
        // tables may be gone.
        let is_done = changes || job.dry_run || self.recorded(&job.job_id)?.is_some();
        for statement in statements.iter().filter(|_| !is_done) {
            let reads = Prepared::of(self, statement, &scope, &system)?.reads;
            changes = changes || !self.externals(&reads)?.is_empty();
        }
        let is_plain = if job.dry_run { !shares } else { !is_script };
        Ok(Planned { job, scope, steps, statements: is_plain.then_some(statements), system, changes })
    }

    /// Runs a job, or answers it from its record. Rows of the last statement go to `rows`, if there is one. Rows from a
    /// record are in the result.
    pub(crate) fn run(
        &self,
        planned: &Planned,
        rows: Option<&RowsOut>,
    ) -> Result<QueryResult, WarehouseError> {
        let Planned { job, scope, steps, statements, .. } = planned;
        if let Some(result) = self.recorded(&job.job_id)? {
            return Ok(result);
        }
        let mut result = if job.dry_run {
            self.dry_run(planned)?
        } else {
            Script::new(self, job, scope.clone(), rows)?.run(steps, statements.as_deref())?
        };
        result.job_id.clone_from(&job.job_id);
        Ok(result)
    }

    fn dry_run(&self, planned: &Planned) -> Result<QueryResult, WarehouseError> {
        let Planned { job, scope, statements, system, .. } = planned;
        let Some(statements) = statements else {
            return Ok(QueryResult { statement_kind: SCRIPT.to_owned(), ..QueryResult::default() });
        };
        let mut result = QueryResult::default();
        for statement in statements {
            self.stop.check()?;
            let before = result.bytes_processed;
            result = execute::dry_run(self, statement, job, scope, system)?;
            result.bytes_processed = result.bytes_processed.saturating_add(before);
        }
        if statements.len() > 1 {
            SCRIPT.clone_into(&mut result.statement_kind);
        }
        Ok(result)
    }

    /// The recorded result of a job that has succeeded. The text of the script is not compared: a later delivery may
    /// render another text, for example another `uuid()`.
    pub(super) fn recorded(&self, id: &str) -> Result<Option<QueryResult>, WarehouseError> {
        if id.is_empty() {
            return Ok(None);
        }
        let recorded = catalog::job(&self.connection, id)?;
        Ok(recorded.map(|result| QueryResult { from_record: true, ..result }))
    }

    /// Runs one statement with the fast conversion. If DuckDB refuses a value, runs the statement again with the full
    /// conversion.
    pub(super) fn statement(&self, step: &Step<'_>) -> Result<QueryResult, WarehouseError> {
        let Step { job, .. } = *step;
        if step.in_transaction {
            return self.in_transaction(step);
        }
        let mut attempt = Attempt { care: Care::Fast, widen: false, skip_bad: false };
        loop {
            self.stop.check()?;
            let mut files = Vec::new();
            let mut reads = Vec::new();
            let outcome = self.attempt(step, attempt, &mut files, &mut reads);
            let failure = match outcome {
                Ok(result) => return Ok(result),
                Err(Failure::Said(error)) => return Err(error),
                Err(Failure::Engine(error)) => error,
            };
            let text = error::text(&failure);
            let unreadable = text.contains("CSV Error")
                || text.contains("maximum_line_size")
                || text.contains("max_line_size");
            let is_final = step.rows.is_some_and(RowsOut::has_begun);
            let narrow = text.contains("DECIMAL(18,9)") || text.contains("value is out of range");
            if is_final {
                let context = Context { script: &job.sql, files: &files };
                return Err(self.locate(error::translate(&failure, &context), &files));
            } else if attempt.care == Care::Fast && !files.is_empty() && (unreadable || narrow) {
                attempt.care = Care::Full;
            } else if narrow && !attempt.widen {
                attempt.widen = true;
            } else if !attempt.skip_bad && unreadable && self.tolerant(&reads)? {
                attempt.skip_bad = true;
            } else {
                return Err(self.locate(
                    error::translate(&failure, &Context { script: &job.sql, files: &files }),
                    &files,
                ));
            }
        }
    }

    /// Runs a statement inside the transaction of a script. After a failure, DuckDB accepts nothing more in the
    /// transaction, so there is one attempt, with the full conversion.
    fn in_transaction(&self, step: &Step<'_>) -> Result<QueryResult, WarehouseError> {
        let (mut files, mut reads) = (Vec::new(), Vec::new());
        let attempt = Attempt { care: Care::Full, widen: true, skip_bad: false };
        self.inside(step, attempt, &mut files, &mut reads).map_err(|failure| match failure {
            Failure::Said(error) => error,
            Failure::Engine(error) => {
                let context = Context { script: &step.job.sql, files: &files };
                self.locate(error::translate(&error, &context), &files)
            }
        })
    }

    fn attempt(
        &self,
        step: &Step<'_>,
        attempt: Attempt,
        files: &mut Vec<SourceFile>,
        reads: &mut Vec<TableReference>,
    ) -> Result<QueryResult, Failure> {
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        let outcome = self.inside(step, attempt, files, reads);
        match outcome {
            Ok(result) => match self.connection.execute_batch("COMMIT") {
                Ok(()) => Ok(result),
                Err(error) => {
                    self.rollback();
                    Err(error.into())
                }
            },
            Err(failure) => {
                self.rollback();
                Err(failure)
            }
        }
    }

    fn inside(
        &self,
        step: &Step<'_>,
        attempt: Attempt,
        files: &mut Vec<SourceFile>,
        reads: &mut Vec<TableReference>,
    ) -> Result<QueryResult, Failure> {
        let Step { statement, job, scope, id, .. } = *step;
        let prepared = Prepared::of(self, statement, scope, step.variables)?;
        reads.clone_from(&prepared.reads);
        let bytes = self.refresh(&prepared.reads, attempt, files)?;
        if attempt.widen {
            let target = match (&prepared.content, &job.destination_table) {
                (Content::Change(changed), _) => Some(changed.target.clone()),
                (Content::Query(_), Some(destination)) if step.is_last => {
                    Some(execute::destination_table(job, destination)?)
                }
                _ => None,
            };
            if let Some(target) = target {
                self.widen(&target)?;
            }
        }
        let Executed { mut result, is_whole } = execute::statement(self, step, &prepared)?;
        result.job_id = id.to_owned();
        result.bytes_processed = bytes;
        step.complete(&mut result);
        if is_whole
            && !id.is_empty()
            && serde_json::to_string(&result.rows).is_ok_and(|rows| rows.len() <= KEPT_RESULT_BYTES)
        {
            catalog::put_job(&self.connection, id, &job.sql, &result)?;
        }
        Ok(result)
    }

    /// Makes the columns of NUMERIC wide enough for each NUMERIC.
    fn widen(&self, table: &TableReference) -> Result<(), Failure> {
        for column in tables::narrow_columns(&self.connection, table)? {
            let (table, column) = (duckdb_name(table), sql::names::quote(&column));
            let wide = sql::datatype::WIDE_NUMERIC;
            self.connection
                .execute_batch(&format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {wide}"))?;
        }
        Ok(())
    }

    pub(super) fn rollback(&self) {
        // After an error inside a transaction, DuckDB may have ended the transaction already.
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::debug!(%error, "rollback had nothing to do");
        }
    }

    /// Makes the views of external tables read the files that match now. Returns the size of the files in bytes.
    fn refresh(
        &self,
        reads: &[TableReference],
        attempt: Attempt,
        files: &mut Vec<SourceFile>,
    ) -> Result<u64, Failure> {
        let mut bytes = 0u64;
        for (table, external) in self.externals(reads)? {
            if let Some(source) = &self.source {
                external.uris().iter().try_for_each(|uri| source.fetch(uri))?;
            }
            let own = external.files(&self.object_root)?;
            self.require_known_fields(&external, &own)?;
            self.require_short_numbers(&external, &own)?;
            let query = external.query(&own, attempt.care, attempt.skip_bad);
            bytes +=
                own.iter().filter_map(|file| file.path.metadata().ok()).map(|data| data.len()).sum::<u64>();
            files.extend(own);
            self.connection
                .execute_batch(&format!("CREATE OR REPLACE VIEW {} AS {query}", duckdb_name(&table)))?;
        }
        Ok(bytes)
    }

    /// Refuses JSON files with fields that are not declared. DuckDB's reader leaves out such fields.
    fn require_known_fields(&self, external: &ExternalTable, files: &[SourceFile]) -> Result<(), Failure> {
        for (uri, sql) in external.structures(files) {
            // The structure of a file without rows is NULL. The reader reports a file that is no JSON.
            let found = self.connection.query_row(&sql, [], |row| row.get::<_, Option<String>>(0));
            let Some(name) = found.ok().flatten().and_then(|found| external.unknown_field(&found)) else {
                continue;
            };
            return Err(WarehouseError::BadData {
                file: Some(uri),
                row: None,
                message: format!("No such field: {name}."),
                hint: Some("add the field to the schema, or set ignore_unknown_values".into()),
            }
            .into());
        }
        Ok(())
    }

    /// Refuses JSON files with numbers that would lose digits.
    fn require_short_numbers(&self, external: &ExternalTable, files: &[SourceFile]) -> Result<(), Failure> {
        for (uri, sql) in external.long_numbers(files) {
            // The reader reports a file that is no JSON.
            let found = self.connection.query_row(&sql, [], |row| row.get::<_, Option<String>>(0));
            let Some(number) = found.ok().flatten() else { continue };
            return Err(WarehouseError::BadData {
                file: Some(uri),
                row: None,
                message: format!("The embedded warehouse cannot read all digits of the number {number}."),
                hint: Some("write the number as a text, in quotes".into()),
            }
            .into());
        }
        Ok(())
    }

    /// The external tables among `reads`, and the external tables that views among `reads` use.
    fn externals(
        &self,
        reads: &[TableReference],
    ) -> Result<Vec<(TableReference, ExternalTable)>, WarehouseError> {
        let sources = self.sources(reads)?.into_iter();
        Ok(sources.filter_map(|(table, external)| Some((table, external?))).collect())
    }

    /// The tables among `reads`, and those that views among `reads` use, each once. With an external table stands its
    /// description.
    fn sources(
        &self,
        reads: &[TableReference],
    ) -> Result<Vec<(TableReference, Option<ExternalTable>)>, WarehouseError> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<TableReference> = reads.to_vec();
        while let Some(table) = open.pop() {
            let key = catalog::key(&table);
            if !seen.insert(key.clone()) {
                continue;
            }
            if let Some(external) = catalog::get(&self.connection, Record::External, &key)? {
                found.push((table, Some(external)));
            } else if let Some(used) =
                catalog::get::<Vec<TableReference>>(&self.connection, Record::View, &key)?
            {
                open.extend(used);
            } else {
                found.push((table, None));
            }
        }
        Ok(found)
    }

    /// The bytes of what a statement reads: files of external tables, and tables by BigQuery's logical sizes.
    pub(crate) fn bytes_of(&self, reads: &[TableReference]) -> Result<u64, WarehouseError> {
        let mut bytes = 0u64;
        for (table, external) in self.sources(reads)? {
            let read = if let Some(external) = external {
                let files = external.files(&self.object_root).unwrap_or_default();
                files.iter().filter_map(|file| file.path.metadata().ok()).map(|data| data.len()).sum()
            } else {
                let info = tables::describe(&self.connection, &table.dataset, &table.table);
                info.ok().and_then(|info| info.bytes).unwrap_or_default()
            };
            bytes = bytes.saturating_add(read);
        }
        Ok(bytes)
    }

    fn tolerant(&self, reads: &[TableReference]) -> Result<bool, WarehouseError> {
        Ok(self.externals(reads)?.iter().any(|(_, external)| external.tolerates_bad_rows()))
    }

    /// Adds the number of the row to an error about a value. Searches the files for the value.
    fn locate(&self, error: WarehouseError, files: &[SourceFile]) -> WarehouseError {
        let WarehouseError::BadData { file, row: None, message, hint } = error else { return error };
        let value = message.split('\'').nth(1).unwrap_or_default().to_owned();
        for source in files {
            let found = source.open().ok().and_then(|lines| {
                use std::io::BufRead as _;
                lines
                    .split(b'\n')
                    .map_while(Result::ok)
                    .position(|line| !value.is_empty() && String::from_utf8_lossy(&line).contains(&value))
            });
            if let Some(row) = found.and_then(|index| u64::try_from(index + 1).ok()) {
                return WarehouseError::BadData {
                    file: Some(source.uri.clone()),
                    row: Some(row),
                    message,
                    hint,
                };
            }
        }
        WarehouseError::BadData { file, row: None, message, hint }
    }
}
