//! Logs of many executions.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Op, Page, Query, date, paged};
use segue_api_types as types;
use segue_model::log::LogLevel;
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
