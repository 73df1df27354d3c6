//! Logs: of many executions, and parts of the log of one. The store answers the conditions that its indexes support.
//! Other conditions need a look at each of the newest lines.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::conditions::{KINDS, SCOPES, in_scope, kind_of};
use crate::queries::executions::stored;
use crate::queries::histogram;
use crate::request::{Compare, Condition, Field, FieldKind, Filter, Op, Page, Query, all_hold, date};
use jiff::{SignedDuration, Timestamp};
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::log_line::{FoundLines, LineFilter, LinesAt, Moment, NumberedLine};
use segue_ports::state::LogFilter;
use std::collections::HashMap;

const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
/// The fields of a search.
pub(crate) const FIELDS: &[Field] = &[
    Field::text("q"),
    Field::text("namespace"),
    Field::text("flowId"),
    Field::text("triggerId"),
    Field::text("executionId"),
    Field::text("taskId"),
    Field::text("taskRunId"),
    Field::new("attemptNumber", FieldKind::Number),
    Field::new("labels", FieldKind::Labels),
    Field::new("level", FieldKind::Level),
    Field::new("minLevel", FieldKind::Level),
    Field::new("startDate", FieldKind::Date),
    Field::new("endDate", FieldKind::Date),
    Field::new("timeRange", FieldKind::TimeRange),
    Field::new("kind", FieldKind::OneOf(KINDS)),
    Field::new("scope", FieldKind::OneOf(SCOPES)),
];
/// The store counts lines up to this number.
const MOST_COUNTED: u64 = 10_000;
/// How many of the newest lines are read for a condition that the store does not support.
const MOST_SCANNED: u32 = 10_000;
/// The fields that a search can be sorted by.
const SORTS: [(&str, Compare<NumberedLine>); 2] = [
    ("timestamp", |left, right| left.line.timestamp.cmp(&right.line.timestamp)),
    ("level", |left, right| left.line.level.cmp(&right.line.level)),
];

/// The log lines of a search over all executions, newest execution first.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::LogsPage> {
    let page = Page::from_query(query)?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let mut filter = LogFilter {
        namespace: text("namespace"),
        flow_id: text("flowId"),
        min_level: query.level("minLevel")?,
        start: query.date("startDate")?,
        end: query.date("endDate")?,
        text: text("q"),
        trigger_id: text("triggerId"),
        task_id: text("taskId"),
        labels: Vec::new(),
        moments: query.flag("histogram", false)?,
        limit: page.limit,
        offset: page.offset,
    };
    if let Some(range) = query.duration("timeRange")? {
        filter.start = filter.start.max(api.now().checked_sub(range).ok());
    }
    let (mut conditions, mut rest) = (Vec::new(), Vec::new());
    for one in query.filters(FIELDS)? {
        one.split(&mut conditions, &mut rest);
    }
    let mut execution = None;
    for condition in conditions {
        if condition.field == "executionId" && condition.op == Op::Equals && execution.is_none() {
            execution = Some(ExecutionId::from(condition.value));
        } else if !narrow(&mut filter, &condition, api.now())? {
            rest.push(Filter::One(condition));
        }
    }
    let is_simple = rest.is_empty() && execution.is_none() && page.sort.is_empty();
    let (found, is_whole) = if is_simple {
        (api.state().search_logs(&filter).await?, true)
    } else {
        let (mut lines, is_whole) = scan(api, filter.clone(), execution.as_ref(), &rest).await?;
        page.arrange(&mut lines, &SORTS)?;
        let moments = lines.iter().map(|found| Moment::of(&found.line)).collect();
        (FoundLines { total: lines.len() as u64, lines: page.cut(lines), moments }, is_whole)
    };
    let histogram = filter.moments.then(|| {
        let is_complete = is_whole && found.total < MOST_COUNTED;
        histogram::of(&found.moments, filter.start, filter.end, is_complete)
    });
    let view = |found: &NumberedLine| types::FoundLine {
        line: types::LogEntry::from(&found.line),
        number: found.number,
    };
    Ok(types::LogsPage {
        results: found.lines.iter().map(view).collect(),
        total: found.total,
        kind: types::PaginationType::Offset,
        next_cursor: None,
        histogram,
    })
}

/// Adds a condition to the filter of the store. Returns false if the store does not support the condition.
fn narrow(filter: &mut LogFilter, condition: &Condition, now: Timestamp) -> Answer<bool> {
    let value = || Some(condition.value.clone());
    match (condition.field.as_str(), condition.op) {
        ("namespace", Op::Prefix) if filter.namespace.is_none() => filter.namespace = value(),
        ("flowId", Op::Equals) if filter.flow_id.is_none() => filter.flow_id = value(),
        ("triggerId", Op::Equals) if filter.trigger_id.is_none() => filter.trigger_id = value(),
        ("taskId", Op::Equals) if filter.task_id.is_none() => filter.task_id = value(),
        ("labels", Op::Equals) => {
            let (key, of_label) = condition.label()?;
            filter.labels.push((key.to_owned(), of_label.value));
        }
        ("q", Op::Equals | Op::Contains) if filter.text.is_none() => filter.text = value(),
        // A condition on a level means this level and all levels above it, as in Kestra.
        ("level" | "minLevel", Op::Equals | Op::GreaterOrEqual) => {
            filter.min_level = filter.min_level.max(level(condition)?);
        }
        ("startDate" | "endDate", Op::GreaterOrEqual) => {
            filter.start = filter.start.max(Some(date(&condition.value).map_err(ApiError::argument)?));
        }
        ("startDate" | "endDate", Op::LessOrEqual) if filter.end.is_none() => {
            filter.end = Some(date(&condition.value).map_err(ApiError::argument)?);
        }
        ("startDate" | "endDate", Op::LessThan) if filter.end.is_none() => {
            let end = date(&condition.value).map_err(ApiError::argument)?;
            filter.end = end.checked_sub(SignedDuration::from_nanos(1)).ok();
        }
        ("timeRange", _) => filter.start = filter.start.max(now.checked_sub(condition.range()?).ok()),
        _ => return Ok(false),
    }
    Ok(true)
}

fn level(condition: &Condition) -> Answer<LogLevel> {
    LogLevel::parse(&condition.value).ok_or_else(|| {
        ApiError::argument(format!(
            "filters[{}] is '{}': one of {} is expected",
            condition.field,
            condition.value,
            LEVELS.join(", ")
        ))
    })
}

/// The lines that meet all conditions: of one execution, or among the newest lines of all. Also whether no line was left
/// out.
async fn scan(
    api: &Api,
    filter: LogFilter,
    execution: Option<&ExecutionId>,
    rest: &[Filter],
) -> Answer<(Vec<NumberedLine>, bool)> {
    let lines = match execution {
        None => {
            let wide = LogFilter { limit: MOST_SCANNED, offset: 0, moments: false, ..filter.clone() };
            api.state().search_logs(&wide).await?.lines
        }
        Some(id) => {
            let Some(stored) = api.state().execution(id).await? else { return Ok((Vec::new(), true)) };
            let lines = (1_u64..).zip(api.state().logs(id, LogLevel::Trace, 0).await?);
            lines
                .filter(|(_, line)| is_selected(&filter, line, &stored.execution))
                .map(|(number, line)| NumberedLine { number, line })
                .collect()
        }
    };
    let is_whole = execution.is_some() || lines.len() < MOST_SCANNED as usize;
    let executions =
        if rest.iter().any(asks_for_execution) { executions(api, &lines).await? } else { HashMap::new() };
    let mut found = Vec::new();
    for line in lines {
        let execution = executions.get(&line.line.execution_id);
        if all_hold(rest, &|condition| meets(condition, &line.line, execution, api.now()))? {
            found.push(line);
        }
    }
    Ok((found, is_whole))
}

/// Whether a filter asks for something that a line does not have, but its execution.
fn asks_for_execution(filter: &Filter) -> bool {
    match filter {
        Filter::One(condition) => matches!(condition.field.as_str(), "kind" | "labels" | "triggerId"),
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(asks_for_execution),
    }
}

/// The executions of lines.
async fn executions(api: &Api, lines: &[NumberedLine]) -> Answer<HashMap<ExecutionId, Execution>> {
    let mut found = HashMap::new();
    for NumberedLine { line, .. } in lines {
        if !found.contains_key(&line.execution_id)
            && let Some(stored) = api.state().execution(&line.execution_id).await?
        {
            found.insert(line.execution_id.clone(), stored.execution);
        }
    }
    Ok(found)
}

/// Whether a line of one execution is selected, as the store would select it.
fn is_selected(filter: &LogFilter, line: &LogEntry, execution: &Execution) -> bool {
    let trigger = execution.trigger.as_ref().map(|trigger| trigger.id.as_str());
    let has_label =
        |(key, value): &(String, String)| value_of(&execution.labels, key) == Some(value.as_str());
    let in_namespace = |wanted: &String| {
        line.namespace
            .strip_prefix(wanted.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    line.level >= filter.min_level
        && filter.namespace.as_ref().is_none_or(in_namespace)
        && filter.flow_id.as_ref().is_none_or(|id| line.flow_id == *id)
        && (filter.task_id.is_none() || line.task_id == filter.task_id)
        && filter.start.is_none_or(|start| line.timestamp >= start)
        && filter.end.is_none_or(|end| line.timestamp <= end)
        && filter.trigger_id.as_deref().is_none_or(|id| trigger == Some(id))
        && filter.labels.iter().all(has_label)
        && filter.text.as_ref().is_none_or(|text| line.message.to_lowercase().contains(&text.to_lowercase()))
}

fn meets(
    condition: &Condition,
    line: &LogEntry,
    execution: Option<&Execution>,
    now: Timestamp,
) -> Answer<bool> {
    match condition.field.as_str() {
        "q" => condition.finds(&line.message),
        "namespace" => condition.holds_for(&line.namespace),
        "flowId" => condition.holds_for(&line.flow_id),
        "executionId" => condition.holds_for(line.execution_id.as_str()),
        "taskId" => condition.holds_for_maybe(line.task_id.as_deref()),
        "taskRunId" => condition.holds_for_maybe(line.task_run_id.as_ref().map(|id| id.as_str())),
        "attemptNumber" => condition.holds_for_number(line.attempt_number.map(u64::from)),
        "level" | "minLevel" => meets_level(condition, line.level),
        "startDate" | "endDate" => condition.holds_for_date(Some(line.timestamp)),
        "timeRange" => Ok(now.checked_sub(condition.range()?).is_ok_and(|from| line.timestamp >= from)),
        "scope" => in_scope(condition, &line.namespace),
        "labels" => {
            let labels = execution.map(|execution| execution.labels.as_slice()).unwrap_or_default();
            condition.holds_for_labels(|key| value_of(labels, key))
        }
        "kind" => condition.holds_for_maybe(execution.map(kind_of)),
        "triggerId" => {
            let trigger = execution.and_then(|execution| execution.trigger.as_ref());
            condition.holds_for_maybe(trigger.map(|trigger| trigger.id.as_str()))
        }
        _ => Err(condition.unusable()),
    }
}

/// The value of a label.
fn value_of<'a>(labels: &'a [Label], key: &str) -> Option<&'a str> {
    labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
}

fn meets_level(condition: &Condition, found: LogLevel) -> Answer<bool> {
    Ok(match condition.op {
        Op::Equals | Op::GreaterOrEqual => found >= level(condition)?,
        Op::NotEquals => found != level(condition)?,
        Op::GreaterThan => found > level(condition)?,
        Op::LessThan => found < level(condition)?,
        Op::LessOrEqual => found <= level(condition)?,
        Op::In => condition.values().any(|name| LogLevel::parse(name) == Some(found)),
        Op::NotIn => condition.values().all(|name| LogLevel::parse(name) != Some(found)),
        _ => return Err(condition.unusable()),
    })
}

fn filter_of(query: &Query) -> Answer<LineFilter> {
    Ok(LineFilter {
        min_level: query.level("minLevel")?,
        task_run: query.text("taskRunId").map(str::to_owned),
        attempt: query.number("attempt")?,
        text: query.text("q").map(str::to_owned),
    })
}

/// A part of the log of an execution. `usual` is the number of lines if the query has none, and `most` the largest.
pub(crate) async fn lines(
    api: &Api,
    id: &str,
    query: &Query,
    usual: u32,
    most: u32,
) -> Answer<Vec<types::NumberedLine>> {
    let filter = filter_of(query)?;
    let limit = query.number("limit")?.unwrap_or(usual).min(most);
    let at = match (query.number("after")?, query.number("before")?) {
        (Some(_), Some(_)) => {
            return Err(ApiError::argument("after and before exclude each other: send one of both"));
        }
        (_, Some(before)) => LinesAt::Before(u64::from(before)),
        (after, None) => LinesAt::After(u64::from(after.unwrap_or(0))),
    };
    stored(api, id).await?;
    let lines = api.state().log_lines(&ExecutionId::from(id), &filter, at, limit).await?;
    let view = |numbered: &NumberedLine| types::NumberedLine {
        number: numbered.number,
        line: types::LogEntry::from(&numbered.line),
    };
    Ok(lines.iter().map(view).collect())
}

/// How many lines of the log of an execution match, and the numbers of the first ones.
pub(crate) async fn index(api: &Api, id: &str, query: &Query, most: u32) -> Answer<types::LogIndex> {
    let filter = filter_of(query)?;
    stored(api, id).await?;
    let found = api.state().log_index(&ExecutionId::from(id), &filter, most).await?;
    Ok(types::LogIndex { total: found.total, found: found.found, numbers: found.numbers })
}
