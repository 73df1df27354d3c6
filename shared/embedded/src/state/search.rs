//! Finds executions, newest or oldest first.
//!
//! Each search reads one index that is already sorted by date, and stops at the end of the page. So a page takes the
//! same time with a thousand executions as with a million. If a search has several states, each state is searched
//! separately and the results are merged. A search by flow is also done for each state, because the index of a flow has
//! the state before the date.

use super::codec::{decode, first, nanos, uncount};
use crate::database::DbError;
use rusqlite::{Connection, ToSql, params_from_iter};
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::state::ExecutionFilter;

/// The index that a search reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The index of labels. The search uses the first label of the filter.
    Label,
    /// The index of a flow in one state.
    Flow(State),
    /// The index of the slots of a trigger.
    Slot,
    /// The index of the execution that started the execution.
    FiredBy,
    /// The index of one state.
    State(State),
    /// The index of start dates.
    Start,
}

pub(super) fn search(connection: &Connection, filter: &ExecutionFilter) -> Result<Vec<Execution>, DbError> {
    let mut found = Vec::new();
    for walk in walks(filter) {
        found.extend(page(connection, filter, walk)?);
    }
    found.sort_unstable_by(|left, right| if filter.oldest_first { left.cmp(right) } else { right.cmp(left) });
    let limit = if filter.limit == 0 { u32::MAX } else { filter.limit };
    found
        .into_iter()
        .skip(usize::try_from(filter.offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .filter_map(|(_, no)| header(connection, no).transpose())
        .collect()
}

/// The number of matching executions. Only indexes are read.
pub(super) fn count(connection: &Connection, filter: &ExecutionFilter) -> Result<u64, DbError> {
    let all = ExecutionFilter { limit: 0, offset: 0, ..filter.clone() };
    let mut total = 0_u64;
    for walk in walks(&all) {
        let Found { from, conditions, values, .. } = Found::new(&all, walk);
        let sql = format!("SELECT count(*) FROM {from} WHERE {conditions}");
        let mut statement = connection.prepare(&sql)?;
        let found: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
        total = total.saturating_add(uncount(found));
    }
    Ok(total)
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
    if filter.triggered_by.is_some() {
        vec![Walk::FiredBy]
    } else if filter.flow_id.is_some() && filter.trigger_id.is_some() {
        vec![Walk::Slot]
    } else if !filter.labels.is_empty() {
        vec![Walk::Label]
    } else if filter.flow_id.is_some() {
        // The index of a flow has the state before the date, so each state is searched separately.
        let states = if states.is_empty() { State::ALL.to_vec() } else { states };
        states.into_iter().map(Walk::Flow).collect()
    } else if states.is_empty() {
        vec![Walk::Start]
    } else {
        states.into_iter().map(Walk::State).collect()
    }
}

/// SQL conditions with their values.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// Adds a condition. Each `?` in `sql` stands for the next value.
    fn add(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Box<dyn ToSql>>) {
        self.sql.push(sql.into());
        self.values.extend(values);
    }
}

/// The parts of one SQL search.
struct Found {
    from: &'static str,
    /// The column with the start date.
    date: &'static str,
    conditions: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Found {
    fn new(filter: &ExecutionFilter, walk: Walk) -> Self {
        let mut where_ = Conditions::default();
        let (from, date) = match walk {
            Walk::Label => ("labels l CROSS JOIN executions e ON e.no = l.no", "l.start"),
            Walk::Flow(_) => ("executions e INDEXED BY executions_by_flow", "e.start"),
            Walk::Slot => ("executions e INDEXED BY executions_by_slot", "e.start"),
            Walk::FiredBy => ("executions e INDEXED BY executions_by_parent", "e.start"),
            Walk::State(_) => ("executions e INDEXED BY executions_by_state", "e.start"),
            Walk::Start => ("executions e INDEXED BY executions_by_start", "e.start"),
        };
        if let Walk::Flow(state) | Walk::State(state) = walk {
            where_.add("e.state = ?", [boxed(state.as_str())]);
        }
        match walk {
            Walk::Label => label_conditions(&mut where_, filter),
            Walk::Slot | Walk::FiredBy => other_conditions(&mut where_, filter),
            Walk::Flow(_) | Walk::State(_) | Walk::Start => {}
        }
        if let Some(trigger) = &filter.trigger_id {
            where_.add("e.trigger_id = ?", [boxed(trigger.clone())]);
        }
        if let Some((first, last)) = filter.slots {
            where_.add("e.slot BETWEEN ? AND ?", [boxed(nanos(first)), boxed(nanos(last))]);
        }
        if let Some(execution) = &filter.triggered_by {
            where_.add("e.fired_by = ?", [boxed(execution.as_str().to_owned())]);
        }
        if let Some(flow) = &filter.flow_id {
            where_.add("e.flow_id = ?", [boxed(flow.clone())]);
        }
        match &filter.namespace {
            None => {}
            Some(namespace) if filter.exact_namespace => {
                where_.add("e.namespace = ?", [boxed(namespace.clone())]);
            }
            Some(namespace) => {
                let mut values = Vec::new();
                let sql = in_namespace("e.namespace", namespace, &mut values);
                where_.add(sql, values.into_iter().map(boxed));
            }
        }
        if let Some(start) = filter.start {
            where_.add(format!("{date} >= ?"), [boxed(nanos(start))]);
        }
        if let Some(end) = filter.end {
            where_.add(format!("{date} <= ?"), [boxed(nanos(end))]);
        }
        let conditions = if where_.sql.is_empty() { "1".to_owned() } else { where_.sql.join(" AND ") };
        Self { from, date, conditions, values: where_.values }
    }
}

/// The dates and numbers of the first executions of one search. Returns as many as a page of the merged searches can
/// need.
fn page(connection: &Connection, filter: &ExecutionFilter, walk: Walk) -> Result<Vec<(i64, i64)>, DbError> {
    let Found { from, date, conditions, values } = Found::new(filter, walk);
    let most =
        if filter.limit == 0 { -1 } else { i64::from(filter.limit).saturating_add(i64::from(filter.offset)) };
    let order = if filter.oldest_first { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT {date}, e.no FROM {from} WHERE {conditions} ORDER BY {date} {order}, e.no {order} LIMIT {most}"
    );
    let mut statement = connection.prepare(&sql)?;
    let found = statement
        .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?
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
    state_condition(where_, filter);
}

/// Adds the conditions for states and labels that the index does not cover.
fn other_conditions(where_: &mut Conditions, filter: &ExecutionFilter) {
    for (key, value) in &filter.labels {
        where_.add(
            "EXISTS (SELECT 1 FROM labels o WHERE o.key = ? AND o.value = ? AND o.start = e.start AND o.no = e.no)",
            [boxed(key.clone()), boxed(value.clone())],
        );
    }
    state_condition(where_, filter);
}

fn state_condition(where_: &mut Conditions, filter: &ExecutionFilter) {
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        where_.add(format!("e.state IN ({marks})"), filter.states.iter().map(|state| boxed(state.as_str())));
    }
}

fn boxed(value: impl ToSql + 'static) -> Box<dyn ToSql> {
    Box::new(value)
}

/// The condition that a column is this namespace or a namespace below it. Adds the values of the condition to `values`.
pub(super) fn in_namespace(column: &str, namespace: &str, values: &mut Vec<String>) -> String {
    // '/' follows '.' in ASCII. So all names between `a.` and `a/` are below the namespace `a`.
    values.extend([namespace.to_owned(), format!("{namespace}."), format!("{namespace}/")]);
    format!("({column} = ? OR ({column} > ? AND {column} < ?))")
}
