//! The newest executions of several flows, in one statement.
//!
//! For each flow and each state, the index of flows has the executions in the order of their dates, so the statement reads
//! at most a few executions of each state. From those it keeps the newest of the flow.

use super::codec::{decode, encode, rows};
use crate::database::DbError;
use rusqlite::{Connection, params};
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::state::FlowName;

const NEWEST: &str = "
WITH wanted AS (
    SELECT key AS at, value ->> 'namespace' AS namespace, value ->> 'id' AS flow_id FROM json_each(?1)
),
states AS (SELECT value AS state FROM json_each(?2)),
ranked AS (
    SELECT w.at, e.no, row_number() OVER (PARTITION BY w.at ORDER BY e.start DESC, e.no DESC) AS place
    FROM wanted w CROSS JOIN states s CROSS JOIN executions e
    WHERE e.no IN (
        SELECT no FROM executions INDEXED BY executions_by_flow
        WHERE flow_id = w.flow_id AND state = s.state AND namespace = w.namespace
        ORDER BY start DESC, no DESC LIMIT ?3
    )
)
SELECT r.at, e.header FROM ranked r JOIN executions e ON e.no = r.no WHERE r.place <= ?3 ORDER BY r.at, r.place";

/// The newest executions of each flow, at most `most` of each, newest first.
pub(super) fn of_each(
    connection: &Connection,
    flows: &[FlowName],
    most: u32,
) -> Result<Vec<Vec<Execution>>, DbError> {
    let mut found = vec![Vec::new(); flows.len()];
    let states: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let of = params![encode(&flows)?, encode(&states)?, most];
    let read = rows(connection, NEWEST, of, |row| {
        Ok((row.get::<_, i64>(0)?, decode::<Execution>(&row.get::<_, String>(1)?)?))
    })?;
    for (at, execution) in read {
        if let Some(of_flow) = usize::try_from(at).ok().and_then(|at| found.get_mut(at)) {
            of_flow.push(execution);
        }
    }
    Ok(found)
}
