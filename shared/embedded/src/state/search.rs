//! Finding executions, newest first.
//!
//! Each search walks one index that already has the order of dates, and stops at the page's end: with a
//! million executions a page costs what it costs with a thousand. Several states (or a flow, whose index has
//! the state before the date) are walked one after the other and merged.

use super::codec::{decode, first, nanos};
use crate::database::DbError;
use rusqlite::{Connection, ToSql, params_from_iter};
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::state::ExecutionFilter;

/// Every state: a flow's index is walked state by state.
const STATES: [State; 14] = [
    State::Created,
    State::Queued,
    State::Running,
    State::Paused,
    State::Restarted,
    State::Retrying,
    State::Retried,
    State::Success,
    State::Warning,
    State::Failed,
    State::Killing,
    State::Killed,
    State::Cancelled,
    State::Skipped,
];

/// Which index a search walks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// That of the first label.
    Label,
    /// That of a flow in one state.
    Flow(State),
    /// That of one state.
    State(State),
    /// That of dates.
    Start,
}

pub(super) fn search(connection: &Connection, filter: &ExecutionFilter) -> Result<Vec<Execution>, DbError> {
    let mut found = Vec::new();
    for walk in walks(filter) {
        found.extend(page(connection, filter, walk)?);
    }
    found.sort_unstable_by(|left, right| right.cmp(left));
    let limit = if filter.limit == 0 { u32::MAX } else { filter.limit };
    found
        .into_iter()
        .skip(usize::try_from(filter.offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .filter_map(|(_, no)| header(connection, no).transpose())
        .collect()
}

fn header(connection: &Connection, no: i64) -> Result<Option<Execution>, DbError> {
    first(connection, "SELECT header FROM executions WHERE no = ?1", [no], |row| {
        decode(&row.get::<_, String>(0)?)
    })
}

fn walks(filter: &ExecutionFilter) -> Vec<Walk> {
    let mut states = filter.states.clone();
    states.sort_unstable();
    states.dedup();
    if !filter.labels.is_empty() {
        vec![Walk::Label]
    } else if filter.flow_id.is_some() {
        let states = if states.is_empty() { STATES.to_vec() } else { states };
        states.into_iter().map(Walk::Flow).collect()
    } else if states.is_empty() {
        vec![Walk::Start]
    } else {
        states.into_iter().map(Walk::State).collect()
    }
}

/// Conditions with their values.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// Adds a condition in which each `?` stands for the next value.
    fn add(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Box<dyn ToSql>>) {
        self.sql.push(sql.into());
        self.values.extend(values);
    }
}

/// Date and number of the newest that one walk finds, at most as many as any page of the merge can need.
fn page(connection: &Connection, filter: &ExecutionFilter, walk: Walk) -> Result<Vec<(i64, i64)>, DbError> {
    let mut where_ = Conditions::default();
    let (from, date) = match walk {
        Walk::Label => ("labels l CROSS JOIN executions e ON e.no = l.no", "l.start"),
        Walk::Flow(_) => ("executions e INDEXED BY executions_by_flow", "e.start"),
        Walk::State(_) => ("executions e INDEXED BY executions_by_state", "e.start"),
        Walk::Start => ("executions e INDEXED BY executions_by_start", "e.start"),
    };
    if let Walk::Flow(state) | Walk::State(state) = walk {
        where_.add("e.state = ?", [boxed(state.as_str())]);
    }
    if walk == Walk::Label {
        label_conditions(&mut where_, filter);
    }
    if let Some(flow) = &filter.flow_id {
        where_.add("e.flow_id = ?", [boxed(flow.clone())]);
    }
    if let Some(namespace) = &filter.namespace {
        // '/' follows '.' in ASCII: everything between is below the namespace.
        where_.add(
            "(e.namespace = ? OR (e.namespace > ? AND e.namespace < ?))",
            [boxed(namespace.clone()), boxed(format!("{namespace}.")), boxed(format!("{namespace}/"))],
        );
    }
    if let Some(start) = filter.start {
        where_.add(format!("{date} >= ?"), [boxed(nanos(start))]);
    }
    if let Some(end) = filter.end {
        where_.add(format!("{date} <= ?"), [boxed(nanos(end))]);
    }
    let conditions = if where_.sql.is_empty() { "1".to_owned() } else { where_.sql.join(" AND ") };
    let most =
        if filter.limit == 0 { -1 } else { i64::from(filter.limit).saturating_add(i64::from(filter.offset)) };
    let sql = format!(
        "SELECT {date}, e.no FROM {from} WHERE {conditions} ORDER BY {date} DESC, e.no DESC LIMIT {most}"
    );
    let mut statement = connection.prepare(&sql)?;
    let found = statement
        .query_map(params_from_iter(where_.values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn label_conditions(where_: &mut Conditions, filter: &ExecutionFilter) {
    for (index, (key, value)) in filter.labels.iter().enumerate() {
        let values = [boxed(key.clone()), boxed(value.clone())];
        if index == 0 {
            where_.add("l.key = ? AND l.value = ?", values);
        } else {
            where_.add(
                "EXISTS (SELECT 1 FROM labels o
                 WHERE o.key = ? AND o.value = ? AND o.start = l.start AND o.no = l.no)",
                values,
            );
        }
    }
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        where_.add(format!("e.state IN ({marks})"), filter.states.iter().map(|state| boxed(state.as_str())));
    }
}

fn boxed(value: impl ToSql + 'static) -> Box<dyn ToSql> {
    Box::new(value)
}
