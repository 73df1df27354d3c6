//! Counts of executions that have ended.

use super::{at, execution, load};
use crate::ended::{Ended, EndedFilter, QUARTER};
use crate::error::PortError;
use crate::state::{Commit, StateStore};
use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::state::State;
use std::collections::BTreeMap;

/// Executions are counted when they end, no longer when they go on or are deleted, and in the period of their start.
pub async fn ended_executions_are_counted(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let space = format!("{scope}.ended");
    let start = Timestamp::from_second(at(0).as_second().div_euclid(QUARTER) * QUARTER).unwrap_or_default();
    let later =
        |seconds: i64| Timestamp::from_second(start.as_second().saturating_add(seconds)).unwrap_or_default();
    let edges = [start, later(QUARTER), later(3 * QUARTER)];
    let made = |id: &str, flow: &str, seconds: i64| execution(&space, flow, id, later(seconds));
    let all = [
        made("a", "f", 0),
        made("b", "f", QUARTER - 1),
        made("c", "g", QUARTER),
        made("d", "g", 3 * QUARTER),
    ];
    for one in &all {
        assert!(store.create_execution(one).await?);
    }
    let filter = EndedFilter { namespace: Some(space.clone()), ..EndedFilter::default() };
    let states = |counts: &[Ended]| -> Vec<BTreeMap<State, u64>> {
        counts.iter().map(|one| one.states.clone()).collect()
    };
    let none = BTreeMap::new();
    let found = store.ended_executions(&filter, &edges).await?;
    assert_eq!(states(&found), [none.clone(), none.clone()], "what runs is not counted");
    let [a, b, c, d] = &all;
    for (one, state) in [(a, State::Success), (b, State::Failed), (c, State::Success), (d, State::Success)] {
        end(store, one, state).await?;
    }
    let found = store.ended_executions(&filter, &edges).await?;
    let first = BTreeMap::from([(State::Success, 1), (State::Failed, 1)]);
    let second = BTreeMap::from([(State::Success, 1)]);
    assert_eq!(states(&found), [first, second.clone()]);
    if let Some(kept) = found.first().filter(|one| !one.lengths.is_empty()) {
        assert_eq!(kept.lengths.values().sum::<u64>(), 2, "each is in one class");
    }
    let of_flow = EndedFilter { flow_id: Some("g".to_owned()), exact_namespace: true, ..filter.clone() };
    assert_eq!(states(&store.ended_executions(&of_flow, &edges).await?), [none.clone(), second.clone()]);
    // A restart goes on, and the end counts again.
    let mut again = a.clone();
    again.state.enter(State::Success, later(5));
    again.state.enter(State::Restarted, later(6));
    let version = load(store, &again.id).await?.version;
    store.commit(Commit::new(again.clone(), version, later(6))).await?;
    let failed = BTreeMap::from([(State::Failed, 1)]);
    assert_eq!(states(&store.ended_executions(&filter, &edges).await?), [failed.clone(), second.clone()]);
    end(store, &again, State::Warning).await?;
    store.delete_execution(&b.id).await?;
    let warning = BTreeMap::from([(State::Warning, 1)]);
    assert_eq!(states(&store.ended_executions(&filter, &edges).await?), [warning, second]);
    assert!(store.ended_executions(&filter, &[]).await?.is_empty());
    Ok(())
}

async fn end(store: &dyn StateStore, one: &Execution, state: State) -> Result<(), PortError> {
    let mut ended = one.clone();
    let now = one.state.start_date().checked_add(jiff::SignedDuration::from_secs(5)).unwrap_or_default();
    ended.state.enter(state, now);
    let version = load(store, &one.id).await?.version;
    store.commit(Commit::new(ended, version, now)).await.map(drop)
}
