//! Executions for readers that have a part of them.

use super::{at, commit, execution, load, task_run};
use crate::error::PortError;
use crate::state::{ExecutionSince, StateStore, StoredExecution};
use segue_model::state::State;
use serde_json::Value;

/// A reader that has a version, and merges what was written since, has the whole execution.
pub async fn a_reader_gets_what_was_written_since(
    store: &dyn StateStore,
    scope: &str,
) -> Result<(), PortError> {
    let made = execution(scope, "since", "a", at(0));
    assert!(store.execution_since(&made.id, None).await?.is_none(), "nothing is there");
    let runs = ["one", "two", "three"].map(|task| task_run(&made.id, task));
    let new = StoredExecution {
        execution: made.clone(),
        task_runs: (0_u64..).zip(runs.clone()).collect(),
        notes: Value::Null,
        version: 0,
    };
    store.create_execution_with(&new).await?;
    let whole = since(store, &made, None).await?;
    let stored = load(store, &made.id).await?;
    assert_eq!((whole.version, whole.total), (stored.version, 3));
    assert_eq!(whole.task_runs, stored.task_runs, "a reader without a version gets all");
    let same = since(store, &made, Some(whole.version)).await?;
    assert!(same.task_runs.is_empty(), "nothing was written since");
    assert_eq!((&same.execution, same.version, same.total), (&made, whole.version, 3));

    let mut change = commit(&made, whole.version);
    let [_, mut two, three] = runs;
    two.state.enter(State::Running, at(1));
    change.task_runs = vec![(1, two.clone()), (3, task_run(&made.id, "four"))];
    let version = store.commit(change).await?;
    let more = since(store, &made, Some(whole.version)).await?;
    assert_eq!((more.version, more.total), (version, 4));
    for written in [(1, two), (3, task_run(&made.id, "four"))] {
        assert!(more.task_runs.contains(&written), "{written:?} was written since");
    }
    assert_eq!(merged(&whole, &more), load(store, &made.id).await?.task_runs);

    let mut change = commit(&made, version);
    change.removed = vec![three.id];
    store.commit(change).await?;
    let less = since(store, &made, Some(version)).await?;
    assert_eq!(less.total, 3, "the number says that one was removed");
    Ok(())
}

async fn since(
    store: &dyn StateStore,
    of: &segue_model::execution::Execution,
    version: Option<u64>,
) -> Result<ExecutionSince, PortError> {
    let found = store.execution_since(&of.id, version).await?;
    found.ok_or_else(|| PortError::not_found(format!("execution {}", of.id)))
}

fn merged(old: &ExecutionSince, new: &ExecutionSince) -> Vec<(u64, segue_model::task_run::TaskRun)> {
    let mut all: std::collections::BTreeMap<_, _> = old.task_runs.iter().cloned().collect();
    all.extend(new.task_runs.iter().cloned());
    all.into_iter().collect()
}
