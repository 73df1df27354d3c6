//! The costs and the limits of the state store, counted on Firestore's emulator.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]

#[path = "support/flows.rs"]
mod flows;
mod support;

use flows::{at, commit, ended, execution, key, line, result, task_run};
use segue_gcp::FirestoreStateStore;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_model::{Json, Map};
use segue_ports::ScheduleStore as _;
use segue_ports::kv::{KvType, KvWrite};
use segue_ports::log_line::{LineFilter, LinesAt};
use segue_ports::state::{Claim, FlowName, StateStore as _, StoredExecution, Timer};
use std::collections::HashMap;

async fn stores() -> Option<(FirestoreStateStore, FirestoreStateStore)> {
    let config = support::config("FIRESTORE_EMULATOR_HOST")?;
    let one = FirestoreStateStore::connect(&config).await.unwrap();
    Some((one, FirestoreStateStore::connect(&config).await.unwrap()))
}

/// The budget of the design: at most 3 writes and 3 reads in all for a runnable task run.
#[tokio::test]
async fn a_task_run_costs_three_writes_and_one_read() {
    let Some((executor, service)) = stores().await else { return };
    let mut made = execution("budget");
    made.labels.push(segue_model::label::Label::new("k", "v"));
    executor.create_execution(&made).await.unwrap();
    let first = executor.execution(&made.id).await.unwrap().unwrap();
    let mut change = commit(&made, first.version);
    change.task_runs.push((0, task_run(&made.id, 0)));
    executor.commit(change).await.unwrap();
    for number in 0..30_u64 {
        let (before, before_service) = (executor.operation_counts(), service.operation_counts());
        // The service: claims, runs, ends.
        let attempt = key(&made.id, number);
        assert_eq!(
            service.claim(&attempt, "h", at(0), at(60)).await.unwrap(),
            Claim::Granted { deliveries: 1 }
        );
        let own = service.operation_counts().since(before_service);
        assert_eq!((own.reads, own.writes), (0, 1), "a claim");
        let lines = vec![line(&made.id, "a"), line(&made.id, "b")];
        assert!(service.finish_claim(&attempt, "h", &result(&attempt), lines).await.unwrap());
        let own = service.operation_counts().since(before_service);
        assert_eq!((own.reads, own.writes), (0, 2), "its end, with the lines of its log");
        // The executor: folds the result, dispatches the next, and runs an inline task that logs.
        let stored = executor.execution(&made.id).await.unwrap().unwrap();
        let mut change = commit(&made, stored.version);
        change.task_runs =
            vec![(number, ended(&made.id, number)), (number + 1, task_run(&made.id, number + 1))];
        change.logs.push(line(&made.id, "inline"));
        executor.commit(change).await.unwrap();
        let step = executor.operation_counts().since(before);
        assert_eq!((step.reads, step.writes, step.deletes), (1, 1, 0), "a step, task run {number}");
    }
    // The message is delivered again.
    let before = service.operation_counts();
    let again = service.claim(&key(&made.id, 3), "late", at(1_000), at(1_060)).await.unwrap();
    assert!(matches!(again, Claim::Finished(_)));
    let own = service.operation_counts().since(before);
    assert_eq!((own.reads, own.writes, own.refused), (1, 0, 1), "a duplicate writes nothing");
}

/// The reads, writes and deletes of each operation, as in the table of docs/firestore.md.
#[tokio::test]
async fn the_table_of_costs_is_true() {
    let Some((store, _)) = stores().await else { return };
    let mut last = store.operation_counts();
    let mut cost = || {
        let now = store.operation_counts();
        let own = now.since(last);
        last = now;
        (own.reads, own.writes, own.deletes)
    };
    let made = execution("table");
    store.create_execution(&made).await.unwrap();
    assert_eq!(cost(), (0, 1, 0), "a new execution");
    assert!(!store.create_execution(&made).await.unwrap());
    assert_eq!(cost(), (1, 0, 0), "the same again");

    let value = KvWrite::Set {
        namespace: "n".to_owned(),
        key: "k".to_owned(),
        kind: KvType::Number,
        value: Json::from(1),
        description: None,
        expires: None,
    };
    store.write_kv(vec![value], at(0)).await.unwrap();
    assert_eq!(cost(), (1, 1, 0), "a KV value");

    let timer = Timer { execution_id: made.id.clone(), key: "wake".to_owned(), due: at(1) };
    store.set_timers(vec![timer.clone()]).await.unwrap();
    assert_eq!(store.due_timers(at(1), 10).await.unwrap(), std::slice::from_ref(&timer));
    store.clear_timer(&timer).await.unwrap();
    assert_eq!(cost(), (2, 1, 1), "a timer");

    let [a, b] = ["a", "b"].map(ExecutionId::from);
    let take = |id| store.take_permit("n", "f", 1, id, true, at(0));
    take(&a).await.unwrap();
    store.release_permit("n", "f", &a, at(1)).await.unwrap();
    assert_eq!(cost(), (5, 2, 0), "a slot that is free");
    take(&a).await.unwrap();
    cost();
    take(&b).await.unwrap();
    assert_eq!(cost(), (2, 2, 0), "a place in the queue");
    store.release_permit("n", "f", &a, at(1)).await.unwrap();
    assert_eq!(cost(), (2, 1, 1), "given to the next");
    store.release_permit("n", "f", &b, at(1)).await.unwrap();
    assert_eq!(cost(), (2, 1, 0), "given back");

    let key = TriggerKey::new("n", "f", "daily");
    let state = TriggerState {
        key: key.clone(),
        date: None,
        next_execution_date: Some(at(0)),
        disabled: false,
        execution_id: None,
        definition: "daily".to_owned(),
        memo: Json::Null,
        updated_date: at(0),
    };
    store.put_trigger(&state, 0).await.unwrap();
    cost();
    let read = store.trigger(&key).await.unwrap().unwrap();
    store.put_trigger(&read.value, read.version).await.unwrap();
    assert_eq!(cost(), (1, 1, 0), "a tick");
}

/// A heartbeat is one write. A write of another process is read once.
/// A follower of a log looks every few seconds, however long the log is.
#[tokio::test]
async fn a_look_at_an_execution_and_its_log_costs_three_reads() {
    let Some((executor, service)) = stores().await else { return };
    let made = execution("look");
    executor.create_execution(&made).await.unwrap();
    let mut last = (None, None);
    for number in 0..20_u64 {
        let attempt = key(&made.id, number);
        service.claim(&attempt, "h", at(0), at(60)).await.unwrap();
        service.append_logs(vec![line(&made.id, "in the middle")]).await.unwrap();
        let lines = vec![line(&made.id, "at the end")];
        assert!(service.finish_claim(&attempt, "h", &result(&attempt), lines).await.unwrap());
        let before = executor.operation_counts();
        let of_execution = executor.execution_mark(&made.id).await.unwrap();
        assert_eq!(executor.operation_counts().since(before).reads, 1);
        let now = (of_execution, executor.log_mark(&made.id).await.unwrap());
        assert_eq!(executor.operation_counts().since(before).reads, 3);
        assert_ne!(now.1, last.1, "the log has grown");
        last = now;
    }
    let version = executor.execution(&made.id).await.unwrap().unwrap().version;
    executor.commit(commit(&made, version)).await.unwrap();
    assert_ne!(executor.execution_mark(&made.id).await.unwrap(), last.0, "the execution has changed");
}

/// The list of flows asks for the last 20 executions of each flow on its page.
#[tokio::test]
async fn the_newest_executions_of_flows_cost_one_read_each() {
    let Some((service, api)) = stores().await else { return };
    for (flow, count) in [("often", 25_u8), ("twice", 2)] {
        for number in 0..count {
            let id = ExecutionId::derive(&[flow, &number.to_string()]);
            let made = Execution::created(id, "company.bars", flow, 1, at(number.into()));
            service.create_execution(&made).await.unwrap();
        }
    }
    let flows = ["often", "twice", "never"]
        .map(|id| FlowName { namespace: "company.bars".to_owned(), id: id.to_owned() });
    let before = api.operation_counts();
    let found = api.newest_executions(&flows, 20).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [20, 2, 0]);
    assert_eq!(api.operation_counts().since(before).reads, 20 + 2 + 1, "a query without results is one read");
}

/// A page asks for the number of lines, the last lines, and those that somebody scrolls to.
#[tokio::test]
async fn parts_of_a_log_read_a_long_log_once() {
    let Some((service, api)) = stores().await else { return };
    let made = execution("parts");
    service.create_execution(&made).await.unwrap();
    for number in 0..20 {
        service.append_logs(vec![line(&made.id, &format!("line {number}"))]).await.unwrap();
    }
    let mut last = api.operation_counts();
    let counter = api.clone();
    let mut cost = move || {
        let now = counter.operation_counts();
        std::mem::replace(&mut last, now).reads.abs_diff(now.reads)
    };
    let all = LineFilter::default();
    assert_eq!(api.log_index(&made.id, &all, 0).await.unwrap().total, 20);
    assert_eq!(cost(), 22, "the execution, 20 documents with lines, no attempt");
    for number in [3, 12, 18] {
        let lines = api.log_lines(&made.id, &all, LinesAt::After(number), 2).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [number + 1, number + 2]);
        assert_eq!(cost(), 3, "lines after {number}");
    }
    let page = api.log_page(&made.id, LogLevel::Trace, 15, 3).await.unwrap();
    assert_eq!((page.lines.len(), page.next, page.more, cost()), (3, 18, true, 3));
    service.append_logs(vec![line(&made.id, "one more")]).await.unwrap();
    let page = api.log_page(&made.id, LogLevel::Trace, 18, 10).await.unwrap();
    assert_eq!((page.lines.len(), page.next, page.more, cost()), (3, 21, false, 3 + 23));
    assert_eq!(service.delete_logs(&made.id).await.unwrap(), 21);
    assert_eq!(api.log_index(&made.id, &all, 0).await.unwrap().total, 0, "a deleted log is not shown");
}

#[tokio::test]
async fn a_heartbeat_costs_one_write() {
    let Some((one, other)) = stores().await else { return };
    let attempt = key(&execution("heartbeats").id, 0);
    one.claim(&attempt, "h", at(0), at(60)).await.unwrap();
    let before = one.operation_counts();
    for beat in 1..=5 {
        assert!(one.renew_claim(&attempt, "h", at(60 + beat)).await.unwrap());
    }
    let own = one.operation_counts().since(before);
    assert_eq!((own.reads, own.writes), (0, 5));
    let before = other.operation_counts();
    assert!(other.renew_claim(&attempt, "h", at(90)).await.unwrap());
    let own = other.operation_counts().since(before);
    assert_eq!((own.reads, own.writes), (1, 1));
}

/// Ten thousand task runs in one step are few documents. Adding a result is one write, and the first read
/// needs few documents.
#[tokio::test]
async fn a_fan_out_of_ten_thousand_is_few_documents() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("fan-out");
    one.create_execution(&made).await.unwrap();
    let version = one.execution(&made.id).await.unwrap().unwrap().version;
    let mut change = commit(&made, version);
    change.task_runs = (0..10_000).map(|number| (number, task_run(&made.id, number))).collect();
    let before = one.operation_counts();
    let mut version = one.commit(change).await.unwrap();
    let cost = one.operation_counts().since(before);
    assert!(cost.writes <= 20 && cost.reads == 0, "{cost:?}");

    let before = one.operation_counts();
    let results = 1_000_u64;
    for number in 0..results {
        let mut change = commit(&made, version);
        let number = number * 7_919 % 10_000;
        change.task_runs.push((number, ended(&made.id, number)));
        version = one.commit(change).await.unwrap();
    }
    let cost = one.operation_counts().since(before);
    assert!(cost.writes <= results + 20, "{cost:?}");
    assert_eq!(cost.reads, 0, "a step that goes on from the last needs no read");

    let before = one.operation_counts();
    let here = one.execution(&made.id).await.unwrap().unwrap();
    assert_eq!(one.operation_counts().since(before).reads, 1, "segments never change");
    let there = other.execution(&made.id).await.unwrap().unwrap();
    assert!(other.operation_counts().reads <= 40, "{:?}", other.operation_counts());
    assert!(here == there, "what is remembered is what is stored");
    let runs: HashMap<_, _> = there.task_runs.into_iter().collect();
    assert_eq!(runs.len(), 10_000);
    for number in 0..results {
        let number = number * 7_919 % 10_000;
        assert_eq!(runs.get(&number), Some(&ended(&made.id, number)));
    }
    let before = one.operation_counts();
    assert!(one.delete_execution(&made.id).await.unwrap());
    let cost = one.operation_counts().since(before);
    assert!(cost.deletes <= 60, "{cost:?}");
}

/// A replay of a large execution starts with more than one commit can write.
#[tokio::test]
async fn an_execution_may_begin_larger_than_a_commit() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("replay");
    let text = "x".repeat(2_000);
    let task_runs: Vec<_> = (0..8_000_u64)
        .map(|number| {
            let mut run = ended(&made.id, number);
            run.outputs.insert("text".to_owned(), Json::String(text.clone()));
            (number, run)
        })
        .collect();
    let new = StoredExecution { execution: made.clone(), task_runs, notes: Json::Null, version: 0 };
    assert!(one.create_execution_with(&new).await.unwrap());
    assert!(!other.create_execution_with(&new).await.unwrap());
    let stored = other.execution(&made.id).await.unwrap().unwrap();
    assert!(stored.task_runs == new.task_runs);
    other.commit(commit(&made, stored.version)).await.unwrap();
}

/// Every text may be longer than a document: inputs, notes, a task run, a result, a value, a flow.
#[tokio::test]
async fn long_texts_come_back_whole_and_leave_nothing() {
    let Some((one, other)) = stores().await else { return };
    let long = |letter: &str| Json::String(letter.repeat(700_000));
    let mut made = execution("long");
    made.inputs = Map::from_iter([("text".to_owned(), long("ä"))]);
    one.create_execution(&made).await.unwrap();
    let version = other.execution(&made.id).await.unwrap().unwrap().version;
    let mut change = commit(&made, version);
    change.notes = long("ö");
    let mut run = task_run(&made.id, 0);
    run.outputs.insert("text".to_owned(), long("ü"));
    change.task_runs = vec![(0, run.clone()), (1, task_run(&made.id, 1))];
    let attempt = key(&made.id, 0);
    let mut outcome = result(&attempt);
    outcome.outputs.insert("text".to_owned(), long("ß"));
    one.commit(change.clone()).await.unwrap();
    one.claim(&attempt, "h", at(0), at(60)).await.unwrap();
    let words = "word ".repeat(30_000);
    let lines: Vec<_> = (0..10).map(|number| line(&made.id, &format!("{number} {words}"))).collect();
    assert!(one.finish_claim(&attempt, "h", &outcome, lines).await.unwrap());

    let stored = other.execution(&made.id).await.unwrap().unwrap();
    assert!(stored.execution == made && stored.notes == change.notes);
    assert!(stored.task_runs == change.task_runs);
    let claim = other.claim(&attempt, "late", at(0), at(60)).await.unwrap();
    assert!(claim == Claim::Finished(Box::new(outcome)));
    assert_eq!(other.logs(&made.id, segue_model::log::LogLevel::Trace, 0).await.unwrap().len(), 10);
    // Shorter again: the documents of the old texts are deleted with the write.
    made.inputs.clear();
    let before = other.operation_counts();
    other.commit(commit(&made, stored.version)).await.unwrap();
    assert!(
        other.operation_counts().since(before).deletes >= 4,
        "{:?}",
        other.operation_counts().since(before)
    );
    let stored = one.execution(&made.id).await.unwrap().unwrap();
    assert!(stored.execution == made && stored.notes.is_null() && stored.task_runs == change.task_runs);
    assert!(one.delete_execution(&made.id).await.unwrap());

    let set = |value: Json| KvWrite::Set {
        namespace: "n".to_owned(),
        key: "long/key ü".to_owned(),
        kind: KvType::Json,
        value,
        description: None,
        expires: None,
    };
    for value in [long("a"), long("é"), long("é"), Json::Null] {
        one.write_kv(vec![set(value.clone())], at(1)).await.unwrap();
        let entry = other.kv("n", "long/key ü", at(2)).await.unwrap().unwrap();
        assert!(entry.value == value);
        assert!(other.kv_entries("n", at(2)).await.unwrap() == [entry]);
    }
    let source = format!("id: long\n# {}", "x".repeat(1_500_000));
    let flow = one.put_flow("n", "long", &source, at(0)).await.unwrap();
    assert!(other.flow("n", "long", None).await.unwrap() == Some(flow.clone()));
    one.put_flow("n", "long", "id: long", at(1)).await.unwrap();
    assert!(other.flow("n", "long", Some(1)).await.unwrap() == Some(flow));
    assert_eq!(other.flow_revisions("n", "long").await.unwrap().len(), 2);
}
