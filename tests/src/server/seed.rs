//! Writes past executions directly into a store.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::state::{State, StateHistory};
use segue_ports::StateStore as _;
use std::path::Path;

/// The number of simultaneous writes. The store commits waiting changes together, so this is fast.
pub(super) const AT_ONCE: usize = 512;

/// Writes `count` ended executions into the store of a data directory. Their dates are in the last year, and they
/// belong to a hundred flows.
///
/// # Errors
/// The error of the store.
pub async fn past_executions(data_dir: &Path, count: usize) -> anyhow::Result<()> {
    std::fs::create_dir_all(data_dir)?;
    let store = segue_embedded::SqliteStateStore::open(&data_dir.join("segue.db"))?;
    let now = Timestamp::now();
    let step = SignedDuration::from_secs(365 * 86_400) / i32::try_from(count.max(1))?;
    futures::stream::iter((0..count).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |number| {
            let store = &store;
            async move {
                let back = step * i32::try_from(count - number).unwrap_or(i32::MAX);
                store.create_execution(&past(number, now - back)).await.map(drop)
            }
        })
        .await?;
    Ok(())
}

fn past(number: usize, start: Timestamp) -> Execution {
    let id = ExecutionId::derive(&["past", &number.to_string()]);
    let mut state = StateHistory::new(State::Created, start);
    state.enter(State::Running, start + SignedDuration::from_millis(1));
    state.enter(State::Success, start + SignedDuration::from_millis(5));
    Execution {
        labels: vec![Label::new("system.correlationId", id.as_str())],
        state,
        ..Execution::created(id, "past", &format!("flow-{}", number % 100), 1, start)
    }
}
