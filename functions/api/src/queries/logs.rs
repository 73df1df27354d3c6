//! Logs: of many executions, and parts of the log of one.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::{Op, Page, Query, date, paged};
use segue_api_types as types;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_ports::log_line::{LineFilter, LinesAt};
use segue_ports::state::LogFilter;

/// The log lines of a search over all executions, newest execution first.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::LogEntry>> {
    let page = Page::from_query(query)?;
    page.order(&["timestamp"])?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let mut filter = LogFilter {
        namespace: text("namespace"),
        flow_id: text("flowId"),
        min_level: query.level("minLevel")?,
        start: query.date("startDate")?,
        end: query.date("endDate")?,
        text: text("q"),
        trigger_id: text("triggerId"),
        limit: page.limit,
        offset: page.offset,
    };
    if let Some(range) = query.duration("timeRange")? {
        filter.start = filter.start.max(api.now().checked_sub(range).ok());
    }
    for condition in query.conditions()? {
        let value = condition.value.clone();
        match (condition.field.as_str(), condition.op) {
            ("namespace", Op::Equals | Op::Prefix | Op::StartsWith) => filter.namespace = Some(value),
            ("flowId", Op::Equals) => filter.flow_id = Some(value),
            ("triggerId", Op::Equals) => filter.trigger_id = Some(value),
            ("q", Op::Equals | Op::Contains) => filter.text = Some(value),
            ("level" | "minLevel", Op::Equals | Op::GreaterOrEqual) => {
                filter.min_level = LogLevel::parse(&value).ok_or_else(|| condition.unusable())?;
            }
            ("startDate" | "endDate", Op::GreaterThan | Op::GreaterOrEqual) => {
                filter.start = Some(date(&value).map_err(ApiError::argument)?);
            }
            ("startDate" | "endDate", Op::LessThan | Op::LessOrEqual) => {
                filter.end = Some(date(&value).map_err(ApiError::argument)?);
            }
            _ => return Err(condition.unusable()),
        }
    }
    let (lines, total) = api.state().search_logs(&filter).await?;
    Ok(paged(lines.iter().map(types::LogEntry::from).collect(), total))
}

fn filter_of(query: &Query) -> Answer<LineFilter> {
    Ok(LineFilter {
        min_level: query.level("minLevel")?,
        task_run: query.text("taskRunId").map(str::to_owned),
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
    let view = |numbered: &segue_ports::log_line::NumberedLine| types::NumberedLine {
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
