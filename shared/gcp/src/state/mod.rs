//! The state store on Firestore.
//!
//! What it is: [`FirestoreStateStore`], with one file for each kind of record. docs/firestore.md describes
//! the documents, their fields and the required indexes. Change both together. Nothing stays open between two
//! requests: each change is one commit with conditions, and is repeated if another process wrote first.
//!
//! What it must not know: what the engine's notes mean, when a timer should be set, or which execution may get a
//! permit, apart from the order of requests.
//!
//! How to add one more kind of record: a collection with its section in docs/firestore.md, a file here, a
//! method of the port. Searched fields are at the top level of a document, everything else is in its `body`.

mod attempts;
mod backfills;
mod counted;
mod executions;
mod flows;
mod header;
mod kv;
mod lines;
mod logs;
mod marks;
mod memory;
mod paths;
mod permits;
mod runs;
mod search;
mod timers;
mod triggers;

use crate::config::PlatformConfig;
use crate::database::Database;
use crate::database::counts::OperationCounts;
use crate::database::error::DbError;
use async_trait::async_trait;
use attempts::Held;
use counted::Counted;
use header::Loaded;
use jiff::Timestamp;
use logs::Log;
use memory::Recent;
use search::{PageEnd, PageKey};
use segue_model::backfill::Backfill;
use segue_model::event::TaskRunResult;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::PortError;
use segue_ports::kv::{KvEntry, KvWrite};
use segue_ports::log_line::FoundLines;
use segue_ports::schedule::{BackfillFilter, ScheduleStore, TriggerFilter, Versioned};
use segue_ports::state::{
    Claim, Commit, ExecutionFilter, ExecutionSince, FlowName, LogFilter, LogPage, Permit, StateStore,
    StoredExecution, StoredFlow, Timer,
};
use segue_ports::wire::AttemptKey;
use std::sync::Arc;

const PORT: &str = "state store";
/// The bytes of cached executions.
const EXECUTION_BYTES: usize = 64 << 20;
/// The bytes of cached logs.
const LOG_BYTES: usize = 32 << 20;
/// The number of cached claims, and of cached triggers and backfills.
const CLAIMS: usize = 4_096;
/// The size of the cache of ends of pages, in bytes of text.
const PAGE_BYTES: usize = 1 << 20;

/// The state store in Firestore. Cheap to clone. Clones share their cache and their counts.
#[derive(Clone)]
pub struct FirestoreStateStore {
    store: Arc<Store>,
}

/// The state that all files here use.
struct Store {
    db: Database,
    executions: Recent<ExecutionId, Arc<Loaded>>,
    claims: Recent<String, Held>,
    counted: Recent<String, Counted>,
    /// Logs, for readers of their parts.
    logs: Recent<ExecutionId, Arc<Log>>,
    /// The ends of pages of executions.
    pages: Recent<PageKey, PageEnd>,
}

impl FirestoreStateStore {
    /// Connects to the database that the configuration names. Uses the emulator if the configuration has one, or else
    /// Google's service with the credentials of the environment.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials, or no connection is possible. [`PortError::Invalid`] if
    /// the database does not exist: a commit would report this as a conflict, again and again.
    pub async fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let db = Database::connect(config).await.map_err(|error| error.at(PORT))?;
        if !db.exists().await {
            return Err(PortError::invalid(format!(
                "there is no Firestore database '{}' in native mode in the project {}: set SEGUE_DATABASE to the name of \
                 the database",
                config.database, config.project
            )));
        }
        let store = Store {
            db,
            executions: Recent::new(EXECUTION_BYTES),
            claims: Recent::new(CLAIMS),
            counted: Recent::new(CLAIMS),
            logs: Recent::new(LOG_BYTES),
            pages: Recent::new(PAGE_BYTES),
        };
        Ok(Self { store: Arc::new(store) })
    }

    /// The number of operations so far.
    pub fn operation_counts(&self) -> OperationCounts {
        self.store.db.counts()
    }

    fn db(&self) -> &Database {
        &self.store.db
    }
}

fn at_port<T>(answer: Result<T, DbError>) -> Result<T, PortError> {
    answer.map_err(|error| error.at(PORT))
}

#[async_trait]
impl StateStore for FirestoreStateStore {
    async fn put_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError> {
        at_port(flows::put_flow(self.db(), namespace, id, (source, None), now).await)
    }

    async fn replace_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        expected: u32,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError> {
        at_port(flows::put_flow(self.db(), namespace, id, (source, Some(expected)), now).await)
    }

    async fn flow(
        &self,
        namespace: &str,
        id: &str,
        revision: Option<u32>,
    ) -> Result<Option<StoredFlow>, PortError> {
        at_port(flows::get(self.db(), namespace, id, revision).await)
    }

    async fn flows(&self, namespace: Option<&str>) -> Result<Vec<StoredFlow>, PortError> {
        at_port(flows::list(self.db(), namespace).await)
    }

    async fn flows_mark(&self) -> Result<Option<u64>, PortError> {
        at_port(flows::mark(self.db()).await.map(Some))
    }

    async fn count_flows(&self) -> Result<u64, PortError> {
        at_port(flows::count(self.db()).await)
    }

    async fn flow_revisions(&self, namespace: &str, id: &str) -> Result<Vec<StoredFlow>, PortError> {
        at_port(flows::revisions(self.db(), namespace, id).await)
    }

    async fn delete_flow_revisions(
        &self,
        namespace: &str,
        id: &str,
        revisions: &[u32],
    ) -> Result<u64, PortError> {
        at_port(flows::remove_revisions(self.db(), namespace, id, revisions).await)
    }

    async fn delete_flow(&self, namespace: &str, id: &str, now: Timestamp) -> Result<bool, PortError> {
        at_port(flows::delete(self.db(), namespace, id, now).await)
    }

    async fn create_execution_with(&self, new: &StoredExecution) -> Result<bool, PortError> {
        at_port(executions::create(&self.store, new).await)
    }

    async fn execution(&self, id: &ExecutionId) -> Result<Option<StoredExecution>, PortError> {
        at_port(executions::load(&self.store, id).await)
    }

    async fn execution_since(
        &self,
        id: &ExecutionId,
        since: Option<u64>,
    ) -> Result<Option<ExecutionSince>, PortError> {
        at_port(executions::load_since(&self.store, id, since).await)
    }

    async fn executions(&self, filter: &ExecutionFilter) -> Result<Vec<Execution>, PortError> {
        at_port(search::search(&self.store, filter).await)
    }

    async fn newest_executions(
        &self,
        flows: &[FlowName],
        most: u32,
    ) -> Result<Vec<Vec<Execution>>, PortError> {
        at_port(search::newest(&self.store, flows, most).await)
    }

    async fn open_executions(&self) -> Result<Vec<(ExecutionId, Option<Timestamp>)>, PortError> {
        at_port(search::open(self.db()).await)
    }

    async fn count_executions(&self, filter: &ExecutionFilter) -> Result<u64, PortError> {
        at_port(search::count(self.db(), filter).await)
    }

    async fn commit(&self, commit: Commit) -> Result<u64, PortError> {
        let what = format!("execution {}", commit.execution.id);
        executions::commit(&self.store, commit).await.map_err(|error| error.about(PORT, what))
    }

    async fn delete_execution(&self, id: &ExecutionId) -> Result<bool, PortError> {
        at_port(executions::delete(&self.store, id).await)
    }

    async fn claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError> {
        at_port(attempts::claim(&self.store, key, None, holder, (now, until)).await)
    }

    async fn take_claim_over(
        &self,
        key: &AttemptKey,
        from: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError> {
        at_port(attempts::claim(&self.store, key, Some(from), holder, (now, until)).await)
    }

    async fn renew_claim(&self, key: &AttemptKey, holder: &str, until: Timestamp) -> Result<bool, PortError> {
        at_port(attempts::renew(&self.store, key, holder, until).await)
    }

    async fn hand_back_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        at_port(attempts::hand_back(&self.store, key, holder, until).await)
    }

    async fn finish_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        result: &TaskRunResult,
        logs: Vec<LogEntry>,
    ) -> Result<bool, PortError> {
        at_port(attempts::finish(&self.store, key, holder, result, &logs).await)
    }

    async fn begun_attempts(&self, attempts: &[AttemptKey]) -> Result<Vec<Option<Timestamp>>, PortError> {
        at_port(attempts::begun(&self.store, attempts).await)
    }

    async fn revoke_claims(&self, attempts: &[AttemptKey]) -> Result<(), PortError> {
        at_port(attempts::revoke(&self.store, attempts).await)
    }

    async fn append_logs(&self, entries: Vec<LogEntry>) -> Result<(), PortError> {
        let writes = at_port(logs::append(self.db(), &entries))?;
        at_port(self.db().commit_in_pieces(writes).await)
    }

    async fn logs(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        after: u64,
    ) -> Result<Vec<LogEntry>, PortError> {
        at_port(logs::read(&self.store, execution, min_level, after).await)
    }

    async fn log_page(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        from: u64,
        limit: u32,
    ) -> Result<LogPage, PortError> {
        at_port(logs::page(&self.store, execution, min_level, from, limit).await)
    }

    async fn execution_mark(&self, execution: &ExecutionId) -> Result<Option<u64>, PortError> {
        at_port(marks::of_execution(self.db(), execution).await)
    }

    async fn log_mark(&self, execution: &ExecutionId) -> Result<Option<u64>, PortError> {
        at_port(marks::of_log(self.db(), execution).await.map(Some))
    }

    async fn search_logs(&self, filter: &LogFilter) -> Result<FoundLines, PortError> {
        at_port(logs::search(self.db(), filter).await)
    }

    async fn delete_logs(&self, execution: &ExecutionId) -> Result<u64, PortError> {
        at_port(logs::delete(&self.store, execution).await)
    }

    async fn kv(&self, namespace: &str, key: &str, now: Timestamp) -> Result<Option<KvEntry>, PortError> {
        at_port(kv::get(self.db(), namespace, key, now).await)
    }

    async fn kv_namespaces(&self) -> Result<Vec<String>, PortError> {
        at_port(kv::namespaces(self.db()).await)
    }

    async fn kv_entries(&self, namespace: &str, now: Timestamp) -> Result<Vec<KvEntry>, PortError> {
        at_port(kv::list(self.db(), namespace, now).await)
    }

    async fn write_kv(&self, writes: Vec<KvWrite>, now: Timestamp) -> Result<(), PortError> {
        at_port(kv::write(self.db(), &writes, now).await)
    }

    async fn set_timers(&self, timers: Vec<Timer>) -> Result<(), PortError> {
        at_port(timers::set(self.db(), &timers).await)
    }

    async fn due_timers(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        at_port(timers::due(self.db(), now, limit).await)
    }

    async fn timer(&self, execution: &ExecutionId, key: &str) -> Result<Option<Timer>, PortError> {
        at_port(timers::one(self.db(), execution, key).await)
    }

    async fn next_timer(&self) -> Result<Option<Timestamp>, PortError> {
        at_port(timers::next(self.db()).await)
    }

    async fn clear_timer(&self, timer: &Timer) -> Result<(), PortError> {
        at_port(timers::clear(self.db(), timer).await)
    }

    async fn take_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        limit: u32,
        execution: &ExecutionId,
        wait: bool,
        _now: Timestamp,
    ) -> Result<Permit, PortError> {
        at_port(permits::take(self.db(), namespace, flow_id, limit, execution, wait).await)
    }

    async fn held_permits(&self, namespace: &str, flow_id: &str) -> Result<u64, PortError> {
        at_port(permits::count(self.db(), namespace, flow_id).await)
    }

    async fn release_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        execution: &ExecutionId,
        _now: Timestamp,
    ) -> Result<Vec<ExecutionId>, PortError> {
        at_port(permits::release(self.db(), namespace, flow_id, execution).await)
    }
}

#[async_trait]
impl ScheduleStore for FirestoreStateStore {
    async fn trigger(&self, key: &TriggerKey) -> Result<Option<Versioned<TriggerState>>, PortError> {
        at_port(triggers::get(&self.store, key).await)
    }

    async fn put_trigger(&self, state: &TriggerState, version: u64) -> Result<u64, PortError> {
        let what = format!("trigger {}", state.key);
        triggers::put(&self.store, state, version).await.map_err(|error| error.about(PORT, what))
    }

    async fn delete_trigger(&self, key: &TriggerKey) -> Result<bool, PortError> {
        at_port(triggers::delete(self.db(), key).await)
    }

    async fn triggers(&self, filter: &TriggerFilter) -> Result<Vec<TriggerState>, PortError> {
        at_port(triggers::list(self.db(), filter).await)
    }

    async fn count_triggers(&self) -> Result<u64, PortError> {
        at_port(triggers::count(self.db()).await)
    }

    async fn due_triggers(&self, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, PortError> {
        at_port(triggers::due(self.db(), now, limit).await)
    }

    async fn next_slot(&self) -> Result<Option<Timestamp>, PortError> {
        at_port(triggers::next(self.db()).await)
    }

    async fn backfill(&self, id: &str) -> Result<Option<Versioned<Backfill>>, PortError> {
        at_port(backfills::get(&self.store, id).await)
    }

    async fn put_backfill(&self, backfill: &Backfill, version: u64) -> Result<u64, PortError> {
        let what = format!("backfill {}", backfill.id);
        backfills::put(&self.store, backfill, version).await.map_err(|error| error.about(PORT, what))
    }

    async fn backfills(&self, filter: &BackfillFilter) -> Result<Vec<Backfill>, PortError> {
        at_port(backfills::list(self.db(), filter).await)
    }
}
