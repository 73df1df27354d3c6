//! Sessions: temporary tables, temporary functions and variables that live across the jobs of a client.
//!
//! The tables are in a hidden dataset. The record of the session has the rest. A session that nobody uses for 24 hours
//! ends, as in BigQuery.
//!
//! The module must not know how a client asks for a session.

use super::{Script, temporary};
use crate::warehouse::catalog::{self, Record};
use crate::warehouse::engine::Engine;
use crate::warehouse::sql::analyze::{Variable, Variables};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::invalid;
use crate::warehouse::sql::names::{Scope, literal};
use crate::warehouse::sql::routine::Routine;
use crate::warehouse::sql::syntax::ast::{At, Expr};
use crate::warehouse::sql::syntax::script_ast::Span;
use crate::warehouse::tables;
use jiff::{SignedDuration, Timestamp};
use segue_ports::warehouse::{QueryJob, Session, WarehouseError};
use segue_ports::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a session lives after its last job.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The system variables that a session keeps.
const SETTINGS: [&str; 3] = ["@@dataset_id", "@@dataset_project_id", "@@query_label"];

/// The system variables that a session has set. `None`: NULL.
pub(crate) type Settings = BTreeMap<String, Option<String>>;

/// What a session keeps between two jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    used: Timestamp,
    variables: BTreeMap<String, Variable>,
    settings: Settings,
    functions: BTreeMap<String, Routine>,
}

/// The hidden dataset of a session.
fn dataset(id: &str) -> String {
    temporary::dataset(&format!("session {id}"))
}

fn read(engine: &Engine, id: &str) -> Result<Option<State>, WarehouseError> {
    let found: Option<State> = catalog::get(&engine.connection, Record::Session, id)?;
    Ok(found.filter(|state| state.used >= oldest()))
}

fn oldest() -> Timestamp {
    SystemClock.now().checked_sub(KEPT).unwrap_or(Timestamp::MIN)
}

/// Puts the names of a session into the scope of a job, and returns the variables of the session, and those of the system
/// that the session has set.
///
/// # Errors
/// The session has ended, or never began.
pub(crate) fn enter(
    engine: &Engine,
    session: &Session,
    job: &QueryJob,
    scope: &mut Scope,
) -> Result<(Variables, Settings), WarehouseError> {
    let state = read(engine, &session.id)?;
    if state.is_none() && !session.begins {
        let message = format!("Session {} has ended, or never began", session.id);
        return Err(invalid(&message, None, Some("create a session")));
    }
    scope.temporary_dataset = dataset(&session.id);
    if tables::dataset_exists(&engine.connection, &scope.temporary_dataset)? {
        let tables = tables::list(&engine.connection, &scope.temporary_dataset)?;
        scope.temporary_tables = tables.into_iter().map(|info| info.table.to_lowercase()).collect();
    }
    let (mut variables, mut settings) = (Variables::new(), Settings::new());
    if let Some(state) = state {
        scope.functions = state.functions;
        variables.extend(state.variables);
        settings = state.settings;
        for (name, value) in &settings {
            match name.as_str() {
                // The request says more than the session.
                "@@dataset_id" if job.default_dataset.is_some() => continue,
                "@@dataset_id" => scope.dataset.clone_from(value),
                "@@dataset_project_id" => scope.project.clone_from(value),
                _ => {}
            }
            let sql = value.as_deref().map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), literal);
            variables.insert(name.clone(), Variable { ty: DataType::String, sql });
        }
    }
    variables.insert("@@session_id".to_owned(), Variable { ty: DataType::String, sql: literal(&session.id) });
    Ok((variables, settings))
}

/// Removes the sessions that nobody uses any more.
pub(super) fn remove_old(engine: &Engine) -> Result<(), WarehouseError> {
    for (id, state) in catalog::all::<State>(&engine.connection, Record::Session)? {
        if state.used < oldest() {
            end(engine, &id)?;
        }
    }
    Ok(())
}

/// Ends a session, and removes its tables.
fn end(engine: &Engine, id: &str) -> Result<(), WarehouseError> {
    temporary::drop_dataset(engine, &dataset(id))?;
    catalog::remove(&engine.connection, Record::Session, id)
}

impl Script<'_> {
    /// Keeps what the next job of the session needs.
    pub(super) fn leave(&self, session: &Session) -> Result<(), WarehouseError> {
        if self.session_has_ended {
            return Ok(());
        }
        let own = |(name, value): (&String, &Variable)| (name.clone(), value.clone());
        let state = State {
            used: SystemClock.now(),
            variables: self.variables.iter().filter(|(name, _)| !name.starts_with("@@")).map(own).collect(),
            settings: self.settings.clone(),
            functions: self.scope.functions.clone(),
        };
        catalog::put(&self.engine.connection, Record::Session, &session.id, &state)
    }

    /// Remembers a system variable that the session has set.
    pub(super) fn remember(&mut self, name: &str, value: Option<&str>) {
        if SETTINGS.contains(&name) {
            self.settings.insert(name.to_owned(), value.map(str::to_owned));
        }
    }

    /// `CALL BQ.ABORT_SESSION`, with the id of a session or for the session of the job.
    pub(super) fn abort_session(
        &mut self,
        arguments: &[Expr],
        at: At,
        span: Span,
    ) -> Result<(), WarehouseError> {
        let own = self.job.session.as_ref().map(|session| session.id.clone());
        let id = match arguments {
            [] => own.clone(),
            [id] => self.string(id, span)?,
            _ => {
                let message = "BQ.ABORT_SESSION has at most one argument, the id of a session";
                return Err(invalid(message, Some(at), None));
            }
        };
        let Some(id) = id else {
            let message = "BQ.ABORT_SESSION needs the id of a session, because the query is in no session";
            return Err(invalid(message, Some(at), None));
        };
        let is_own = own.as_ref() == Some(&id);
        if !is_own && read(self.engine, &id)?.is_none() {
            let message = format!("Session {id} has ended, or never began");
            return Err(invalid(&message, Some(at), None));
        }
        end(self.engine, &id)?;
        self.session_has_ended |= is_own;
        Ok(())
    }
}
