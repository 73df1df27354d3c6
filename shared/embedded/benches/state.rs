//! Measures the speed of the state store and the bus on a file. Run `cargo bench -p segue-embedded`.
//!
//! The benchmarks are:
//! - `commit`: commits an execution with a task run and a log line, alone and 32 at the same time. With a thousand task
//!   runs in the execution, a commit must take the same time.
//! - `bus`: publishes a thousand messages in batches of ten and handles them.
//! - `open`: creates a new directory, writes an execution and closes everything.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use segue_embedded::{BusOptions, Database, DurableBus, SqliteStateStore};
use segue_model::event::Event;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_model::task_run::TaskRun;
use segue_ports::state::{Commit, ExecutionFilter, StateStore as _};
use segue_ports::wire::{ExecutionMessage, Message};
use segue_ports::{EventBus as _, MessageHandler, Outgoing, PortError, Topic, Verdict};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

fn execution(name: &str) -> Execution {
    let id = ExecutionId::derive(&[name]);
    let start = Timestamp::now();
    Execution {
        state: StateHistory::new(State::Running, start),
        ..Execution::created(id, "company.team", "taxi", 1, start)
    }
}

fn commit(execution: &Execution, version: u64, position: u64) -> Commit {
    let id = TaskRunId::derive(&execution.id, None, "log", None, Some(position));
    let now = Timestamp::now();
    let task_run = TaskRun {
        iteration: Some(position),
        state: StateHistory::new(State::Success, now),
        ..TaskRun::created(id, "log", now)
    };
    let line = LogEntry {
        namespace: execution.namespace.clone(),
        flow_id: execution.flow_id.clone(),
        execution_id: execution.id.clone(),
        task_id: Some("log".to_owned()),
        task_run_id: Some(task_run.id.clone()),
        attempt_number: Some(0),
        timestamp: Timestamp::now(),
        level: LogLevel::Info,
        message: "a line of an ordinary length for a log".to_owned(),
    };
    Commit {
        task_runs: vec![(position, task_run)],
        logs: vec![line],
        ..Commit::new(execution.clone(), version, Timestamp::UNIX_EPOCH)
    }
}

async fn create(store: &SqliteStateStore, name: &str) -> Result<Execution, PortError> {
    let execution = execution(name);
    store.create_execution(&execution).await?;
    Ok(execution)
}

fn commits(bench: &mut Criterion) {
    let Ok(runtime) = Runtime::new() else { return };
    let Ok(directory) = tempfile::tempdir() else { return };
    let Ok(store) = SqliteStateStore::open(&directory.path().join("segue.db")) else { return };
    let mut group = bench.benchmark_group("commit");
    for task_runs in [0_u64, 1_000] {
        let name = format!("with {task_runs} task runs");
        let Ok(execution) = runtime.block_on(create(&store, &name)) else { return };
        let mut version = 0;
        for position in 0..task_runs {
            version =
                runtime.block_on(store.commit(commit(&execution, version, position))).unwrap_or(version);
        }
        group.bench_function(&name, |bench| {
            bench.iter(|| {
                version =
                    runtime.block_on(store.commit(commit(&execution, version, task_runs))).unwrap_or(version);
            });
        });
    }
    let executions: Vec<_> = (0..32)
        .filter_map(|index| runtime.block_on(create(&store, &format!("at once {index}"))).ok())
        .collect();
    let mut version = 0;
    group.throughput(Throughput::Elements(32));
    group.bench_function("32 at once", |bench| {
        bench.iter(|| {
            let all = executions.iter().map(|execution| store.commit(commit(execution, version, 0)));
            if runtime.block_on(futures::future::try_join_all(all)).is_ok() {
                version += 1;
            }
        });
    });
    group.finish();
    let filter = ExecutionFilter { namespace: Some("company".to_owned()), limit: 25, ..Default::default() };
    bench.bench_function("search a page", |bench| {
        bench.iter(|| runtime.block_on(store.executions(&filter)));
    });
}

struct Count(AtomicU64);

#[async_trait]
impl MessageHandler for Count {
    async fn handle(&self, _: Message) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        Verdict::Done
    }
}

fn messages(bench: &mut Criterion) {
    const MESSAGES: u64 = 1_000;
    let Ok(runtime) = Runtime::new() else { return };
    let Ok(directory) = tempfile::tempdir() else { return };
    let Ok(database) = Database::open(&directory.path().join("segue.db")) else { return };
    let Ok(bus) = DurableBus::new(database, BusOptions::default()) else { return };
    let (worker, shutdown) = (bus.clone(), CancellationToken::new());
    let token = shutdown.clone();
    let running = runtime.spawn(async move {
        worker.run(Topic::Executions, Arc::new(Count(AtomicU64::new(0))), 64, token).await
    });
    let message = || Outgoing {
        topic: Topic::Executions,
        message: Message::Execution(ExecutionMessage::new(ExecutionId::from("e"), Event::ExecutionCreated)),
    };
    let mut group = bench.benchmark_group("bus");
    group.throughput(Throughput::Elements(MESSAGES));
    group.bench_function("publish and handle", |bench| {
        bench.iter(|| {
            runtime.block_on(async {
                for _ in 0..MESSAGES / 10 {
                    let batch = (0..10).map(|_| message()).collect();
                    if bus.publish(batch).await.is_err() {
                        return;
                    }
                }
                while bus.pending() > 0 {
                    tokio::task::yield_now().await;
                }
            });
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one message there and done", |bench| {
        bench.iter(|| {
            runtime.block_on(async {
                if bus.publish(vec![message()]).await.is_ok() {
                    while bus.pending() > 0 {
                        tokio::task::yield_now().await;
                    }
                }
            });
        });
    });
    group.finish();
    shutdown.cancel();
    let _ = runtime.block_on(running);
}

fn opening(bench: &mut Criterion) {
    let Ok(runtime) = Runtime::new() else { return };
    bench.bench_function("open a fresh directory, write, close", |bench| {
        bench.iter_batched(
            tempfile::tempdir,
            |directory| {
                let Ok(directory) = directory else { return };
                if let Ok(store) = SqliteStateStore::open(&directory.path().join("segue.db")) {
                    let _ = runtime.block_on(create(&store, "only"));
                }
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, commits, messages, opening);
criterion_main!(benches);
