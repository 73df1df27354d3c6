//! Backfills: versions, and searches.

use super::{at, label};
use crate::error::PortError;
use crate::schedule::BackfillFilter;
use crate::state::StateStore;
use segue_model::Map;
use segue_model::backfill::{ActiveSlot, Backfill, BackfillMode, BackfillState};
use segue_model::state::State;
use segue_model::trigger_state::TriggerKey;

fn backfill(scope: &str, flow: &str, id: &str) -> Backfill {
    Backfill {
        id: format!("{scope}-{id}"),
        trigger: TriggerKey::new(format!("{scope}.backfills"), flow, "monthly"),
        start: at(0),
        end: at(100),
        inputs: Map::new(),
        labels: vec![label("why", "gap")],
        mode: BackfillMode::Missing,
        max_active: 2,
        state: BackfillState::Running,
        message: None,
        total: 7,
        next: Some(at(0)),
        active: Vec::new(),
        ended: [(State::Success, 2)].into(),
        created: at(1),
        updated: at(1),
    }
}

/// A backfill is written only on the version that was read, and is read back unchanged.
pub async fn a_backfill_moves_on_its_version(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let first = backfill(scope, "moves", "m");
    assert_eq!(store.backfill(&first.id).await?, None);
    let refused = store.put_backfill(&first, 1).await;
    assert!(matches!(refused, Err(PortError::Conflict { .. })), "no backfill has that version: {refused:?}");
    assert_eq!(store.put_backfill(&first, 0).await?, 1);
    let again = store.put_backfill(&first, 0).await;
    assert!(matches!(again, Err(PortError::Conflict { .. })), "the backfill exists already: {again:?}");
    let on = Backfill {
        next: None,
        active: vec![ActiveSlot { date: at(50), execution_id: "e1".into() }],
        ended: [(State::Success, 5), (State::Skipped, 1)].into(),
        message: Some("ü".to_owned()),
        updated: at(9),
        ..first.clone()
    };
    assert_eq!(store.put_backfill(&on, 1).await?, 2);
    let late = store.put_backfill(&first, 1).await;
    assert!(matches!(late, Err(PortError::Conflict { .. })), "the backfill was changed in between: {late:?}");
    let found = store.backfill(&first.id).await?.ok_or_else(|| PortError::not_found("the backfill"))?;
    assert_eq!((found.value, found.version), (on, 2));
    Ok(())
}

/// Backfills are found by namespace, flow, trigger and state, newest first, page by page.
pub async fn backfills_are_found(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    for (flow, id) in [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")] {
        store.put_backfill(&backfill(scope, flow, id), 0).await?;
    }
    let done = Backfill { state: BackfillState::Finished, ..backfill(scope, "a", "2") };
    store.put_backfill(&done, 1).await?;
    let find = |filter: BackfillFilter| {
        let filter = BackfillFilter { namespace: Some(scope.to_owned()), ..filter };
        async move {
            let found = store.backfills(&filter).await?;
            let number = |one: Backfill| one.id.rsplit('-').next().unwrap_or_default().to_owned();
            Ok::<_, PortError>(found.into_iter().map(number).filter(|id| id != "m").collect::<Vec<_>>())
        }
    };
    let of_flow = |flow: &str| BackfillFilter { flow_id: Some(flow.to_owned()), ..BackfillFilter::default() };
    assert_eq!(find(BackfillFilter::default()).await?, ["4", "3", "2", "1"], "newest first, changed or not");
    assert_eq!(find(of_flow("a")).await?, ["4", "2", "1"]);
    let running = BackfillFilter { states: vec![BackfillState::Running], ..of_flow("a") };
    assert_eq!(find(running).await?, ["4", "1"]);
    let either = vec![BackfillState::Finished, BackfillState::Paused];
    assert_eq!(find(BackfillFilter { states: either, ..of_flow("a") }).await?, ["2"]);
    let of_trigger = |id: &str| BackfillFilter { trigger_id: Some(id.to_owned()), ..of_flow("a") };
    assert_eq!(find(of_trigger("monthly")).await?, ["4", "2", "1"]);
    assert_eq!(find(of_trigger("daily")).await?, [""; 0]);
    assert_eq!(find(BackfillFilter { limit: 2, offset: 1, ..of_flow("a") }).await?, ["2", "1"]);
    Ok(())
}
