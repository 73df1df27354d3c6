//! Searches executions. The store answers conditions that its indexes support. Other conditions (a part of a flow's
//! name, only children) need several searches, or a look through the newest executions.

use super::conditions::{KINDS, SCOPES, meets, scopes, with_key};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Compare, Condition, Field, FieldKind, Filter, Op, Page, Query, all_hold, date, paged};
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::state::State as ExecutionState;
use segue_ports::state::ExecutionFilter;

/// The largest number of flows that a condition on names may select.
const MOST_FLOWS: usize = 200;
/// How many of the newest executions are read for a condition that the store does not support. The same number limits
/// a bulk action.
const MOST_SCANNED: u32 = 10_000;
/// The number of executions read at once.
const CHUNK: u32 = 500;

/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("id"),
    Field::text("namespace"),
    Field::text("flowId"),
    Field::new("flowRevision", FieldKind::Number),
    Field::new("startDate", FieldKind::Date),
    Field::new("endDate", FieldKind::Date),
    Field::new("timeRange", FieldKind::TimeRange),
    Field::new("state", FieldKind::State),
    Field::new("labels", FieldKind::Labels),
    Field::text("parentId"),
    Field::text("triggerExecutionId"),
    Field::text("triggerId"),
    Field::new("kind", FieldKind::OneOf(KINDS)),
    Field::new("childFilter", FieldKind::OneOf(&["CHILD", "MAIN"])),
    Field::new("scope", FieldKind::OneOf(SCOPES)),
];
/// The fields that a search can be sorted by.
const SORTS: [(&str, Compare<Execution>); 10] = [
    ("id", |left, right| left.id.cmp(&right.id)),
    ("namespace", |left, right| left.namespace.cmp(&right.namespace)),
    ("flowId", |left, right| left.flow_id.cmp(&right.flow_id)),
    ("flowRevision", |left, right| left.flow_revision.cmp(&right.flow_revision)),
    ("startDate", by_start),
    ("state.startDate", by_start),
    ("endDate", by_end),
    ("state.endDate", by_end),
    ("state.current", |left, right| left.state.current().as_str().cmp(right.state.current().as_str())),
    ("state.duration", |left, right| lasted(left).cmp(&lasted(right))),
];

fn by_start(left: &Execution, right: &Execution) -> std::cmp::Ordering {
    left.state.start_date().cmp(&right.state.start_date())
}

fn by_end(left: &Execution, right: &Execution) -> std::cmp::Ordering {
    left.state.end_date().cmp(&right.state.end_date())
}

/// The time from the start to the end, or to the last change of the state before the end.
pub(crate) fn lasted(execution: &Execution) -> jiff::SignedDuration {
    let start = execution.state.start_date();
    let last = execution.state.histories().last().map_or(start, |change| change.date);
    execution.state.end_date().unwrap_or(last).duration_since(start)
}

/// The executions of a search, without their task runs.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Execution>> {
    let page = Page::from_query(query)?;
    let selection = Selection::from_query(api, query).await?;
    let (found, total) = selection.page(api, &page).await?;
    Ok(paged(found.iter().map(types::Execution::listed).collect(), total))
}

/// The executions that a query selects.
pub(crate) struct Selection {
    /// An execution must match at least one of these. If the list is empty, no execution is selected.
    filters: Vec<ExecutionFilter>,
    /// An execution must also match all of these. The store does not support them.
    rest: Vec<Filter>,
    now: jiff::Timestamp,
}

/// A selection while its conditions are parsed.
#[derive(Default)]
struct Builder {
    filter: ExecutionFilter,
    /// Conditions on names that need the list of flows.
    names: Vec<Condition>,
    rest: Vec<Filter>,
    /// Whether the query names states.
    has_states: bool,
}

impl Selection {
    /// Parses a query.
    pub(crate) async fn from_query(api: &Api, query: &Query) -> Answer<Self> {
        let mut filters: Vec<Filter> = plain(query)?.into_iter().map(Filter::One).collect();
        filters.iter().try_for_each(|filter| filter.check(FIELDS))?;
        filters.extend(query.filters(FIELDS)?);
        let mut builder = Builder::default();
        let states = query.states("state")?;
        if !states.is_empty() {
            builder.states(&states);
        }
        builder.filter.start = query.date("startDate")?;
        builder.filter.end = query.date("endDate")?;
        if let Some(range) = query.duration("timeRange")? {
            builder.filter.start = later(builder.filter.start, api.now().checked_sub(range).ok());
        }
        builder.add_all(filters, api)?;
        builder.finish(api).await
    }

    /// Only executions in one of these states.
    pub(crate) fn only(mut self, states: &[ExecutionState]) -> Self {
        if states.len() == ExecutionState::ALL.len() {
            return self;
        }
        for filter in &mut self.filters {
            if filter.states.is_empty() {
                filter.states = states.to_vec();
            } else {
                filter.states.retain(|state| states.contains(state));
            }
        }
        // To the store, an empty list of states means all states.
        self.filters.retain(|filter| !filter.states.is_empty());
        self
    }

    /// A page of executions in the order of the request, and the total number.
    async fn page(&self, api: &Api, page: &Page) -> Answer<(Vec<Execution>, u64)> {
        let by_start = |field: &str| matches!(field, "startDate" | "state.startDate");
        let is_ascending = match &page.sort[..] {
            [] => Some(false),
            [(field, is_ascending)] if by_start(field) => Some(*is_ascending),
            _ => None,
        };
        let Some(is_ascending) = is_ascending.filter(|_| self.rest.is_empty()) else {
            let mut all = self.scan(api).await?;
            let total = all.len() as u64;
            page.arrange(&mut all, &SORTS)?;
            return Ok((page.cut(all), total));
        };
        let mut total = 0_u64;
        for filter in &self.filters {
            total = total.saturating_add(api.state().count_executions(filter).await?);
        }
        let found = match page.limit {
            0 => Vec::new(),
            limit => self.part(api, page.offset, limit, is_ascending).await?,
        };
        Ok((found, total))
    }

    /// The newest or oldest executions, at most `limit`, after skipping `offset`.
    async fn part(&self, api: &Api, offset: u32, limit: u32, oldest_first: bool) -> Answer<Vec<Execution>> {
        if let [only] = &self.filters[..] {
            let filter = ExecutionFilter { offset, limit, oldest_first, ..only.clone() };
            return Ok(api.state().executions(&filter).await?);
        }
        let mut found = Vec::new();
        for filter in &self.filters {
            let limit = offset.saturating_add(limit);
            let filter = ExecutionFilter { offset: 0, limit, oldest_first, ..filter.clone() };
            found.extend(api.state().executions(&filter).await?);
        }
        found.sort_by_key(|execution| execution.state.start_date());
        if !oldest_first {
            found.reverse();
        }
        Ok(found.into_iter().skip(offset as usize).take(limit as usize).collect())
    }

    /// All selected executions up to a limit, newest first.
    pub(crate) async fn scan(&self, api: &Api) -> Answer<Vec<Execution>> {
        let mut found = Vec::new();
        let mut offset = 0;
        while offset < MOST_SCANNED {
            let chunk = self.part(api, offset, CHUNK, false).await?;
            let is_last = chunk.len() < CHUNK as usize;
            for execution in chunk {
                if all_hold(&self.rest, &|condition| meets(condition, &execution, self.now))? {
                    found.push(execution);
                }
            }
            if is_last {
                break;
            }
            offset += CHUNK;
        }
        Ok(found)
    }
}

/// The older parameters of a search as conditions.
fn plain(query: &Query) -> Answer<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (name, op) in [
        ("q", Op::Contains),
        ("namespace", Op::Prefix),
        ("flowId", Op::Equals),
        ("triggerId", Op::Equals),
        ("triggerExecutionId", Op::Equals),
        ("childFilter", Op::Equals),
    ] {
        if let Some(value) = query.text(name) {
            conditions.push(condition(name, op, None, value));
        }
    }
    for Label { key, value } in query.labels("labels")? {
        conditions.push(condition("labels", Op::Equals, Some(key), &value));
    }
    conditions.extend(scopes(query)?);
    Ok(conditions)
}

fn condition(field: &str, op: Op, key: Option<String>, value: &str) -> Condition {
    Condition { field: field.to_owned(), op, key, value: value.to_owned() }
}

impl Builder {
    /// Adds filters that must all hold. The store gets the conditions that it supports.
    fn add_all(&mut self, filters: Vec<Filter>, api: &Api) -> Answer<()> {
        let mut conditions = Vec::new();
        for filter in filters {
            filter.split(&mut conditions, &mut self.rest);
        }
        conditions.into_iter().try_for_each(|condition| self.add(condition, api))
    }

    fn add(&mut self, condition: Condition, api: &Api) -> Answer<()> {
        let value = condition.value.clone();
        match (condition.field.as_str(), condition.op) {
            ("namespace", Op::Equals | Op::Prefix) if self.filter.namespace.is_none() => {
                self.filter.exact_namespace = condition.op == Op::Equals;
                self.filter.namespace = Some(value);
            }
            ("flowId", Op::Equals) if self.filter.flow_id.is_none() => self.filter.flow_id = Some(value),
            ("namespace" | "flowId", _) | ("q", Op::Equals | Op::Contains) => self.names.push(condition),
            ("state", _) => {
                let states = condition.states()?;
                self.states(&states);
            }
            // The store includes both limits, and its dates have nanoseconds.
            ("startDate" | "endDate", op @ (Op::GreaterThan | Op::GreaterOrEqual)) => {
                let more = i64::from(op == Op::GreaterThan);
                self.filter.start = later(self.filter.start, Some(moved(&value, more)?));
            }
            ("startDate" | "endDate", op @ (Op::LessThan | Op::LessOrEqual)) => {
                let less = -i64::from(op == Op::LessThan);
                self.filter.end = earlier(self.filter.end, Some(moved(&value, less)?));
            }
            ("startDate" | "endDate", Op::Equals) => {
                self.filter.start = later(self.filter.start, Some(moved(&value, 0)?));
                self.filter.end = earlier(self.filter.end, Some(moved(&value, 0)?));
            }
            ("timeRange", _) => {
                let start = api.now().checked_sub(condition.range()?).ok();
                self.filter.start = later(self.filter.start, start);
            }
            ("labels", Op::Equals) => {
                let (key, label) = with_key(&condition)?;
                self.filter.labels.push((key, label));
            }
            ("triggerExecutionId", Op::Equals) if self.filter.triggered_by.is_none() => {
                self.filter.triggered_by = Some(ExecutionId::from(value));
            }
            _ => self.rest.push(Filter::One(condition)),
        }
        Ok(())
    }

    /// Keeps only these states.
    fn states(&mut self, states: &[ExecutionState]) {
        if self.has_states {
            self.filter.states.retain(|state| states.contains(state));
        } else {
            self.filter.states = states.to_vec();
        }
        self.has_states = true;
    }

    async fn finish(self, api: &Api) -> Answer<Selection> {
        let Self { filter, names, rest, has_states } = self;
        let now = api.now();
        // No state is left, so nothing is selected. To the store, an empty list would mean all states.
        if has_states && filter.states.is_empty() {
            return Ok(Selection { filters: Vec::new(), rest, now });
        }
        if names.is_empty() {
            return Ok(Selection { filters: vec![filter], rest, now });
        }
        for condition in names.iter().filter(|condition| condition.field == "q") {
            let id = ExecutionId::from(condition.value.trim());
            if let Some(stored) = api.state().execution(&id).await? {
                let execution = stored.execution;
                let slot = execution.state.start_date();
                let only = ExecutionFilter {
                    namespace: Some(execution.namespace),
                    exact_namespace: true,
                    flow_id: Some(execution.flow_id),
                    start: Some(slot),
                    end: Some(slot),
                    ..filter
                };
                return Ok(Selection { filters: vec![only], rest, now });
            }
        }
        let mut filters = Vec::new();
        for flow in api.state().flows(None).await? {
            let fits_namespace = filter.namespace.as_ref().is_none_or(|namespace| {
                flow.namespace == *namespace
                    || (!filter.exact_namespace && flow.namespace.starts_with(&format!("{namespace}.")))
            });
            let fits_flow = filter.flow_id.as_ref().is_none_or(|id| flow.id == *id);
            if fits_namespace && fits_flow && name_fits(&names, &flow.namespace, &flow.id)? {
                filters.push(ExecutionFilter {
                    namespace: Some(flow.namespace),
                    exact_namespace: true,
                    flow_id: Some(flow.id),
                    ..filter.clone()
                });
            }
        }
        filters.truncate(MOST_FLOWS);
        Ok(Selection { filters, rest, now })
    }
}

fn name_fits(names: &[Condition], namespace: &str, id: &str) -> Answer<bool> {
    for condition in names {
        let holds = match condition.field.as_str() {
            "namespace" => condition.holds_for(namespace)?,
            "flowId" => condition.holds_for(id)?,
            _ => condition.finds(&format!("{namespace}.{id}"))?,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The date of a condition, moved by some nanoseconds.
fn moved(text: &str, nanoseconds: i64) -> Answer<jiff::Timestamp> {
    let date = date(text).map_err(ApiError::argument)?;
    Ok(date.checked_add(jiff::SignedDuration::from_nanos(nanoseconds)).unwrap_or(date))
}

fn later(known: Option<jiff::Timestamp>, other: Option<jiff::Timestamp>) -> Option<jiff::Timestamp> {
    known.max(other)
}

fn earlier(known: Option<jiff::Timestamp>, other: Option<jiff::Timestamp>) -> Option<jiff::Timestamp> {
    match (known, other) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    }
}
