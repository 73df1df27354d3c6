//! The state store on SQLite.
//!
//! What it is: [`SqliteStateStore`], which turns each request into one transaction. Each kind of record has one file
//! with functions. They take a connection and plain values, and return plain values.
//!
//! What it must not know: what the engine's notes mean, when a timer should be set, or which execution may have a
//! permit. Only the order of requests decides who gets a free permit.
//!
//! How to add one more kind of record: add a table to `database/schema.sql`, a file here, and a method to the port.

mod backfills;
mod claims;
mod codec;
mod ended;
mod executions;
mod flows;
mod kv;
mod log_search;
mod logs;
mod newest;
mod permits;
mod rows;
mod search;
mod timers;
mod triggers;

#[cfg(test)]
mod tests;

use crate::database::{Database, DbError};
use async_trait::async_trait;
use codec::encode;
use jiff::Timestamp;
use permits::Lane;
use rows::{CommitRows, LogRow, NewRows};
use rusqlite::Connection;
use segue_model::backfill::Backfill;
use segue_model::event::TaskRunResult;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::PortError;
use segue_ports::ended::{Ended, EndedFilter};
use segue_ports::kv::{KvEntry, KvWrite};
use segue_ports::log_line::{FoundLines, LineFilter, LineIndex, LinesAt, NumberedLine};
use segue_ports::schedule::{BackfillFilter, ScheduleStore, TriggerFilter, Versioned};
use segue_ports::state::{
    Claim, Commit, ExecutionFilter, ExecutionSince, FlowName, LogFilter, LogPage, Permit, StateStore,
    StoredExecution, StoredFlow, Timer,
};
use segue_ports::wire::AttemptKey;
use std::path::Path;

const PORT: &str = "state store";

/// The state store in a SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStateStore {
    database: Database,
}

impl SqliteStateStore {
    /// The state store in an open database. The bus can use the same database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Opens the state store in the file at `path`. Creates the file if it does not exist.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Ok(Self::new(Database::open(path)?))
    }

    /// A state store in memory. Its data is lost when the last handle is dropped.
    ///
    /// # Errors
    /// As [`Database::in_memory`].
    pub fn in_memory() -> Result<Self, PortError> {
        Ok(Self::new(Database::in_memory()?))
    }

    async fn write<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.database.write(work).await.map_err(|error| error.at(PORT))
    }

    async fn read<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.database.read(work).await.map_err(|error| error.at(PORT))
    }

    async fn scan<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.database.scan(work).await.map_err(|error| error.at(PORT))
    }
}

fn lane(namespace: &str, flow_id: &str) -> Lane {
    Lane { namespace: namespace.to_owned(), flow_id: flow_id.to_owned() }
}

#[async_trait]
impl StateStore for SqliteStateStore {
    async fn check(&self, _now: Timestamp) -> Result<(), PortError> {
        self.database.check().await.map_err(|error| error.at(PORT))
    }

    async fn put_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError> {
        let (namespace, id, source) = (namespace.to_owned(), id.to_owned(), source.to_owned());
        self.write(move |connection| flows::put(connection, &namespace, &id, &source, now)).await
    }

    async fn replace_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        expected: u32,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError> {
        let (namespace, id, source) = (namespace.to_owned(), id.to_owned(), source.to_owned());
        self.write(move |connection| flows::replace(connection, &namespace, &id, (&source, expected), now))
            .await
    }

    async fn flow(
        &self,
        namespace: &str,
        id: &str,
        revision: Option<u32>,
    ) -> Result<Option<StoredFlow>, PortError> {
        let (namespace, id) = (namespace.to_owned(), id.to_owned());
        self.read(move |connection| flows::get(connection, &namespace, &id, revision)).await
    }

    async fn flows(&self, namespace: Option<&str>) -> Result<Vec<StoredFlow>, PortError> {
        let namespace = namespace.map(str::to_owned);
        self.scan(move |connection| flows::list(connection, namespace.as_deref())).await
    }

    async fn flows_mark(&self) -> Result<Option<u64>, PortError> {
        self.scan(flows::mark).await.map(Some)
    }

    async fn flow_revisions(&self, namespace: &str, id: &str) -> Result<Vec<StoredFlow>, PortError> {
        let (namespace, id) = (namespace.to_owned(), id.to_owned());
        self.scan(move |connection| flows::revisions(connection, &namespace, &id)).await
    }

    async fn delete_flow_revisions(
        &self,
        namespace: &str,
        id: &str,
        revisions: &[u32],
    ) -> Result<u64, PortError> {
        let (namespace, id, revisions) = (namespace.to_owned(), id.to_owned(), revisions.to_vec());
        self.write(move |connection| flows::remove_revisions(connection, &namespace, &id, &revisions)).await
    }

    async fn delete_flow(&self, namespace: &str, id: &str, now: Timestamp) -> Result<bool, PortError> {
        let (namespace, id) = (namespace.to_owned(), id.to_owned());
        self.write(move |connection| flows::delete(connection, &namespace, &id, now)).await
    }

    async fn create_execution_with(&self, new: &StoredExecution) -> Result<bool, PortError> {
        let rows = NewRows::new(new).map_err(|error| error.at(PORT))?;
        self.write(move |connection| executions::create(connection, &rows)).await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<StoredExecution>, PortError> {
        let id = id.clone();
        self.read(move |connection| executions::load(connection, &id)).await
    }

    async fn execution_since(
        &self,
        id: &ExecutionId,
        since: Option<u64>,
    ) -> Result<Option<ExecutionSince>, PortError> {
        let id = id.clone();
        self.read(move |connection| executions::load_since(connection, &id, since)).await
    }

    async fn executions(&self, filter: &ExecutionFilter) -> Result<Vec<Execution>, PortError> {
        let filter = filter.clone();
        self.scan(move |connection| search::search(connection, &filter)).await
    }

    async fn newest_executions(
        &self,
        flows: &[FlowName],
        most: u32,
    ) -> Result<Vec<Vec<Execution>>, PortError> {
        let flows = flows.to_vec();
        self.scan(move |connection| newest::of_each(connection, &flows, most)).await
    }

    async fn count_executions(&self, filter: &ExecutionFilter) -> Result<u64, PortError> {
        let filter = filter.clone();
        self.scan(move |connection| search::count(connection, &filter)).await
    }

    async fn commit(&self, commit: Commit) -> Result<u64, PortError> {
        let now = commit.now;
        let rows = CommitRows::new(commit).map_err(|error| error.at(PORT))?;
        self.write(move |connection| executions::commit(connection, &rows, now)).await
    }

    async fn delete_execution(&self, id: &ExecutionId) -> Result<bool, PortError> {
        let id = id.clone();
        self.write(move |connection| executions::delete(connection, &id)).await
    }

    async fn claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError> {
        let (key, holder) = (key.clone(), holder.to_owned());
        self.write(move |connection| claims::claim(connection, &key, None, &holder, now, until)).await
    }

    async fn take_claim_over(
        &self,
        key: &AttemptKey,
        from: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError> {
        let (key, from, holder) = (key.clone(), from.to_owned(), holder.to_owned());
        self.write(move |connection| claims::claim(connection, &key, Some(&from), &holder, now, until)).await
    }

    async fn renew_claim(&self, key: &AttemptKey, holder: &str, until: Timestamp) -> Result<bool, PortError> {
        let (key, holder) = (key.clone(), holder.to_owned());
        self.write(move |connection| claims::renew(connection, &key, &holder, until)).await
    }

    async fn hand_back_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let (key, holder) = (key.clone(), holder.to_owned());
        self.write(move |connection| claims::hand_back(connection, &key, &holder, until)).await
    }

    async fn finish_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        result: &TaskRunResult,
        logs: Vec<LogEntry>,
    ) -> Result<bool, PortError> {
        let (key, holder) = (key.clone(), holder.to_owned());
        let result = encode(result).map_err(|error| error.at(PORT))?;
        let lines = LogRow::all(&logs).map_err(|error| error.at(PORT))?;
        self.write(move |connection| claims::finish(connection, &key, &holder, &result, &lines)).await
    }

    async fn begun_attempts(&self, attempts: &[AttemptKey]) -> Result<Vec<Option<Timestamp>>, PortError> {
        let attempts = attempts.to_vec();
        self.read(move |connection| claims::begun(connection, &attempts)).await
    }

    async fn revoke_claims(&self, attempts: &[AttemptKey]) -> Result<(), PortError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let attempts = attempts.to_vec();
        self.write(move |connection| claims::revoke(connection, &attempts)).await
    }

    async fn append_logs(&self, entries: Vec<LogEntry>) -> Result<(), PortError> {
        if entries.is_empty() {
            return Ok(());
        }
        let lines = LogRow::all(&entries).map_err(|error| error.at(PORT))?;
        self.write(move |connection| logs::append(connection, &lines)).await
    }

    async fn ended_executions(
        &self,
        filter: &EndedFilter,
        edges: &[Timestamp],
    ) -> Result<Vec<Ended>, PortError> {
        let (filter, edges) = (filter.clone(), edges.to_vec());
        self.scan(move |connection| ended::count(connection, &filter, &edges)).await
    }

    async fn logs(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        after: u64,
    ) -> Result<Vec<LogEntry>, PortError> {
        let execution = execution.clone();
        self.scan(move |connection| logs::read(connection, &execution, min_level, after)).await
    }

    async fn log_page(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        from: u64,
        limit: u32,
    ) -> Result<LogPage, PortError> {
        let execution = execution.clone();
        self.scan(move |connection| logs::page(connection, &execution, min_level, from, limit)).await
    }

    async fn log_lines(
        &self,
        execution: &ExecutionId,
        filter: &LineFilter,
        at: LinesAt,
        limit: u32,
    ) -> Result<Vec<NumberedLine>, PortError> {
        let (execution, filter) = (execution.clone(), filter.clone());
        self.scan(move |connection| logs::lines(connection, &execution, &filter, at, limit)).await
    }

    async fn log_index(
        &self,
        execution: &ExecutionId,
        filter: &LineFilter,
        most: u32,
    ) -> Result<LineIndex, PortError> {
        let (execution, filter) = (execution.clone(), filter.clone());
        self.scan(move |connection| logs::index(connection, &execution, &filter, most)).await
    }

    async fn search_logs(&self, filter: &LogFilter) -> Result<FoundLines, PortError> {
        let filter = filter.clone();
        self.scan(move |connection| log_search::search(connection, &filter)).await
    }

    async fn delete_logs(&self, execution: &ExecutionId) -> Result<u64, PortError> {
        let execution = execution.clone();
        self.write(move |connection| logs::delete(connection, &execution)).await
    }

    async fn kv(&self, namespace: &str, key: &str, now: Timestamp) -> Result<Option<KvEntry>, PortError> {
        let (namespace, key) = (namespace.to_owned(), key.to_owned());
        self.read(move |connection| kv::get(connection, &namespace, &key, now)).await
    }

    async fn kv_namespaces(&self) -> Result<Vec<String>, PortError> {
        self.scan(kv::namespaces).await
    }

    async fn kv_entries(&self, namespace: &str, now: Timestamp) -> Result<Vec<KvEntry>, PortError> {
        let namespace = namespace.to_owned();
        self.scan(move |connection| kv::list(connection, &namespace, now)).await
    }

    async fn write_kv(&self, writes: Vec<KvWrite>, now: Timestamp) -> Result<(), PortError> {
        self.write(move |connection| kv::write(connection, &writes, now)).await
    }

    async fn set_timers(&self, timers: Vec<Timer>) -> Result<(), PortError> {
        self.write(move |connection| timers::set(connection, &timers, None)).await
    }

    async fn clock_went_back(&self, now: Timestamp) -> Result<u64, PortError> {
        self.write(move |connection| timers::clock_went_back(connection, now)).await
    }

    async fn due_timers(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        self.read(move |connection| timers::due(connection, now, limit)).await
    }

    async fn timer(&self, execution: &ExecutionId, key: &str) -> Result<Option<Timer>, PortError> {
        let (execution, key) = (execution.clone(), key.to_owned());
        self.read(move |connection| timers::one(connection, &execution, &key)).await
    }

    async fn next_timer(&self) -> Result<Option<Timestamp>, PortError> {
        self.read(timers::next).await
    }

    async fn clear_timer(&self, timer: &Timer) -> Result<(), PortError> {
        let timer = timer.clone();
        self.write(move |connection| timers::clear(connection, &timer)).await
    }

    async fn take_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        limit: u32,
        execution: &ExecutionId,
        wait: bool,
        now: Timestamp,
    ) -> Result<Permit, PortError> {
        let (lane, execution) = (lane(namespace, flow_id), execution.clone());
        self.write(move |connection| permits::take(connection, &lane, limit, &execution, wait, now)).await
    }

    async fn held_permits(&self, namespace: &str, flow_id: &str) -> Result<u64, PortError> {
        let lane = lane(namespace, flow_id);
        self.read(move |connection| permits::count(connection, &lane)).await
    }

    async fn release_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        execution: &ExecutionId,
        now: Timestamp,
    ) -> Result<Vec<ExecutionId>, PortError> {
        let (lane, execution) = (lane(namespace, flow_id), execution.clone());
        self.write(move |connection| permits::release(connection, &lane, &execution, now)).await
    }
}

#[async_trait]
impl ScheduleStore for SqliteStateStore {
    async fn trigger(&self, key: &TriggerKey) -> Result<Option<Versioned<TriggerState>>, PortError> {
        let key = key.clone();
        self.read(move |connection| triggers::get(connection, &key)).await
    }

    async fn put_trigger(&self, state: &TriggerState, version: u64) -> Result<u64, PortError> {
        let state = state.clone();
        self.write(move |connection| triggers::put(connection, &state, version)).await
    }

    async fn delete_trigger(&self, key: &TriggerKey) -> Result<bool, PortError> {
        let key = key.clone();
        self.write(move |connection| triggers::delete(connection, &key)).await
    }

    async fn triggers(&self, filter: &TriggerFilter) -> Result<Vec<TriggerState>, PortError> {
        let filter = filter.clone();
        self.scan(move |connection| triggers::list(connection, &filter)).await
    }

    async fn due_triggers(&self, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, PortError> {
        self.read(move |connection| triggers::due(connection, now, limit)).await
    }

    async fn next_slot(&self) -> Result<Option<Timestamp>, PortError> {
        self.read(triggers::next).await
    }

    async fn backfill(&self, id: &str) -> Result<Option<Versioned<Backfill>>, PortError> {
        let id = id.to_owned();
        self.read(move |connection| backfills::get(connection, &id)).await
    }

    async fn put_backfill(&self, backfill: &Backfill, version: u64) -> Result<u64, PortError> {
        let backfill = backfill.clone();
        self.write(move |connection| backfills::put(connection, &backfill, version)).await
    }

    async fn backfills(&self, filter: &BackfillFilter) -> Result<Vec<Backfill>, PortError> {
        let filter = filter.clone();
        self.scan(move |connection| backfills::list(connection, &filter)).await
    }
}
