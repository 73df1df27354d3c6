//! Reads the rows of a chart. The store gets the conditions that its indexes support, and the caller looks at all of
//! them again. A chart reads a limited number of rows, newest first.

use super::conditions::Row;
use super::window::Wanted;
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::search::lasted;
use crate::queries::metrics;
use crate::request::Op;
use segue_api_types as types;
use segue_model::Json;
use segue_model::dashboard::data::{Cell, Condition, Data, Field, Source, Test};
use segue_model::execution::Execution;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::trigger_state::TriggerState;
use segue_ports::log_line::NumberedLine;
use segue_ports::schedule::TriggerFilter;
use segue_ports::state::{ExecutionFilter, LogFilter, StoredFlow};

/// The largest number of executions or log lines that a chart reads.
const MOST: u32 = 10_000;
/// The largest number of executions with task runs that are read for the metrics of a chart.
const MOST_WITH_METRICS: u32 = 500;

/// A row of a chart.
#[derive(Clone, Debug)]
pub(super) enum AnyRow {
    Execution(Box<Execution>),
    Line(Box<NumberedLine>),
    Metric(Box<types::Metric>),
    Flow(Box<StoredFlow>),
    Trigger(Box<TriggerState>),
}

/// The rows that were read for a chart.
pub(super) struct Rows {
    pub(super) rows: Vec<AnyRow>,
    /// The number of rows or executions that were read.
    pub(super) read: u64,
    /// Whether there is nothing more to read.
    pub(super) is_complete: bool,
}

/// Reads the rows of a chart.
pub(super) async fn read(api: &Api, data: &Data, wanted: &Wanted) -> Answer<Rows> {
    match data.source {
        Source::Executions => {
            let (found, is_complete) = executions(api, data, wanted, MOST).await?;
            let read = found.len() as u64;
            let rows = found.into_iter().map(|one| AnyRow::Execution(Box::new(one))).collect();
            Ok(Rows { rows, read, is_complete })
        }
        Source::Logs => {
            let found = lines(api, data, wanted).await?;
            let (read, is_complete) = (found.len() as u64, found.len() < MOST as usize);
            let rows = found.into_iter().map(|one| AnyRow::Line(Box::new(one))).collect();
            Ok(Rows { rows, read, is_complete })
        }
        Source::Metrics => {
            let (found, is_complete) = executions(api, data, wanted, MOST_WITH_METRICS).await?;
            let read = found.len() as u64;
            let mut rows = Vec::new();
            for execution in found {
                let own = metrics::all_of(api, &execution).await?;
                let in_window = own.into_iter().filter(|metric| metric.timestamp <= wanted.end);
                rows.extend(in_window.map(|metric| AnyRow::Metric(Box::new(metric))));
            }
            Ok(Rows { rows, read, is_complete })
        }
        Source::Flows => {
            let found = api.state().flows(None).await?;
            let read = found.len() as u64;
            let rows = found.into_iter().map(|one| AnyRow::Flow(Box::new(one))).collect();
            Ok(Rows { rows, read, is_complete: true })
        }
        Source::Triggers => {
            let found = api.state().triggers(&TriggerFilter::default()).await?;
            let read = found.len() as u64;
            let rows = found.into_iter().map(|one| AnyRow::Trigger(Box::new(one))).collect();
            Ok(Rows { rows, read, is_complete: true })
        }
    }
}

/// The newest executions of the window, and whether these are all.
async fn executions(api: &Api, data: &Data, wanted: &Wanted, most: u32) -> Answer<(Vec<Execution>, bool)> {
    let mut filter = ExecutionFilter {
        start: Some(wanted.start),
        end: Some(wanted.end),
        limit: most.saturating_add(1),
        ..ExecutionFilter::default()
    };
    for condition in wanted.conditions() {
        let value = || Some(condition.value.clone());
        match (condition.field.as_str(), condition.op) {
            ("namespace", Op::Equals | Op::Prefix) if filter.namespace.is_none() => {
                filter.exact_namespace = condition.op == Op::Equals;
                filter.namespace = value();
            }
            ("flowId", Op::Equals) if filter.flow_id.is_none() => filter.flow_id = value(),
            // To the store, an empty list would mean all states.
            ("state", _) if filter.states.is_empty() => filter.states = condition.states()?,
            ("labels", Op::Equals) => {
                let (key, label) = condition.label()?;
                filter.labels.push((key.to_owned(), label.value));
            }
            _ => {}
        }
    }
    data.conditions.iter().for_each(|condition| narrow(&mut filter, condition));
    let mut found = api.state().executions(&filter).await?;
    let is_complete = found.len() <= most as usize;
    found.truncate(most as usize);
    Ok((found, is_complete))
}

/// Adds a condition of the chart that the store supports.
fn narrow(filter: &mut ExecutionFilter, condition: &Condition) {
    let Condition::One { field, label_key, test, .. } = condition else { return };
    match (field, test) {
        (Field::Namespace, Test::Is(Cell::Text(name))) if filter.namespace.is_none() => {
            (filter.namespace, filter.exact_namespace) = (Some(name.clone()), true);
        }
        (Field::Namespace, Test::Prefix(name)) if filter.namespace.is_none() => {
            filter.namespace = Some(name.clone());
        }
        (Field::FlowId, Test::Is(Cell::Text(id))) if filter.flow_id.is_none() => {
            filter.flow_id = Some(id.clone());
        }
        (Field::State, Test::Is(Cell::Text(name))) if filter.states.is_empty() => {
            filter.states = State::parse(name).into_iter().collect();
        }
        (Field::State, Test::OneOf(names)) if filter.states.is_empty() => {
            filter.states = names.iter().filter_map(state).collect();
        }
        (Field::Labels, Test::Is(Cell::Text(value))) => {
            filter.labels.extend(label_key.clone().map(|key| (key, value.clone())));
        }
        _ => {}
    }
}

fn state(cell: &Cell) -> Option<State> {
    match cell {
        Cell::Text(name) => State::parse(name),
        Cell::Number(_) | Cell::Date(_) => None,
    }
}

/// The newest lines of the window.
async fn lines(api: &Api, data: &Data, wanted: &Wanted) -> Answer<Vec<NumberedLine>> {
    let mut filter =
        LogFilter { start: Some(wanted.start), end: Some(wanted.end), limit: MOST, ..LogFilter::default() };
    for condition in wanted.conditions() {
        match (condition.field.as_str(), condition.op) {
            ("namespace", Op::Equals | Op::Prefix) => filter.namespace = Some(condition.value.clone()),
            ("flowId", Op::Equals) => filter.flow_id = Some(condition.value.clone()),
            _ => {}
        }
    }
    for condition in &data.conditions {
        let Condition::One { field, test, .. } = condition else { continue };
        match (field, test) {
            (Field::Namespace, Test::Is(Cell::Text(name)) | Test::Prefix(name)) => {
                filter.namespace = Some(name.clone());
            }
            (Field::FlowId, Test::Is(Cell::Text(id))) => filter.flow_id = Some(id.clone()),
            (Field::TaskId, Test::Is(Cell::Text(id))) => filter.task_id = Some(id.clone()),
            (Field::Level, Test::Is(level)) => filter.min_level = filter.min_level.max(least([level])),
            (Field::Level, Test::OneOf(levels)) => {
                filter.min_level = filter.min_level.max(least(levels));
            }
            _ => {}
        }
    }
    Ok(api.state().search_logs(&filter).await?.lines)
}

/// The lowest of some levels.
fn least<'c>(levels: impl IntoIterator<Item = &'c Cell>) -> LogLevel {
    let named = levels.into_iter().filter_map(|cell| match cell {
        Cell::Text(name) => LogLevel::parse(name),
        Cell::Number(_) | Cell::Date(_) => None,
    });
    named.min().unwrap_or(LogLevel::Trace)
}

impl Row for AnyRow {
    fn cell(&self, field: Field, label: Option<&str>) -> Option<Cell> {
        match self {
            Self::Execution(execution) => of_execution(execution, field, label),
            Self::Line(line) => of_line(line, field),
            Self::Metric(metric) => of_metric(metric, field),
            Self::Flow(flow) => match field {
                Field::Id => text(&flow.id),
                Field::Namespace => text(&flow.namespace),
                Field::Revision => Some(Cell::Number(flow.revision.into())),
                _ => None,
            },
            Self::Trigger(trigger) => match field {
                Field::Id => text(&trigger.key.to_string()),
                Field::Namespace => text(&trigger.key.namespace),
                Field::FlowId => text(&trigger.key.flow_id),
                Field::TriggerId => text(&trigger.key.trigger_id),
                Field::ExecutionId => trigger.execution_id.as_ref().and_then(|id| text(id.as_str())),
                Field::NextExecutionDate => trigger.next_execution_date.map(Cell::Date),
                _ => None,
            },
        }
    }
}

fn text(text: &str) -> Option<Cell> {
    Some(Cell::Text(text.to_owned()))
}

fn of_execution(execution: &Execution, field: Field, label: Option<&str>) -> Option<Cell> {
    match field {
        Field::Id => text(execution.id.as_str()),
        Field::Namespace => text(&execution.namespace),
        Field::FlowId => text(&execution.flow_id),
        Field::FlowRevision => Some(Cell::Number(execution.flow_revision.into())),
        Field::State => text(execution.state.current().as_str()),
        Field::Duration => Some(Cell::Number(lasted(execution).as_secs_f64())),
        Field::StartDate => Some(Cell::Date(execution.state.start_date())),
        Field::EndDate => execution.state.end_date().map(Cell::Date),
        Field::Labels => {
            let found = execution.labels.iter().find(|one| Some(one.key.as_str()) == label)?;
            text(&found.value)
        }
        Field::TriggerExecutionId => {
            let variables = &execution.trigger.as_ref()?.variables;
            variables.get("executionId").and_then(Json::as_str).and_then(text)
        }
        _ => None,
    }
}

fn of_line(NumberedLine { number, line }: &NumberedLine, field: Field) -> Option<Cell> {
    match field {
        Field::Id => text(&format!("{}/{number}", line.execution_id)),
        Field::Namespace => text(&line.namespace),
        Field::FlowId => text(&line.flow_id),
        Field::ExecutionId => text(line.execution_id.as_str()),
        Field::TaskId => line.task_id.as_deref().and_then(text),
        Field::TaskRunId => line.task_run_id.as_ref().and_then(|id| text(id.as_str())),
        Field::AttemptNumber => line.attempt_number.map(|number| Cell::Number(number.into())),
        Field::Level => text(line.level.as_str()),
        Field::Message => text(&line.message),
        Field::Date => Some(Cell::Date(line.timestamp)),
        _ => None,
    }
}

fn of_metric(metric: &types::Metric, field: Field) -> Option<Cell> {
    match field {
        Field::Namespace => text(&metric.namespace),
        Field::FlowId => text(&metric.flow_id),
        Field::ExecutionId => text(&metric.execution_id),
        Field::TaskId => text(&metric.task_id),
        Field::TaskRunId => text(&metric.task_run_id),
        Field::Name => text(&metric.name),
        Field::Type => text(&metric.kind),
        Field::Value => Some(Cell::Number(metric.value)),
        Field::Date => Some(Cell::Date(metric.timestamp)),
        _ => None,
    }
}
