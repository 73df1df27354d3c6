//! Runs scripts: statements one after another, variables, control flow, procedures and transactions.
//!
//! The parts are `control` (the steps), `variables`, `calls` (CALL and EXECUTE IMMEDIATE), `load` (LOAD DATA),
//! `failures` (what a handler catches), `temporary` (temporary tables), and `session` (what lives longer than a job).
//!
//! A script that is delivered again after a crash follows the same way: the record of each statement, and of each
//! expression that may change, has the number of the statement in the script. Temporary tables are tables of a hidden
//! dataset, so they are still there.
//!
//! The module must not know how a statement is analyzed and executed. To add a control statement, add a branch in
//! `control`.

mod calls;
mod control;
mod failures;
mod load;
pub(crate) mod session;
mod temporary;
#[cfg(test)]
mod tests;
mod variables;

pub(crate) use variables::system;

use super::catalog;
use super::engine::Engine;
use super::execute::Step;
use super::sql::analyze::{Analyzer, Variables};
use super::sql::lex::Token;
use super::sql::names::Scope;
use super::sql::statement::{self, Statement};
use super::sql::syntax::ast::At;
use super::sql::syntax::script_ast::{self, Span, Step as ScriptStep};
use super::sql::{invalid, syntax_error};
use super::streaming::RowsOut;
use control::Flow;
use segue_ports::warehouse::{QueryJob, QueryResult, ScriptStatement, WarehouseError};

/// The largest number of statements that a result describes. A loop may run more.
const DESCRIBED: usize = 1_000;

/// A running script.
pub(crate) struct Script<'a> {
    engine: &'a Engine,
    job: &'a QueryJob,
    scope: Scope,
    /// The reader of the rows of the last statement.
    rows: Option<&'a RowsOut>,
    variables: Variables,
    /// The variables that each open block declares.
    declared: Vec<Vec<String>>,
    /// The number of statements and expressions so far.
    count: u64,
    /// The statements so far. `None` if there is only one.
    done: Option<Vec<ScriptStatement>>,
    last: QueryResult,
    bytes: u64,
    in_transaction: bool,
    /// The errors that handlers are handling, the innermost last.
    handled: Vec<WarehouseError>,
    /// The message of RAISE, until a handler has it.
    raised: Option<String>,
    /// The number of procedures around the step.
    nested: usize,
    /// The system variables that were set, for the next job of a session.
    settings: session::Settings,
    session_has_ended: bool,
}

/// Whether the steps share variables, control flow or temporary tables.
pub(crate) fn shares(steps: &[ScriptStep]) -> bool {
    let makes_temporary = |tokens: &Vec<Token>| {
        tokens.first().is_some_and(|token| token.is("CREATE"))
            && tokens.iter().take(4).any(|token| token.is("TEMP") || token.is("TEMPORARY"))
    };
    !steps.iter().all(ScriptStep::is_statement)
        || script_ast::statements(steps).into_iter().any(makes_temporary)
}

/// A scope for the first look at a script, where a table without a dataset may be a temporary table.
pub(crate) fn lenient(scope: &Scope) -> Scope {
    let mut own = scope.clone();
    own.dataset.get_or_insert_with(|| own.temporary_dataset.clone());
    own
}

impl<'a> Script<'a> {
    /// A script that has not begun.
    ///
    /// # Errors
    /// The session of the job has ended, or never began.
    pub(crate) fn new(
        engine: &'a Engine,
        job: &'a QueryJob,
        mut scope: Scope,
        rows: Option<&'a RowsOut>,
    ) -> Result<Self, WarehouseError> {
        scope.temporary_dataset = temporary::dataset(&job.job_id);
        let (of_session, settings) = match &job.session {
            Some(session) => session::enter(engine, session, job, &mut scope)?,
            None => (Variables::new(), session::Settings::new()),
        };
        let mut variables = system(job, &scope);
        variables.extend(of_session);
        Ok(Self {
            engine,
            job,
            scope,
            rows,
            variables,
            declared: vec![Vec::new()],
            count: 0,
            done: None,
            last: QueryResult::default(),
            bytes: 0,
            in_transaction: false,
            handled: Vec::new(),
            raised: None,
            nested: 0,
            settings,
            session_has_ended: false,
        })
    }

    /// Runs the steps, and returns the result of the last statement. `statements`: the steps, if all of them are plain
    /// statements that share nothing.
    ///
    /// # Errors
    /// The error of a step that no handler caught. The statements before it keep their effect, and a transaction that is
    /// still open is rolled back.
    pub(crate) fn run(
        mut self,
        steps: &[ScriptStep],
        statements: Option<&[Statement]>,
    ) -> Result<QueryResult, WarehouseError> {
        let is_script = statements.is_none();
        let is_single = self.job.session.is_some() && steps.iter().all(ScriptStep::is_statement);
        if steps.len() > 1 || (is_script && !is_single) {
            self.done = Some(Vec::new());
        }
        if is_script {
            temporary::remove_old(self.engine)?;
            session::remove_old(self.engine)?;
        }
        let mut outcome = match statements {
            Some(statements) => self.plain(steps, statements),
            None => self.top(steps),
        };
        if std::mem::take(&mut self.in_transaction) {
            self.engine.rollback();
            if self.job.session.is_some() && outcome.is_ok() {
                let message = "A transaction that goes on in the next query of the session is not supported by the \
                               embedded warehouse";
                outcome = Err(invalid(message, None, Some("commit in the same query")));
            }
        }
        if let Some(session) = &self.job.session {
            self.leave(session)?;
        } else if is_script {
            // Another delivery of a job that was stopped needs the tables.
            let goes_on = outcome.as_ref().is_err_and(WarehouseError::is_transient);
            if !goes_on {
                temporary::remove(self.engine, &self.scope.temporary_dataset)?;
            }
        }
        outcome?;
        self.finish(is_script)
    }

    fn plain(&mut self, steps: &[ScriptStep], statements: &[Statement]) -> Result<(), WarehouseError> {
        for (index, (step, statement)) in steps.iter().zip(statements).enumerate() {
            let text = self.text(step.span);
            self.run_statement(statement, &text, step.at, index + 1 == steps.len(), false)?;
        }
        Ok(())
    }

    fn top(&mut self, steps: &[ScriptStep]) -> Result<(), WarehouseError> {
        for (index, step) in steps.iter().enumerate() {
            let is_last = index + 1 == steps.len() && step.is_statement();
            match self.step(step, is_last)? {
                Flow::Next => {}
                Flow::Return => return Ok(()),
                Flow::Break(_) | Flow::Continue(_) => {
                    return Err(syntax_error("BREAK and CONTINUE are allowed only in a loop", Some(step.at)));
                }
            }
        }
        Ok(())
    }

    /// The result of the script, with a record.
    fn finish(mut self, is_script: bool) -> Result<QueryResult, WarehouseError> {
        let mut result = std::mem::take(&mut self.last);
        result.bytes_processed = self.bytes;
        if let Some(done) = self.done.take() {
            result.statements = done;
        }
        if !is_script || self.job.job_id.is_empty() {
            return Ok(result);
        }
        result.job_id.clone_from(&self.job.job_id);
        if self.engine.recorded(&self.job.job_id)?.is_none() {
            let rows = serde_json::to_string(&result.rows).unwrap_or_default();
            if rows.len() <= catalog::KEPT_RESULT_BYTES {
                catalog::put_job(&self.engine.connection, &self.job.job_id, &self.job.sql, &result)?;
            }
        }
        catalog::forget_statements(&self.engine.connection, &self.job.job_id)?;
        Ok(result)
    }

    /// The text of a part of the script.
    fn text(&self, span: Span) -> String {
        self.scope.written(span.start, span.end)
    }

    /// Runs a plain statement.
    fn statement(
        &mut self,
        tokens: &[Token],
        span: Span,
        at: At,
        is_last: bool,
    ) -> Result<(), WarehouseError> {
        let statement = statement::parse(tokens, &self.scope)?;
        let text = self.text(span);
        self.run_statement(&statement, &text, at, is_last, false)?;
        Ok(())
    }

    /// Runs a parsed statement. With `as_literals`, its rows are texts in DuckDB's syntax.
    fn run_statement(
        &mut self,
        statement: &Statement,
        text: &str,
        at: At,
        is_last: bool,
        as_literals: bool,
    ) -> Result<QueryResult, WarehouseError> {
        if self.temporary_function(statement, text)? {
            return Ok(self.last.clone());
        }
        if self.in_transaction {
            self.refuse_in_transaction(statement, at)?;
        }
        self.before_temporary(statement)?;
        let result = match statement {
            Statement::Load(load) => self.load(load, at, is_last),
            _ => self.execute(statement, text, is_last, as_literals, true),
        };
        let result = result.map_err(|error| if self.done.is_some() { placed(error, at) } else { error })?;
        self.after_temporary(statement);
        let kind = statement.kind();
        let changed =
            result.affected_rows.filter(|_| ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(&kind));
        self.set_row_count(changed);
        self.describe(text, false, &result);
        self.last = result.clone();
        Ok(result)
    }

    /// Remembers a statement for the result of the script.
    fn describe(&mut self, text: &str, is_expression: bool, result: &QueryResult) {
        let Some(done) = self.done.as_mut().filter(|done| done.len() < DESCRIBED) else { return };
        let result = QueryResult {
            rows: Vec::new(),
            statements: Vec::new(),
            job_id: result.job_id.clone(),
            schema: result.schema.clone(),
            destination_table: result.destination_table.clone(),
            statement_kind: result.statement_kind.clone(),
            ..*result
        };
        done.push(ScriptStatement { sql: text.to_owned(), is_expression, result });
    }

    /// Executes a statement, or answers it from its record. Without `is_recorded` there is no record.
    fn execute(
        &mut self,
        statement: &Statement,
        text: &str,
        is_last: bool,
        as_literals: bool,
        is_recorded: bool,
    ) -> Result<QueryResult, WarehouseError> {
        self.engine.stop.check()?;
        self.count += 1;
        let id = match self.job.job_id.as_str() {
            "" => String::new(),
            _ if !is_recorded => String::new(),
            job if is_last => job.to_owned(),
            job => format!("{job}/{}", self.count),
        };
        let known = self.engine.recorded(&id)?.filter(|_| !is_last);
        if let Some(done) = known.filter(|_| self.is_still_there(statement)) {
            return Ok(done);
        }
        let result = self.engine.statement(&Step {
            statement,
            job: self.job,
            scope: &self.scope,
            id: &id,
            is_last,
            rows: self.rows.filter(|_| is_last),
            variables: &self.variables,
            as_literals,
            in_transaction: self.in_transaction,
            text,
            before: self.done.as_deref(),
        })?;
        self.bytes += result.bytes_processed;
        Ok(result)
    }

    /// Keeps a temporary function. Returns whether the statement was about one.
    fn temporary_function(&mut self, statement: &Statement, text: &str) -> Result<bool, WarehouseError> {
        match statement {
            Statement::CreateFunction(create) if create.is_temporary => {
                let [name] = create.path.as_slice() else {
                    let message = "The name of a temporary function must not have a dataset";
                    return Err(invalid(message, Some(create.at), None));
                };
                let none = Variables::new();
                let routine = Analyzer::new(self.engine, &self.scope, &none).define(create)?;
                self.scope.functions.insert(name.to_lowercase(), routine);
            }
            Statement::DropRoutine { path, .. } => {
                let [name] = path.as_slice() else { return Ok(false) };
                if self.scope.functions.remove(&name.to_lowercase()).is_none() {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
        let kind = statement.kind().to_owned();
        self.last = QueryResult { statement_kind: kind, ..QueryResult::default() };
        let last = self.last.clone();
        self.describe(text, false, &last);
        Ok(true)
    }
}

/// The error of a statement of a script, at the beginning of the statement if it has no better place.
fn placed(error: WarehouseError, (line, column): At) -> WarehouseError {
    match error {
        WarehouseError::InvalidQuery { message, line: None, column: None, hint } => {
            WarehouseError::InvalidQuery { message, line: Some(line), column: Some(column), hint }
        }
        other => other,
    }
}
