//! States of triggers: versions, and due dates.

use super::at;
use crate::error::PortError;
use crate::schedule::TriggerFilter;
use crate::state::StateStore;
use jiff::Timestamp;
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use serde_json::json;

fn state(key: &TriggerKey, next: Option<Timestamp>) -> TriggerState {
    TriggerState {
        key: key.clone(),
        date: None,
        next_execution_date: next,
        disabled: false,
        execution_id: None,
        definition: "['Schedule', '@daily']".to_owned(),
        memo: Json::Null,
        updated_date: at(0),
    }
}

/// A state is written only on the version that was read, and is read back unchanged.
pub async fn a_trigger_moves_on_its_version(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let key = TriggerKey::new(format!("{scope}.triggers"), "taxi", "daily");
    assert_eq!(store.trigger(&key).await?, None);
    let first = state(&key, Some(at(10)));
    let refused = store.put_trigger(&first, 3).await;
    assert!(matches!(refused, Err(PortError::Conflict { .. })), "no state has that version: {refused:?}");
    assert_eq!(store.put_trigger(&first, 0).await?, 1);
    let again = store.put_trigger(&state(&key, None), 0).await;
    assert!(matches!(again, Err(PortError::Conflict { .. })), "the state exists already: {again:?}");
    let full = TriggerState {
        date: Some(at(10)),
        next_execution_date: Some(Timestamp::from_nanosecond(1_700_000_020_000_000_001).unwrap_or(at(20))),
        execution_id: Some(ExecutionId::from("e1")),
        memo: json!({"windows": {"a": [1, null, "ü"]}}),
        updated_date: at(11),
        ..first
    };
    assert_eq!(store.put_trigger(&full, 1).await?, 2);
    let late = store.put_trigger(&state(&key, None), 1).await;
    assert!(matches!(late, Err(PortError::Conflict { .. })), "the state was changed in between: {late:?}");
    let found = store.trigger(&key).await?.ok_or_else(|| PortError::not_found("the trigger"))?;
    assert_eq!((found.value, found.version), (full, 2));
    assert!(store.delete_trigger(&key).await?);
    assert!(!store.delete_trigger(&key).await?, "it is gone already");
    assert_eq!(store.trigger(&key).await?, None);
    assert_eq!(store.put_trigger(&state(&key, None), 0).await?, 1, "it is created again");
    Ok(())
}

/// A trigger is due only if it is enabled and no execution holds it. Due triggers come earliest first. The
/// list has all triggers.
pub async fn due_triggers_are_free_and_enabled(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let space = format!("{scope}.due");
    // These dates are long ago, so triggers of other checks are due later.
    let early = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH);
    let key = |id: &str| TriggerKey::new(&space, "taxi", id);
    store.put_trigger(&state(&key("later"), Some(early(20))), 0).await?;
    store.put_trigger(&state(&key("now"), Some(early(10))), 0).await?;
    store.put_trigger(&state(&key("never"), None), 0).await?;
    let off = TriggerState { disabled: true, ..state(&key("off"), Some(early(1))) };
    store.put_trigger(&off, 0).await?;
    let held = TriggerState { execution_id: Some("e".into()), ..state(&key("held"), Some(early(2))) };
    store.put_trigger(&held, 0).await?;
    let due = |second, limit| {
        let space = &space;
        async move {
            let due = store.due_triggers(early(second), limit).await?;
            let own = due.into_iter().filter(|key| key.namespace == *space);
            Ok::<_, PortError>(own.map(|key| key.trigger_id).collect::<Vec<_>>())
        }
    };
    assert_eq!(due(9, 100).await?, [""; 0]);
    assert_eq!(due(10, 100).await?, ["now"], "at its very moment");
    assert_eq!(due(30, 100).await?, ["now", "later"]);
    assert!(store.due_triggers(early(30), 1).await?.len() <= 1, "at most as many as asked for");
    assert!(store.next_slot().await?.is_some_and(|next| next <= early(10)));
    store.put_trigger(&TriggerState { execution_id: None, ..held }, 1).await?;
    store.put_trigger(&TriggerState { disabled: true, ..state(&key("now"), Some(early(10))) }, 1).await?;
    assert_eq!(due(30, 100).await?, ["held", "later"], "freed, and switched off");
    listed(store, scope, &space).await?;
    for id in ["later", "now", "never", "off", "held"] {
        store.delete_trigger(&key(id)).await?;
    }
    assert_eq!(due(30, 100).await?, [""; 0]);
    Ok(())
}

async fn listed(store: &dyn StateStore, scope: &str, space: &str) -> Result<(), PortError> {
    let other = TriggerKey::new(format!("{space}.below"), "bikes", "a");
    store.put_trigger(&state(&other, None), 0).await?;
    let beside = TriggerKey::new(format!("{space}x"), "bikes", "a");
    store.put_trigger(&state(&beside, None), 0).await?;
    let list = |namespace: &str, flow: Option<&str>| {
        let filter =
            TriggerFilter { namespace: Some(namespace.to_owned()), flow_id: flow.map(str::to_owned) };
        async move {
            let found = store.triggers(&filter).await?;
            assert!(store.count_triggers().await? >= found.len() as u64, "all are counted");
            let name = |state: TriggerState| format!("{}.{}", state.key.flow_id, state.key.trigger_id);
            Ok::<_, PortError>(found.into_iter().map(name).collect::<Vec<_>>())
        }
    };
    assert_eq!(
        list(space, None).await?,
        ["taxi.held", "taxi.later", "taxi.never", "taxi.now", "taxi.off", "bikes.a"],
        "a namespace and those below it, in order"
    );
    assert_eq!(list(space, Some("bikes")).await?, ["bikes.a"]);
    assert_eq!(list(&format!("{scope}.none"), None).await?, [""; 0]);
    store.delete_trigger(&other).await?;
    store.delete_trigger(&beside).await?;
    Ok(())
}
