//! Searches executions. The store answers conditions that its indexes support. Other conditions (a part of a flow's
//! name, only children) need several searches, or a look through the newest executions.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Condition, Op, Page, Query, date, paged, state};
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::parse_duration;
use segue_model::state::State as ExecutionState;
use segue_ports::state::ExecutionFilter;

/// The largest number of flows that a condition on names may select.
const MOST_FLOWS: usize = 200;
/// How many of the newest executions are read for a condition that the store does not support. The same number limits
/// a bulk action.
const MOST_SCANNED: u32 = 10_000;
/// The number of executions read at once.
const CHUNK: u32 = 500;

/// The executions of a search, without their task runs.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Execution>> {
    let page = Page::from_query(query)?;
    let order = page.order(&["state.startDate", "startDate"])?;
    let is_ascending = order.is_some_and(|(_, is_ascending)| is_ascending);
    let selection = Selection::from_query(api, query).await?;
    let (found, total) = selection.page(api, &page, is_ascending).await?;
    Ok(paged(found.iter().map(types::Execution::listed).collect(), total))
}

/// The executions that a query selects.
pub(crate) struct Selection {
    /// An execution must match at least one of these. If the list is empty, no execution is selected.
    filters: Vec<ExecutionFilter>,
    /// An execution must also match all of these.
    rest: Vec<Rest>,
}

/// A condition that the store does not support.
enum Rest {
    /// The execution is a subflow (true) or not (false).
    IsChild(bool),
    /// The execution is in the namespace `system` (true) or outside it (false).
    IsSystem(bool),
    /// This trigger started the execution.
    Trigger(String),
    /// A condition on a label.
    Label(Condition),
}

impl Rest {
    fn holds_for(&self, execution: &Execution) -> Answer<bool> {
        Ok(match self {
            Self::IsChild(child) => {
                let is_child = execution.trigger.as_ref().is_some_and(|trigger| trigger.parent.is_some());
                is_child == *child
            }
            Self::IsSystem(system) => (execution.namespace == "system") == *system,
            Self::Trigger(id) => execution.trigger.as_ref().is_some_and(|trigger| trigger.id == *id),
            Self::Label(condition) => {
                let Some(key) = &condition.key else { return Err(condition.unusable()) };
                let value = execution.labels.iter().find(|label| label.key == *key);
                let is_negative = matches!(condition.op, Op::NotEquals | Op::NotIn);
                value.map_or(Ok(is_negative), |label| condition.holds_for(&label.value))?
            }
        })
    }
}

/// A selection while its conditions are parsed.
#[derive(Default)]
struct Builder {
    filter: ExecutionFilter,
    /// Conditions on names that need the list of flows.
    names: Vec<Condition>,
    rest: Vec<Rest>,
    /// Whether the query names states.
    has_states: bool,
}

impl Selection {
    /// Parses a query.
    pub(crate) async fn from_query(api: &Api, query: &Query) -> Answer<Self> {
        let mut builder = Builder::default();
        for condition in plain(query)?.into_iter().chain(query.conditions()?) {
            builder.add(condition, api)?;
        }
        let states = query.states("state")?;
        if !states.is_empty() {
            builder.states(&states);
        }
        builder.filter.start = later(builder.filter.start, query.date("startDate")?);
        builder.filter.end = earlier(builder.filter.end, query.date("endDate")?);
        if let Some(range) = query.duration("timeRange")? {
            builder.filter.start = later(builder.filter.start, api.now().checked_sub(range).ok());
        }
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

    /// A page of executions, newest or oldest first, and the total number.
    async fn page(&self, api: &Api, page: &Page, is_ascending: bool) -> Answer<(Vec<Execution>, u64)> {
        if !self.rest.is_empty() {
            let mut all = self.scan(api).await?;
            let total = all.len() as u64;
            if is_ascending {
                all.reverse();
            }
            return Ok((page.cut(all), total));
        }
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
                let mut holds = true;
                for rest in &self.rest {
                    holds = holds && rest.holds_for(&execution)?;
                }
                if holds {
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
    let scopes: Vec<&str> = query.all("scope").flat_map(|scope| scope.split(',')).collect();
    if let [scope] = scopes[..] {
        conditions.push(condition("scope", Op::Equals, None, scope));
    }
    Ok(conditions)
}

fn condition(field: &str, op: Op, key: Option<String>, value: &str) -> Condition {
    Condition { field: field.to_owned(), op, key, value: value.to_owned() }
}

impl Builder {
    fn add(&mut self, condition: Condition, api: &Api) -> Answer<()> {
        let value = condition.value.clone();
        match (condition.field.as_str(), condition.op) {
            ("namespace", Op::Equals | Op::Prefix) if self.filter.namespace.is_none() => {
                self.filter.exact_namespace = condition.op == Op::Equals;
                self.filter.namespace = Some(value);
            }
            ("flowId", Op::Equals) if self.filter.flow_id.is_none() => self.filter.flow_id = Some(value),
            ("namespace" | "flowId" | "q", _) => self.names.push(condition),
            ("state", op) => {
                let named = condition.values().map(state).collect::<Answer<Vec<_>>>()?;
                match op {
                    Op::Equals | Op::In => self.states(&named),
                    Op::NotEquals | Op::NotIn => {
                        let others: Vec<_> =
                            ExecutionState::ALL.into_iter().filter(|state| !named.contains(state)).collect();
                        self.states(&others);
                    }
                    _ => return Err(condition.unusable()),
                }
            }
            ("startDate" | "endDate", op) => {
                let date = date(&value).map_err(ApiError::argument)?;
                match op {
                    Op::GreaterThan | Op::GreaterOrEqual => {
                        self.filter.start = later(self.filter.start, Some(date))
                    }
                    Op::LessThan | Op::LessOrEqual => self.filter.end = earlier(self.filter.end, Some(date)),
                    Op::Equals => {
                        self.filter.start = later(self.filter.start, Some(date));
                        self.filter.end = earlier(self.filter.end, Some(date));
                    }
                    _ => return Err(condition.unusable()),
                }
            }
            ("timeRange", Op::Equals) => {
                let range = parse_duration(&value).map_err(ApiError::argument)?;
                self.filter.start = later(self.filter.start, api.now().checked_sub(range).ok());
            }
            ("labels", op) => match (&condition.key, op) {
                (Some(key), Op::Equals) => self.filter.labels.push((key.clone(), value)),
                (Some(_), _) => self.rest.push(Rest::Label(condition)),
                (None, _) => {
                    let label = value.split_once(':').ok_or_else(|| condition.unusable())?;
                    self.filter.labels.push((label.0.to_owned(), label.1.to_owned()));
                }
            },
            ("triggerExecutionId", Op::Equals) => self.filter.triggered_by = Some(ExecutionId::from(value)),
            ("triggerId", Op::Equals) => self.rest.push(Rest::Trigger(value)),
            ("childFilter", Op::Equals) => match value.as_str() {
                "CHILD" => self.rest.push(Rest::IsChild(true)),
                "MAIN" => self.rest.push(Rest::IsChild(false)),
                _ => {
                    return Err(ApiError::argument(format!(
                        "childFilter is '{value}': CHILD or MAIN is expected"
                    )));
                }
            },
            ("scope", Op::Equals) => match value.to_ascii_uppercase().as_str() {
                "SYSTEM" => self.rest.push(Rest::IsSystem(true)),
                "USER" => self.rest.push(Rest::IsSystem(false)),
                _ => {
                    return Err(ApiError::argument(format!(
                        "scope is '{value}': USER or SYSTEM is expected"
                    )));
                }
            },
            _ => return Err(condition.unusable()),
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
        // No state is left, so nothing is selected. To the store, an empty list would mean all states.
        if has_states && filter.states.is_empty() {
            return Ok(Selection { filters: Vec::new(), rest });
        }
        if names.is_empty() {
            return Ok(Selection { filters: vec![filter], rest });
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
                return Ok(Selection { filters: vec![only], rest });
            }
        }
        let mut filters = Vec::new();
        for flow in api.state().flows(None).await? {
            let fits_namespace = filter.namespace.as_ref().is_none_or(|namespace| {
                flow.namespace == *namespace
                    || (!filter.exact_namespace && flow.namespace.starts_with(&format!("{namespace}.")))
            });
            let fits_flow = filter.flow_id.as_ref().is_none_or(|id| flow.id == *id);
            if fits_namespace && fits_flow && all_hold(&names, &flow.namespace, &flow.id)? {
                filters.push(ExecutionFilter {
                    namespace: Some(flow.namespace),
                    exact_namespace: true,
                    flow_id: Some(flow.id),
                    ..filter.clone()
                });
            }
        }
        filters.truncate(MOST_FLOWS);
        Ok(Selection { filters, rest })
    }
}

fn all_hold(names: &[Condition], namespace: &str, id: &str) -> Answer<bool> {
    for condition in names {
        let holds = match condition.field.as_str() {
            "namespace" => condition.holds_for(namespace)?,
            "flowId" => condition.holds_for(id)?,
            _ => {
                let part = condition.value.trim_matches('*').to_lowercase();
                format!("{namespace}.{id}").to_lowercase().contains(&part)
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
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
