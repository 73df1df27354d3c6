//! Writes large amounts of flows, executions, task runs and log lines into a store, for tests of the web pages.
//!
//! Everything goes through the ports, so the pages find it as if it had run.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use super::seed::AT_ONCE;
use futures::TryStreamExt as _;
use futures::stream::iter;
use jiff::{SignedDuration, Timestamp};
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_ports::state::{StateStore, StoredExecution};

/// The namespace of everything that is written here.
pub const NAMESPACE: &str = "volume";
/// The lines that are written at once.
const LINES: usize = 5_000;
/// One of so many lines of a long log has this text, for searches.
const NEEDLE: (usize, &str) = (997, "needle");

/// Saves `count` flows in a hundred namespaces of three levels.
///
/// # Errors
/// The error of the store.
pub async fn flows(store: &dyn StateStore, count: usize) -> anyhow::Result<()> {
    let now = Timestamp::now();
    iter((0..count).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |number| async move {
            let namespace = format!("{NAMESPACE}.team{}.area{}", number % 10, number / 10 % 10);
            let id = format!("flow_{number:05}");
            let source = format!(
                "id: {id}\nnamespace: {namespace}\nlabels:\n  team: team{}\ntasks:\n- id: say\n  \
                 type: io.kestra.plugin.core.log.Log\n  message: number {number}\n",
                number % 10
            );
            store.put_flow(&namespace, &id, &source, now).await.map(drop)
        })
        .await?;
    Ok(())
}

/// Writes `count` executions of the last 90 days, one of ten FAILED, with the label `batch`.
///
/// # Errors
/// The error of the store.
pub async fn executions(store: &dyn StateStore, count: usize) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let step = SignedDuration::from_hours(90 * 24) / i32::try_from(count.max(1))?;
    iter((0..count).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |number| async move {
            let back = step * i32::try_from(count - number).unwrap_or(i32::MAX);
            let start = now - back;
            let id = ExecutionId::derive(&["volume", &number.to_string()]);
            let state = if number.is_multiple_of(10) { State::Failed } else { State::Success };
            let execution = Execution {
                labels: vec![Label::new("batch", format!("{}", number / 1_000))],
                state: ended(start, state, SignedDuration::from_millis(200 + (number % 4_000) as i64)),
                ..Execution::created(id, NAMESPACE, &format!("load_{:02}", number % 50), 1, start)
            };
            store.create_execution(&execution).await.map(drop)
        })
        .await?;
    Ok(())
}

/// The history of something that ran and ended.
fn ended(start: Timestamp, state: State, length: SignedDuration) -> StateHistory {
    let mut history = StateHistory::new(State::Created, start);
    history.enter(State::Running, start + SignedDuration::from_millis(1));
    history.enter(state, start + length);
    history
}

/// Writes an ended execution of the flow `wide`: a loop with `count` rounds. Returns its id.
///
/// # Errors
/// The error of the store.
pub async fn wide(store: &dyn StateStore, count: usize) -> anyhow::Result<ExecutionId> {
    let start = Timestamp::now() - SignedDuration::from_hours(1);
    let id = ExecutionId::derive(&["volume", "wide"]);
    let mut each = TaskRun::created(TaskRunId::from("wide-each"), "each", start);
    each.state = ended(start, State::Failed, SignedDuration::from_millis(count as i64 + 500));
    let round = |number: usize| {
        let begin = start + SignedDuration::from_millis(number as i64);
        let state = if number % 100 == 7 { State::Failed } else { State::Success };
        let history = ended(begin, state, SignedDuration::from_millis(80 + (number % 400) as i64));
        let mut run = TaskRun::created(TaskRunId::from(format!("wide-{number}")), "load_part", begin);
        run.parent_task_run_id = Some(each.id.clone());
        run.value = Some(format!("part-{number:05}.csv"));
        run.iteration = Some(number as u64);
        run.attempts = vec![Attempt { state: history.clone(), log_file: None }];
        run.state = history;
        run
    };
    let runs = std::iter::once(each.clone()).chain((0..count.saturating_sub(1)).map(round));
    let execution = Execution {
        state: ended(start, State::Failed, SignedDuration::from_millis(count as i64 + 600)),
        ..Execution::created(id.clone(), NAMESPACE, "wide", 1, start)
    };
    let stored = StoredExecution {
        execution,
        task_runs: (0_u64..).zip(runs).collect(),
        notes: serde_json::Value::Null,
        version: 0,
    };
    store.create_execution_with(&stored).await?;
    Ok(id)
}

/// Writes an ended execution of the flow `long` with a log of `count` lines. Returns its id.
///
/// # Errors
/// The error of the store.
pub async fn log(store: &dyn StateStore, count: usize) -> anyhow::Result<ExecutionId> {
    let start = Timestamp::now() - SignedDuration::from_hours(2);
    let id = ExecutionId::derive(&["volume", "long"]);
    let mut run = TaskRun::created(TaskRunId::from("long-load"), "load", start);
    run.state = ended(start, State::Success, SignedDuration::from_mins(40));
    run.attempts = vec![Attempt { state: run.state.clone(), log_file: None }];
    let execution =
        Execution { state: run.state.clone(), ..Execution::created(id.clone(), NAMESPACE, "long", 1, start) };
    let run_id = run.id.clone();
    let stored =
        StoredExecution { execution, task_runs: vec![(0, run)], notes: serde_json::Value::Null, version: 0 };
    store.create_execution_with(&stored).await?;
    let line = |number: usize| LogEntry {
        namespace: NAMESPACE.to_owned(),
        flow_id: "long".to_owned(),
        execution_id: id.clone(),
        task_id: Some("load".to_owned()),
        task_run_id: Some(run_id.clone()),
        attempt_number: Some(0),
        timestamp: start + SignedDuration::from_millis(2 * number as i64),
        level: if number.is_multiple_of(1_000) { LogLevel::Warn } else { LogLevel::Info },
        message: match number % NEEDLE.0 {
            0 => format!("line {number} has the {}", NEEDLE.1),
            _ => format!("line {number}: row group {} of orders.parquet is loaded", number / 50),
        },
    };
    // The numbers of lines follow the order of writing.
    let mut from = 1;
    while from <= count {
        let to = (from + LINES).min(count + 1);
        store.append_logs((from..to).map(line).collect()).await?;
        from = to;
    }
    Ok(id)
}
