//! What every [`StateStore`] must do. Each check takes its own name as `scope`, so that it can run repeatedly
//! on a store that keeps its data.

mod backfills;
mod claims;
mod ended;
mod executions;
mod keep;
mod log_search;
mod permits;
mod since;
mod triggers;

pub use backfills::{a_backfill_moves_on_its_version, backfills_are_found};
pub use claims::{
    a_claim_that_was_handed_back_is_taken_over_once, an_attempt_is_run_by_one_holder,
    an_expired_claim_is_taken_over, begun_attempts_are_known, deliveries_that_never_ended_are_counted,
    revoked_claims_stay_revoked,
};
pub use ended::ended_executions_are_counted;
pub use executions::{
    a_commit_is_all_or_nothing, an_execution_is_made_once, deleting_leaves_nothing, executions_are_found,
    task_runs_keep_their_order, the_newest_of_each_flow_are_found,
};
pub use keep::{
    flows_count_revisions, kv_values_expire, logs_are_followed, old_revisions_are_removed, timers_fire_once,
};
pub use log_search::{lines_are_found_by_labels_and_times, lines_are_found_by_their_text};
pub use permits::{permits_go_in_the_order_of_asking, permits_survive_being_asked_twice};
pub use since::a_reader_gets_what_was_written_since;
pub use triggers::{a_trigger_moves_on_its_version, due_triggers_are_free_and_enabled};

use crate::error::PortError;
use crate::state::{Commit, StateStore, StoredExecution};
use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::task_run::TaskRun;

/// Runs every check.
pub async fn all(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    flows_count_revisions(store, scope).await?;
    old_revisions_are_removed(store, scope).await?;
    an_execution_is_made_once(store, scope).await?;
    a_commit_is_all_or_nothing(store, scope).await?;
    task_runs_keep_their_order(store, scope).await?;
    a_reader_gets_what_was_written_since(store, scope).await?;
    executions_are_found(store, scope).await?;
    the_newest_of_each_flow_are_found(store, scope).await?;
    deleting_leaves_nothing(store, scope).await?;
    ended_executions_are_counted(store, scope).await?;
    an_attempt_is_run_by_one_holder(store, scope).await?;
    an_expired_claim_is_taken_over(store, scope).await?;
    deliveries_that_never_ended_are_counted(store, scope).await?;
    a_claim_that_was_handed_back_is_taken_over_once(store, scope).await?;
    revoked_claims_stay_revoked(store, scope).await?;
    begun_attempts_are_known(store, scope).await?;
    logs_are_followed(store, scope).await?;
    lines_are_found_by_their_text(store, scope).await?;
    lines_are_found_by_labels_and_times(store, scope).await?;
    kv_values_expire(store, scope).await?;
    timers_fire_once(store, scope).await?;
    permits_go_in_the_order_of_asking(store, scope).await?;
    permits_survive_being_asked_twice(store, scope).await?;
    a_trigger_moves_on_its_version(store, scope).await?;
    due_triggers_are_free_and_enabled(store, scope).await?;
    a_backfill_moves_on_its_version(store, scope).await?;
    backfills_are_found(store, scope).await
}

/// A point in time, `second` seconds after a constant.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An execution in state CREATED, of the flow `flow` in the namespace `scope`.
fn execution(scope: &str, flow: &str, id: &str, start: Timestamp) -> Execution {
    let id = ExecutionId::derive(&[scope, flow, id]);
    Execution::created(id, scope, flow, 1, start)
}

fn label(key: &str, value: &str) -> Label {
    Label::new(key, value)
}

fn task_run(execution: &ExecutionId, task: &str) -> TaskRun {
    TaskRun::created(TaskRunId::derive(execution, None, task, None, None), task, at(0))
}

/// A commit on `version` that changes only the version.
fn commit(execution: &Execution, version: u64) -> Commit {
    Commit::new(execution.clone(), version, at(0))
}

/// Reads an execution that must exist.
async fn load(store: &dyn StateStore, id: &ExecutionId) -> Result<StoredExecution, PortError> {
    store.execution(id).await?.ok_or_else(|| PortError::not_found(format!("execution {id}")))
}
