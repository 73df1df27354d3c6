//! Executions, commits and the search.

use super::{at, commit, execution, label, load, task_run};
use crate::error::PortError;
use crate::kv::{KvType, KvWrite};
use crate::state::{ExecutionFilter, FlowName, StateStore, StoredExecution, Timer};
use segue_model::Map;
use segue_model::id::ExecutionId;
use segue_model::label::set_label;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use serde_json::json;

/// Creating an execution with an id that exists changes nothing.
pub async fn an_execution_is_made_once(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let first = execution(scope, "once", "a", at(0));
    assert!(store.execution(&first.id).await?.is_none(), "an execution that was never made is not there");
    assert!(store.create_execution(&first).await?, "a new execution is made");
    let mut second = first.clone();
    second.labels.push(label("late", "yes"));
    assert!(!store.create_execution(&second).await?, "the same id is refused");
    let stored = load(store, &first.id).await?;
    assert_eq!(stored.execution, first, "the first stands");
    assert!(stored.task_runs.is_empty() && stored.notes.is_null(), "it has nothing yet");

    let copy = execution(scope, "once", "copy", at(1));
    let new = StoredExecution {
        execution: copy.clone(),
        task_runs: vec![(3, task_run(&copy.id, "one")), (7, task_run(&copy.id, "two"))],
        notes: json!({"paused": true}),
        version: 0,
    };
    assert!(store.create_execution_with(&new).await?, "a copy of another is made");
    let stored = load(store, &copy.id).await?;
    assert_eq!(
        (&stored.execution, &stored.task_runs, &stored.notes),
        (&new.execution, &new.task_runs, &new.notes),
        "the copy has its first task runs"
    );
    let other = StoredExecution { task_runs: vec![(9, task_run(&copy.id, "three"))], ..new.clone() };
    assert!(!store.create_execution_with(&other).await?, "the same id is refused");
    assert_eq!(load(store, &copy.id).await?.task_runs, new.task_runs, "a second creation changes nothing");
    store.commit(commit(&copy, stored.version)).await?;
    Ok(())
}

/// The newest executions of several flows come in the order of the flows, whatever their states.
pub async fn the_newest_of_each_flow_are_found(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let below = format!("{scope}.below");
    let mut wanted = Vec::new();
    for second in 0..5 {
        let mut made = execution(scope, "often", &format!("newest-{second}"), at(second));
        if second % 2 == 1 {
            made.state.enter(State::Running, at(second + 1));
            made.state.enter(State::Failed, at(second + 2));
        }
        store.create_execution(&made).await?;
        wanted.insert(0, made.id);
    }
    store.create_execution(&execution(&below, "often", "newest-below", at(9))).await?;
    let rare = execution(scope, "rare", "newest", at(3));
    store.create_execution(&rare).await?;
    let flow = |namespace: &str, id: &str| FlowName { namespace: namespace.to_owned(), id: id.to_owned() };
    let flows = [flow(scope, "rare"), flow(scope, "never"), flow(scope, "often"), flow(scope, "rare")];
    let found = store.newest_executions(&flows, 3).await?;
    let found: Vec<Vec<_>> =
        found.into_iter().map(|each| each.into_iter().map(|execution| execution.id).collect()).collect();
    wanted.truncate(3);
    let rare = vec![rare.id];
    assert_eq!(found, [rare.clone(), Vec::new(), wanted, rare], "each flow has its newest, newest first");
    assert!(store.newest_executions(&[], 3).await?.is_empty(), "no flow, no answer");
    Ok(())
}

/// A commit on the wrong version changes nothing. A commit on the right version changes everything it names.
pub async fn a_commit_is_all_or_nothing(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let mut changed = execution(scope, "commit", "a", at(0));
    store.create_execution(&changed).await?;
    let version = load(store, &changed.id).await?.version;
    changed.state.enter(State::Running, at(1));
    let mut change = commit(&changed, version);
    change.notes = json!({"step": 1, "deep": [1.5, null, "ä"]});
    change.task_runs.push((0, task_run(&changed.id, "one")));
    change.logs.push(line(scope, &changed.id));
    change.kv.push(KvWrite::Set {
        namespace: scope.to_owned(),
        key: "from-commit".to_owned(),
        kind: KvType::Number,
        value: json!(3),
        description: None,
        expires: None,
    });
    change.timers.push(Timer { execution_id: changed.id.clone(), key: "wake".to_owned(), due: at(60) });
    let mut wrong = change.clone();
    wrong.expected_version = version + 1;
    let refused = store.commit(wrong).await;
    assert!(matches!(refused, Err(PortError::Conflict { .. })), "another version is a conflict: {refused:?}");
    let untouched = load(store, &changed.id).await?;
    assert_eq!(untouched.version, version, "a conflict leaves the version");
    assert!(untouched.task_runs.is_empty(), "a conflict leaves the task runs");
    assert_eq!(store.kv(scope, "from-commit", at(1)).await?, None, "a conflict leaves the KV store");
    assert!(store.logs(&changed.id, LogLevel::Trace, 0).await?.is_empty(), "a conflict leaves the log");
    assert!(!has_timer(store, &changed.id).await?, "a conflict leaves the timers");

    let mark = store.execution_mark(&changed.id).await?;
    let next = store.commit(change.clone()).await?;
    assert_ne!(next, version, "a commit makes a new version");
    assert!(
        mark.is_none() || store.execution_mark(&changed.id).await? != mark,
        "the mark follows the execution"
    );
    let stored = load(store, &changed.id).await?;
    assert_eq!(stored.version, next);
    assert_eq!(stored.execution, changed);
    assert_eq!(stored.notes, change.notes);
    assert_eq!(stored.task_runs, vec![(0, task_run(&changed.id, "one"))]);
    let set = store.kv(scope, "from-commit", at(1)).await?;
    assert_eq!(set.as_ref().map(|entry| &entry.value), Some(&json!(3)));
    assert_eq!(set.map(|entry| entry.updated), Some(change.now), "a KV value has the time of the step");
    assert_eq!(store.logs(&changed.id, LogLevel::Trace, 0).await?.len(), 1);
    assert!(has_timer(store, &changed.id).await?, "the timer is set");
    let mut last = commit(&changed, next);
    last.cleared_timers.push("wake".to_owned());
    store.commit(last).await?;
    assert!(!has_timer(store, &changed.id).await?, "the timer is cleared");
    assert!(store.commit(change).await.is_err(), "a commit on the old version is a conflict");
    Ok(())
}

async fn has_timer(store: &dyn StateStore, id: &ExecutionId) -> Result<bool, PortError> {
    Ok(store.due_timers(at(1_000_000), u32::MAX).await?.iter().any(|timer| timer.execution_id == *id))
}

fn line(scope: &str, id: &ExecutionId) -> LogEntry {
    LogEntry {
        namespace: scope.to_owned(),
        flow_id: "commit".to_owned(),
        execution_id: id.clone(),
        task_id: None,
        task_run_id: None,
        attempt_number: None,
        timestamp: at(1),
        level: LogLevel::Info,
        message: "hello".to_owned(),
    }
}

/// Task runs are read in the order of their creation. Changed task runs keep their position. Removed task runs do not
/// exist.
pub async fn task_runs_keep_their_order(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let made = execution(scope, "order", "a", at(0));
    store.create_execution(&made).await?;
    let mut change = commit(&made, load(store, &made.id).await?.version);
    for (position, task) in (0..).zip(["zeta", "alpha", "mid", "beta"]) {
        change.task_runs.push((position, task_run(&made.id, task)));
    }
    change.task_runs.reverse();
    let version = store.commit(change).await?;
    let mut second = commit(&made, version);
    let mut alpha = task_run(&made.id, "alpha");
    alpha.state.enter(State::Running, at(2));
    alpha.outputs = Map::from_iter([("n".to_owned(), json!(1))]);
    second.task_runs.push((1, alpha.clone()));
    second.removed.push(task_run(&made.id, "mid").id);
    store.commit(second).await?;
    let stored = load(store, &made.id).await?.task_runs;
    let tasks: Vec<_> = stored.iter().map(|(place, run)| (*place, run.task_id.as_str())).collect();
    assert_eq!(tasks, [(0, "zeta"), (1, "alpha"), (3, "beta")]);
    assert!(stored.contains(&(1, alpha)), "the changed task run is there as changed");
    Ok(())
}

/// Executions are found by namespace, flow, state, labels and dates, page by page.
pub async fn executions_are_found(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let root = format!("{scope}.search");
    let names = ["a", "b", "c", "d"];
    for (second, name) in (0..).zip(names) {
        let mut made = execution(&root, "found", name, at(second));
        made.labels = vec![label("name", name), label("all", "yes")];
        store.create_execution(&made).await?;
        if name == "b" {
            made.state.enter(State::Running, at(9));
            set_label(&mut made.labels, label("name", "bee"));
            store.commit(commit(&made, load(store, &made.id).await?.version)).await?;
        }
    }
    store.create_execution(&execution(&format!("{root}.below"), "found", "e", at(4))).await?;
    store.create_execution(&execution(&format!("{root}-not"), "other", "f", at(5))).await?;

    let here = ExecutionFilter { namespace: Some(root.clone()), ..ExecutionFilter::default() };
    let of = |filter: ExecutionFilter| async move {
        let found = store.executions(&filter).await?;
        Ok::<_, PortError>(found.iter().map(|one| one.state.start_date()).collect::<Vec<_>>())
    };
    let newest_first = [at(4), at(3), at(2), at(1), at(0)];
    assert_eq!(of(here.clone()).await?, newest_first, "a namespace and those below it, newest first");
    let exact = ExecutionFilter { exact_namespace: true, ..here.clone() };
    assert_eq!(of(exact.clone()).await?, [at(3), at(2), at(1), at(0)], "a namespace alone");
    let page = ExecutionFilter { limit: 2, offset: 1, ..here.clone() };
    assert_eq!(of(page).await?, [at(3), at(2)], "a page");
    let turned = ExecutionFilter { oldest_first: true, ..here.clone() };
    assert_eq!(of(turned.clone()).await?, [at(0), at(1), at(2), at(3), at(4)], "oldest first");
    for all in [&here, &turned] {
        let mut paged = Vec::new();
        // Each page of two begins where the page before it ended; the last is read once more.
        for offset in [0, 2, 4, 4] {
            let page = of(ExecutionFilter { limit: 2, offset, ..all.clone() }).await?;
            paged.truncate(offset as usize);
            paged.extend(page);
        }
        assert_eq!(paged, of((*all).clone()).await?, "all pages together");
    }
    assert_eq!(
        of(ExecutionFilter { limit: 2, offset: 3, ..turned.clone() }).await?,
        [at(3), at(4)],
        "any page"
    );
    let flow = ExecutionFilter { flow_id: Some("found".to_owned()), ..here.clone() };
    assert_eq!(of(flow.clone()).await?, newest_first, "a flow");
    let paged = ExecutionFilter { limit: 2, offset: 2, ..flow.clone() };
    assert_eq!(of(paged).await?, [at(2), at(1)], "a page of a flow in several states");
    let none = ExecutionFilter { flow_id: Some("unknown".to_owned()), ..here.clone() };
    assert!(of(none).await?.is_empty(), "an unknown flow has none");
    let running = ExecutionFilter { states: vec![State::Running], ..here.clone() };
    assert_eq!(of(running).await?, [at(1)], "a state");
    let either = ExecutionFilter { states: vec![State::Running, State::Created], limit: 3, ..here.clone() };
    assert_eq!(of(either.clone()).await?, [at(4), at(3), at(2)], "one of several states");
    let turned = ExecutionFilter { oldest_first: true, ..either };
    assert_eq!(of(turned).await?, [at(0), at(1), at(2)], "one of several states, oldest first");
    let dates = ExecutionFilter { start: Some(at(1)), end: Some(at(3)), ..here.clone() };
    assert_eq!(of(dates).await?, [at(3), at(2), at(1)], "the range includes both dates");
    let labelled = |labels: &[(&str, &str)]| ExecutionFilter {
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..here.clone()
    };
    assert_eq!(of(labelled(&[("all", "yes")])).await?, [at(3), at(2), at(1), at(0)], "a label");
    assert_eq!(of(labelled(&[("all", "yes"), ("name", "c")])).await?, [at(2)], "all labels");
    assert_eq!(of(labelled(&[("name", "bee")])).await?, [at(1)], "a label that was set later");
    assert!(of(labelled(&[("name", "b")])).await?.is_empty(), "a label that was removed");
    let open: Vec<_> = store.open_executions().await?;
    for name in names {
        let id = execution(&root, "found", name, at(0)).id;
        let written = open.iter().find(|(open, _)| *open == id).map(|(_, written)| *written);
        assert!(
            written.is_some_and(|at| at.is_none_or(|at| at > self::at(9))),
            "{name} is open: {written:?}"
        );
    }
    let paged = ExecutionFilter { limit: 1, offset: 1, ..here.clone() };
    for (filter, count) in [
        (here.clone(), 5),
        (exact, 4),
        (paged, 5),
        (
            ExecutionFilter {
                flow_id: Some("found".to_owned()),
                states: vec![State::Running],
                ..here.clone()
            },
            1,
        ),
        (ExecutionFilter { start: Some(at(1)), end: Some(at(3)), ..here.clone() }, 3),
        (labelled(&[("all", "yes")]), 4),
        (ExecutionFilter { namespace: Some(format!("{root}.no")), ..here.clone() }, 0),
    ] {
        assert_eq!(
            store.count_executions(&filter).await?,
            count,
            "the count equals the number of results: {filter:?}"
        );
    }
    Ok(())
}

/// Deleting an execution deletes everything that belongs to it. The id can be used again.
pub async fn deleting_leaves_nothing(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let mut made = execution(scope, "gone", "a", at(0));
    made.labels = vec![label("gone", scope)];
    store.create_execution(&made).await?;
    let mut change = commit(&made, load(store, &made.id).await?.version);
    change.task_runs.push((0, task_run(&made.id, "one")));
    change.logs.push(line(scope, &made.id));
    change.timers.push(Timer { execution_id: made.id.clone(), key: "wake".to_owned(), due: at(60) });
    store.commit(change.clone()).await?;
    assert!(store.delete_execution(&made.id).await?, "it was there");
    assert!(!store.delete_execution(&made.id).await?, "it is no more");
    assert!(store.execution(&made.id).await?.is_none());
    assert!(store.logs(&made.id, LogLevel::Trace, 0).await?.is_empty(), "its log is gone");
    assert!(!has_timer(store, &made.id).await?, "its timers are gone");
    let filter =
        ExecutionFilter { labels: vec![("gone".to_owned(), scope.to_owned())], ..ExecutionFilter::default() };
    assert!(store.executions(&filter).await?.is_empty(), "it is not found");
    assert!(
        matches!(store.commit(change).await, Err(PortError::Conflict { .. })),
        "a commit on a deleted execution is a conflict"
    );
    assert!(store.create_execution(&made).await?, "the id is free");
    assert!(
        load(store, &made.id).await?.task_runs.is_empty(),
        "the new execution has no data of the deleted one"
    );
    Ok(())
}
