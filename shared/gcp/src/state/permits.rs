//! Permits of flows with a concurrency limit: the holders of permits, and a queue in the order of requests.
//!
//! A flow's *lane* is one document with the last limit and the holders of permits. A waiting execution has its
//! own document below the lane, with its turn, so ten thousand waiting executions do not make a large
//! document. Each change is written with the condition that the lane has not changed since it was read. So two
//! executions never get the same permit, and no permit is lost.

use super::paths::TRIES;
use crate::database::document::{Fields, Found, int, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::Query;
use crate::database::write::{When, delete, put};
use crate::database::{Database, pause};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use segue_model::id::ExecutionId;
use segue_ports::state::Permit;
use serde::{Deserialize, Serialize};

const COLLECTION: &str = "lanes";
const WAITING: &str = "waiting";

/// The content of a lane's document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    limit: u32,
    /// The turn of the next request.
    next: i64,
    /// The holders of permits, in the order of turns.
    held: Vec<Holder>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    execution: ExecutionId,
    turn: i64,
    /// The execution that ended and so freed this permit. None if the permit was free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<ExecutionId>,
}

impl State {
    /// The number of free permits. 0 if the limit was lowered below the number of held permits.
    fn free(&self) -> u32 {
        self.limit.saturating_sub(u32::try_from(self.held.len()).unwrap_or(u32::MAX))
    }

    fn holds(&self, execution: &ExecutionId) -> bool {
        self.held.iter().any(|holder| holder.execution == *execution)
    }

    fn hold(&mut self, execution: ExecutionId, turn: i64, by: Option<ExecutionId>) {
        self.held.push(Holder { execution, turn, by });
        self.held.sort_by_key(|holder| holder.turn);
    }
}

/// A lane that was read.
struct Lane {
    path: String,
    found: Option<Found>,
    state: State,
}

impl Lane {
    async fn read(db: &Database, namespace: &str, flow_id: &str) -> Result<Self, DbError> {
        let path = db.path(COLLECTION, &document_id(&[namespace, flow_id]));
        let found = db.get(&path).await?;
        let state = match &found {
            Some(found) => serde_json::from_str(found.body_text("lane")?)?,
            None => State::default(),
        };
        Ok(Self { path, found, state })
    }

    fn put(&self, state: &State) -> Result<Write, DbError> {
        let when = self.found.as_ref().map_or(When::Absent, |found| When::At(found.version));
        let fields = Fields::default().body("lane", text(serde_json::to_string(state)?));
        Ok(put(self.path.clone(), fields, when))
    }

    fn waiting(&self, db: &Database, execution: &ExecutionId) -> String {
        db.below(&self.path, WAITING, &document_id(&[execution.as_str()]))
    }

    /// The first waiting executions, with their turns.
    async fn first(&self, db: &Database, limit: u32) -> Result<Vec<(ExecutionId, i64)>, DbError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let query = Query::within(&self.path, db.collection(WAITING)).ascending("turn").limit(limit);
        let found = db.query(query).await?;
        found.iter().map(|found| Ok((found.body_text("execution")?.into(), found.int("turn")?))).collect()
    }
}

/// Makes a change, and repeats it from the beginning if another process wrote first.
async fn settle<T, F>(attempt: impl Fn() -> F) -> Result<T, DbError>
where
    F: Future<Output = Result<T, DbError>>,
{
    for tries in 0..TRIES {
        match attempt().await {
            Err(DbError::Refused) => pause(tries).await,
            settled => return settled,
        }
    }
    Err(DbError::Refused)
}

pub(super) async fn take(
    db: &Database,
    namespace: &str,
    flow_id: &str,
    limit: u32,
    execution: &ExecutionId,
    wait: bool,
) -> Result<Permit, DbError> {
    settle(|| async {
        let lane = Lane::read(db, namespace, flow_id).await?;
        let mut state = State { limit, ..lane.state.clone() };
        if state.holds(execution) {
            if state != lane.state {
                db.commit(vec![lane.put(&state)?]).await?;
            }
            return Ok(Permit::Granted);
        }
        let waiting = lane.waiting(db, execution);
        let turn = db.get(&waiting).await?.map(|found| found.int("turn")).transpose()?;
        let free = state.free();
        // Executions that asked earlier and still wait go first.
        let ahead = lane.first(db, free).await?;
        let ahead = ahead.iter().filter(|(_, other)| turn.is_none_or(|turn| *other < turn)).count();
        let granted = u32::try_from(ahead).unwrap_or(u32::MAX) < free;
        let mine = turn.unwrap_or(state.next);
        if turn.is_none() && (granted || wait) {
            state.next = state.next.saturating_add(1);
        }
        let mut writes = Vec::new();
        if granted {
            state.hold(execution.clone(), mine, None);
            if turn.is_some() {
                writes.push(delete(waiting, When::Always));
            }
        } else if wait && turn.is_none() {
            let fields =
                Fields::default().with("turn", int(mine)).body("execution", text(execution.as_str()));
            writes.push(put(waiting, fields, When::Always));
        }
        if state != lane.state {
            writes.push(lane.put(&state)?);
        }
        db.commit(writes).await?;
        Ok(if granted { Permit::Granted } else { Permit::Full })
    })
    .await
}

/// The number of held permits.
pub(super) async fn count(db: &Database, namespace: &str, flow_id: &str) -> Result<u64, DbError> {
    Ok(Lane::read(db, namespace, flow_id).await?.state.held.len() as u64)
}

pub(super) async fn release(
    db: &Database,
    namespace: &str,
    flow_id: &str,
    execution: &ExecutionId,
) -> Result<Vec<ExecutionId>, DbError> {
    settle(|| async {
        let lane = Lane::read(db, namespace, flow_id).await?;
        if lane.found.is_none() {
            return Ok(Vec::new());
        }
        let mut state = lane.state.clone();
        let mut writes = leave(db, &lane, &mut state, execution).await?;
        // One more than the free permits, because the execution itself may be among the waiting ones.
        let waiting = lane.first(db, state.free().saturating_add(1)).await?;
        let waiting = waiting.into_iter().filter(|(other, _)| other != execution);
        for (next, turn) in waiting.take(usize::try_from(state.free()).unwrap_or(usize::MAX)) {
            writes.push(delete(lane.waiting(db, &next), When::Always));
            state.hold(next, turn, Some(execution.clone()));
        }
        if state != lane.state {
            writes.push(lane.put(&state)?);
        }
        db.commit(writes).await?;
        // The executions that got a permit by this release, also if the release is repeated because its answer
        // was lost.
        let let_in = state.held.into_iter().filter(|holder| holder.by.as_ref() == Some(execution));
        Ok(let_in.map(|holder| holder.execution).collect())
    })
    .await
}

/// Removes a deleted execution from its lane. Its permit becomes free, but no waiting execution gets the permit here,
/// because this call informs no execution.
pub(super) async fn forget(
    db: &Database,
    namespace: &str,
    flow_id: &str,
    execution: &ExecutionId,
) -> Result<(), DbError> {
    settle(|| async {
        let lane = Lane::read(db, namespace, flow_id).await?;
        if lane.found.is_none() {
            return Ok(());
        }
        let mut state = lane.state.clone();
        let mut writes = leave(db, &lane, &mut state, execution).await?;
        if state != lane.state {
            writes.push(lane.put(&state)?);
        }
        db.commit(writes).await?;
        Ok(())
    })
    .await
}

/// Releases the permit, or leaves the queue.
async fn leave(
    db: &Database,
    lane: &Lane,
    state: &mut State,
    execution: &ExecutionId,
) -> Result<Vec<Write>, DbError> {
    if state.holds(execution) {
        state.held.retain(|holder| holder.execution != *execution);
        return Ok(Vec::new());
    }
    let waiting = lane.waiting(db, execution);
    let waits = db.get(&waiting).await?.is_some();
    Ok(if waits { vec![delete(waiting, When::Always)] } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lowered_limit_leaves_nothing_free() {
        let mut state = State { limit: 2, ..State::default() };
        state.hold("b".into(), 2, None);
        state.hold("a".into(), 1, None);
        assert_eq!(state.held.iter().map(|holder| holder.execution.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(state.free(), 0);
        state.limit = 1;
        assert_eq!(state.free(), 0);
        state.limit = 5;
        assert_eq!(state.free(), 3);
    }
}
