//! Permits of flows with a concurrency limit.

use super::{at, execution};
use crate::error::PortError;
use crate::state::{Permit, StateStore};
use segue_model::id::ExecutionId;

fn id(scope: &str, name: &str) -> ExecutionId {
    execution(scope, "slots", name, at(0)).id
}

/// Executions get permits in the order of their requests, and never more permits than the limit.
pub async fn permits_go_in_the_order_of_asking(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(|name| id(scope, name));
    let take = |who, wait, second| store.take_permit(scope, "queue", 2, who, wait, at(second));
    let release = |who, second| store.release_permit(scope, "queue", who, at(second));
    assert_eq!(take(&a, true, 0).await?, Permit::Granted);
    assert_eq!(take(&b, true, 1).await?, Permit::Granted);
    assert_eq!(take(&c, true, 2).await?, Permit::Full);
    assert_eq!(take(&d, true, 3).await?, Permit::Full);
    assert_eq!(store.held_permits(scope, "queue").await?, 2, "waiting executions hold none");
    assert_eq!(take(&e, false, 4).await?, Permit::Full, "it does not wait");
    let elsewhere = store.take_permit(scope, "queue-2", 1, &e, false, at(4)).await?;
    assert_eq!(elsewhere, Permit::Granted, "another flow has its own permits");
    assert_eq!(release(&a, 5).await?, std::slice::from_ref(&c), "the first that waits");
    assert_eq!(take(&d, true, 6).await?, Permit::Full, "one after the other");
    assert_eq!(release(&d, 7).await?, Vec::<ExecutionId>::new(), "an execution can leave the queue");
    assert_eq!(release(&b, 8).await?, Vec::<ExecutionId>::new(), "nobody waits");
    assert_eq!(take(&e, false, 9).await?, Permit::Granted, "a slot is free");
    assert_eq!(
        take(&c, false, 10).await?,
        Permit::Granted,
        "the release gave the permit to the waiting execution"
    );
    for who in [&c, &e] {
        release(who, 11).await?;
    }
    assert_eq!(store.held_permits(scope, "queue").await?, 0);
    Ok(())
}

/// Repeating a request after a crash, to take or to release a permit, loses no permit and gives no permit twice. A
/// changed limit applies from the next request on.
pub async fn permits_survive_being_asked_twice(store: &dyn StateStore, scope: &str) -> Result<(), PortError> {
    let [a, b, c, d] = ["twice-a", "twice-b", "twice-c", "twice-d"].map(|name| id(scope, name));
    let take = |limit, who| store.take_permit(scope, "twice", limit, who, true, at(0));
    let release = |who| store.release_permit(scope, "twice", who, at(1));
    assert_eq!(take(1, &a).await?, Permit::Granted);
    assert_eq!(take(1, &a).await?, Permit::Granted, "asking again changes nothing");
    assert_eq!(take(1, &b).await?, Permit::Full);
    assert_eq!(take(1, &c).await?, Permit::Full);
    assert_eq!(take(1, &b).await?, Permit::Full, "a repeated request keeps its place in the queue");
    assert_eq!(release(&a).await?, std::slice::from_ref(&b));
    assert_eq!(
        release(&a).await?,
        std::slice::from_ref(&b),
        "the execution that got the permit is reported again"
    );
    assert_eq!(take(1, &c).await?, Permit::Full, "one permit was given once");
    assert_eq!(take(2, &d).await?, Permit::Full, "the new permit goes to the execution that waits longest");
    assert_eq!(take(2, &c).await?, Permit::Granted);
    assert_eq!(release(&b).await?, std::slice::from_ref(&d));
    let again = id(scope, "twice-again");
    assert_eq!(take(1, &again).await?, Permit::Full, "the limit is lower");
    assert_eq!(release(&c).await?, Vec::<ExecutionId>::new(), "as many are held as the limit allows");
    assert_eq!(release(&d).await?, std::slice::from_ref(&again));
    release(&again).await?;
    Ok(())
}
