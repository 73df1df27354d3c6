//! Claims.

use super::{at, execution, task_run};
use crate::error::PortError;
use crate::state::{Claim, StateStore};
use crate::wire::AttemptKey;
use segue_model::Map;
use segue_model::event::TaskRunResult;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use serde_json::json;

fn key(scope: &str, name: &str) -> AttemptKey {
    let execution_id = execution(scope, "claims", name, at(0)).id;
    let task_run_id = task_run(&execution_id, "one").id;
    AttemptKey { execution_id, task_run_id, attempt: 0 }
}

fn result(key: &AttemptKey) -> TaskRunResult {
    TaskRunResult {
        task_run_id: key.task_run_id.clone(),
        attempt: key.attempt,
        state: State::Success,
        outputs: Map::from_iter([("rows".to_owned(), json!(780))]),
        error: None,
        start_date: at(0),
        end_date: at(1),
        dynamic: Vec::new(),
        metrics: Vec::new(),
    }
}

fn last_line(scope: &str, key: &AttemptKey) -> LogEntry {
    LogEntry {
        namespace: scope.to_owned(),
        flow_id: "claims".to_owned(),
        execution_id: key.execution_id.clone(),
        task_id: Some("one".to_owned()),
        task_run_id: Some(key.task_run_id.clone()),
        attempt_number: Some(key.attempt),
        timestamp: at(1),
        level: LogLevel::Info,
        message: "done".to_owned(),
    }
}

fn granted(deliveries: u32) -> Claim {
    Claim::Granted { deliveries }
}

fn held(until: i64) -> Claim {
    Claim::Held { until: at(until), handed_back: false }
}

/// Only one of many simultaneous callers gets the claim. A duplicate finds the claim held, and later
/// finished.
pub async fn an_attempt_is_run_by_one_holder(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let key = &key(scope, "one");
    let asking = (0..8).map(|index| async move {
        let holder = format!("holder-{index}");
        let claim = store.claim(key, &holder, at(0), at(60)).await?;
        Ok::<_, PortError>((holder, claim))
    });
    let claims = futures::future::try_join_all(asking).await?;
    let mut lucky = claims.iter().filter(|(_, claim)| *claim == granted(1));
    let Some((holder, _)) = lucky.next() else {
        return Err(PortError::invalid("nobody was granted the claim"));
    };
    assert!(lucky.next().is_none(), "only one is granted the claim");
    let others = claims.iter().filter(|(_, claim)| *claim == held(60));
    assert_eq!(others.count(), 7, "the other callers get the end of the lease");
    assert_eq!(
        store.claim(key, holder, at(1), at(90)).await?,
        granted(2),
        "the holder may claim the attempt again"
    );
    assert!(store.renew_claim(key, holder, at(120)).await?, "and make it longer");
    assert_eq!(store.claim(key, "other", at(100), at(160)).await?, held(120));
    assert!(!store.renew_claim(key, "other", at(300)).await?, "nobody else can");
    let lines = vec![last_line(scope, key)];
    assert!(!store.finish_claim(key, "other", &result(key), lines.clone()).await?, "nor end it");
    assert!(store.logs(&key.execution_id, LogLevel::Trace, 0).await?.is_empty(), "nor write its log");
    assert!(store.finish_claim(key, holder, &result(key), lines).await?, "its holder ends it");
    assert_eq!(store.logs(&key.execution_id, LogLevel::Trace, 0).await?.len(), 1);
    let finished = store.claim(key, "late", at(1_000), at(1_060)).await?;
    assert_eq!(finished, Claim::Finished(Box::new(result(key))), "a duplicate finds the result");
    assert!(!store.renew_claim(key, holder, at(2_000)).await?, "an ended attempt has no claim to renew");
    let next = AttemptKey { attempt: 1, ..key.clone() };
    assert_eq!(store.claim(&next, "other", at(2), at(60)).await?, granted(1), "attempts are apart");
    Ok(())
}

/// After the lease has ended, the next caller gets the claim, and the former holder can no longer use it.
pub async fn an_expired_claim_is_taken_over(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let key = &key(scope, "expired");
    assert_eq!(store.claim(key, "dead", at(0), at(60)).await?, granted(1));
    assert_eq!(store.claim(key, "alive", at(59), at(120)).await?, held(60));
    assert_eq!(store.claim(key, "alive", at(60), at(120)).await?, granted(2), "the lease has ended");
    assert!(!store.renew_claim(key, "dead", at(180)).await?, "the former holder has lost the claim");
    let lines = vec![last_line(scope, key)];
    assert!(!store.finish_claim(key, "dead", &result(key), lines.clone()).await?, "and its result");
    assert!(store.logs(&key.execution_id, LogLevel::Trace, 0).await?.is_empty(), "and its lines");
    assert!(store.finish_claim(key, "alive", &result(key), lines).await?);
    Ok(())
}

/// Deliveries that took a claim and never ended are counted, for all holders together. A delivery that hands
/// the claim back resets the count.
pub async fn deliveries_that_never_ended_are_counted(
    store: &dyn StateStore,
    scope: &str,
) -> Result<(), PortError> {
    let key = &key(scope, "counted");
    assert_eq!(store.claim(key, "one", at(0), at(60)).await?, granted(1));
    assert!(store.renew_claim(key, "one", at(90)).await?, "a heartbeat");
    assert_eq!(store.claim(key, "one", at(1), at(90)).await?, granted(2), "the same holder after its death");
    assert_eq!(store.claim(key, "other", at(2), at(90)).await?, held(90), "counts nothing");
    assert_eq!(store.claim(key, "other", at(90), at(150)).await?, granted(3), "another one after it");
    assert!(!store.hand_back_claim(key, "one", at(0)).await?, "a former holder cannot hand the claim back");
    assert!(store.hand_back_claim(key, "other", at(200)).await?);
    let waits = store.claim(key, "one", at(199), at(260)).await?;
    assert_eq!(
        waits,
        Claim::Held { until: at(200), handed_back: true },
        "a claim that was handed back stays with its holder until the given time"
    );
    assert_eq!(
        store.claim(key, "other", at(199), at(260)).await?,
        granted(1),
        "handing back resets the count"
    );
    assert!(store.hand_back_claim(key, "other", at(199)).await?);
    assert_eq!(store.claim(key, "one", at(199), at(260)).await?, granted(1), "free at once");
    assert!(store.finish_claim(key, "one", &result(key), Vec::new()).await?);
    assert!(!store.hand_back_claim(key, "one", at(300)).await?, "an ended attempt has no claim to hand back");
    Ok(())
}

/// Of several callers that want to continue the work of a holder who handed the claim back, one takes the claim over.
/// Work that was not handed back stays with its holder.
pub async fn a_claim_that_was_handed_back_is_taken_over_once(
    store: &dyn StateStore,
    scope: &str,
) -> Result<(), PortError> {
    let key = &key(scope, "taken-over");
    assert_eq!(store.claim(key, "first", at(0), at(60)).await?, granted(1));
    let early = store.take_claim_over(key, "first", "early", at(1), at(60)).await?;
    assert_eq!(early, held(60), "the first holder still works");
    assert!(store.hand_back_claim(key, "first", at(700)).await?);
    let other = store.take_claim_over(key, "somebody", "other", at(30), at(90)).await?;
    assert_eq!(other, Claim::Held { until: at(700), handed_back: true }, "not the work of this holder");
    let asking = (0..4).map(|index| async move {
        store.take_claim_over(key, "first", &format!("holder-{index}"), at(30), at(90)).await
    });
    let claims = futures::future::try_join_all(asking).await?;
    assert_eq!(claims.iter().filter(|claim| **claim == granted(1)).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|claim| **claim == held(90)).count(), 3, "{claims:?}");
    assert!(!store.renew_claim(key, "first", at(800)).await?, "the first holder has lost the claim");
    let late = store.take_claim_over(key, "first", "late", at(90), at(150)).await?;
    assert_eq!(late, granted(2), "an expired claim is for everybody");
    Ok(())
}

/// Displays see which attempts a worker has begun, and since when.
pub async fn begun_attempts_are_known(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let one = key(scope, "begun");
    let other = AttemptKey { task_run_id: task_run(&one.execution_id, "other").id, ..one.clone() };
    let asked = [other.clone(), one.clone()];
    assert_eq!(store.begun_attempts(&[]).await?, []);
    assert_eq!(store.begun_attempts(&asked).await?, [None, None]);
    assert_eq!(store.claim(&one, "dead", at(1), at(60)).await?, granted(1));
    assert_eq!(store.begun_attempts(&asked).await?, [None, Some(at(1))]);
    assert!(store.renew_claim(&one, "dead", at(61)).await?);
    assert_eq!(store.claim(&one, "alive", at(61), at(120)).await?, granted(2));
    assert!(store.hand_back_claim(&one, "alive", at(200)).await?);
    assert_eq!(store.begun_attempts(&asked).await?, [None, Some(at(1))], "the first worker counts");
    store.revoke_claims(std::slice::from_ref(&other)).await?;
    assert_eq!(store.begun_attempts(&asked).await?, [None, Some(at(1))], "a revoked attempt never began");
    Ok(())
}

/// A revoked claim stays revoked, for every caller. An attempt that has ended keeps its result.
pub async fn revoked_claims_stay_revoked(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let one = key(scope, "revoked");
    let other = AttemptKey { task_run_id: task_run(&one.execution_id, "other").id, ..one.clone() };
    for key in [&one, &other] {
        assert_eq!(store.claim(key, "holder", at(0), at(60)).await?, granted(1));
    }
    store.revoke_claims(std::slice::from_ref(&one)).await?;
    store.revoke_claims(std::slice::from_ref(&one)).await?;
    assert!(
        !store.renew_claim(&one, "holder", at(120)).await?,
        "the holder of a revoked claim cannot renew it"
    );
    assert!(!store.finish_claim(&one, "holder", &result(&one), Vec::new()).await?, "its result is refused");
    for holder in ["holder", "new"] {
        let again = store.claim(&one, holder, at(1_000), at(1_060)).await?;
        assert_eq!(again, Claim::Revoked, "a revoked claim is granted to nobody");
    }
    let next = AttemptKey { attempt: 1, ..one.clone() };
    assert_eq!(store.claim(&next, "new", at(1), at(60)).await?, granted(1), "the next attempt is free");
    assert!(store.finish_claim(&other, "holder", &result(&other), Vec::new()).await?, "others go on");
    // A kill may arrive before the message that brings the attempt to its service.
    let unclaimed = AttemptKey { attempt: 2, ..one.clone() };
    store.revoke_claims(&[next.clone(), unclaimed.clone(), other.clone()]).await?;
    assert!(!store.renew_claim(&next, "new", at(120)).await?, "several at once");
    assert_eq!(
        store.claim(&unclaimed, "late", at(1), at(60)).await?,
        Claim::Revoked,
        "before it was claimed"
    );
    assert!(!store.finish_claim(&unclaimed, "late", &result(&unclaimed), Vec::new()).await?);
    let after = AttemptKey { attempt: 3, ..one.clone() };
    assert_eq!(store.claim(&after, "new", at(1), at(60)).await?, granted(1), "what follows is free");
    let ended = store.claim(&other, "late", at(1), at(60)).await?;
    assert!(matches!(ended, Claim::Finished(_)), "an ended attempt keeps its result: {ended:?}");
    Ok(())
}
