//! Keeps the counts of executions that have ended.

use super::codec::{decode, rows, run, uncount};
use super::rows::ExecutionRow;
use super::search::in_namespace;
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::ended::{Ended, EndedFilter, class, quarter};

/// Where an execution that has ended is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    quarter: i64,
    state: &'static str,
    class: u16,
}

impl Place {
    /// The place of an execution. None if it has not ended.
    pub(super) fn of(execution: &Execution) -> Option<Self> {
        class(execution).map(|class| Self {
            quarter: quarter(execution.state.start_date()),
            state: execution.state.current().as_str(),
            class,
        })
    }

    /// The place of a stored execution.
    pub(super) fn stored(header: &str) -> Result<Option<Self>, DbError> {
        Ok(Self::of(&decode::<Execution>(header)?))
    }
}

/// Counts a new or changed execution where it is now, and no longer where it was.
pub(super) fn moved(
    connection: &Connection,
    row: &ExecutionRow,
    before: Option<&Place>,
) -> Result<(), DbError> {
    if before == row.ended.as_ref() {
        return Ok(());
    }
    if let Some(place) = before {
        remove(connection, (&row.namespace, &row.flow_id), place)?;
    }
    let Some(place) = &row.ended else { return Ok(()) };
    run(
        connection,
        "INSERT INTO ended (quarter, namespace, flow_id, state, class, count) VALUES (?1, ?2, ?3, ?4, ?5, 1)
         ON CONFLICT DO UPDATE SET count = count + 1",
        params![place.quarter, row.namespace, row.flow_id, place.state, place.class],
    )?;
    Ok(())
}

/// Counts an execution no longer.
pub(super) fn remove(
    connection: &Connection,
    (namespace, flow_id): (&str, &str),
    place: &Place,
) -> Result<(), DbError> {
    let of = params![place.quarter, namespace, flow_id, place.state, place.class];
    let here = "quarter = ?1 AND namespace = ?2 AND flow_id = ?3 AND state = ?4 AND class = ?5";
    run(connection, &format!("UPDATE ended SET count = count - 1 WHERE {here}"), of)?;
    run(connection, &format!("DELETE FROM ended WHERE {here} AND count <= 0"), of)?;
    Ok(())
}

/// The counts between each edge and the next one.
pub(super) fn count(
    connection: &Connection,
    filter: &EndedFilter,
    edges: &[Timestamp],
) -> Result<Vec<Ended>, DbError> {
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else { return Ok(Vec::new()) };
    let mut conditions = vec!["quarter >= ? AND quarter < ?".to_owned()];
    let mut values: Vec<Value> = vec![quarter(*first).into(), quarter(*last).into()];
    match &filter.namespace {
        None => {}
        Some(namespace) if filter.exact_namespace => {
            conditions.push("namespace = ?".to_owned());
            values.push(namespace.clone().into());
        }
        Some(namespace) => {
            let mut names = Vec::new();
            conditions.push(in_namespace("namespace", namespace, &mut names));
            values.extend(names.into_iter().map(Value::from));
        }
    }
    if let Some(flow) = &filter.flow_id {
        conditions.push("flow_id = ?".to_owned());
        values.push(flow.clone().into());
    }
    let sql = format!(
        "SELECT quarter, state, class, sum(count) FROM ended WHERE {} GROUP BY quarter, state, class",
        conditions.join(" AND ")
    );
    let found = rows(connection, &sql, params_from_iter(values), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u16>(2)?, uncount(row.get(3)?)))
    })?;
    let starts: Vec<i64> = edges.iter().map(|edge| quarter(*edge)).collect();
    let mut counts = vec![Ended::default(); edges.len().saturating_sub(1)];
    for (at, state, class, count) in found {
        let Some(state) = State::ALL.into_iter().find(|known| known.as_str() == state) else { continue };
        let period = starts.partition_point(|start| *start <= at).saturating_sub(1);
        let Some(ended) = counts.get_mut(period) else { continue };
        *ended.states.entry(state).or_default() += count;
        *ended.lengths.entry(class).or_default() += count;
    }
    Ok(counts)
}
