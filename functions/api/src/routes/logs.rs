//! Logs (docs/kestra.md 6.4).

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, events, get, json};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::{Op, Page, Query, date, paged};
use crate::view::events::{Sender, stream};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use segue_api_types as types;
use segue_model::Map;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::PortError;
use segue_ports::state::{ExecutionFilter, LogFilter};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::mpsc;

const LEVEL: Param = Param::new(
    "minLevel",
    Kind::OneOf(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]),
    "Lines at or above; all unless given.",
);
const OF_TASK: [Param; 4] = [
    Param::new("taskRunId", Kind::Text, "Of this task run."),
    Param::new("taskRunIds", Kind::Texts, "Of these task runs."),
    Param::new("taskId", Kind::Text, "Of this task."),
    Param::new("attempt", Kind::Number(0), "Of this attempt, from 0."),
];
/// How often a follower looks: lines of task services come without a word to this process.
const LOOK: Duration = Duration::from_millis(200);
/// How many lines are in memory at once.
const LINES: u32 = 2_000;
/// How many executions a removal by flow goes through at once.
const CHUNK: u32 = 500;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/logs/search", search)
            .is("searchLogs", "Lines of many executions, those of the newest first.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "A text in the message."),
                Param::new("namespace", Kind::Text, "This namespace and those below it."),
                Param::new("flowId", Kind::Text, "This flow."),
                Param::new("triggerId", Kind::Text, "Fired by this trigger."),
                LEVEL,
                Param::new("startDate", Kind::Date, "Written at or after."),
                Param::new("endDate", Kind::Date, "Written at or before."),
                Param::new("timeRange", Kind::Duration, "Written within the last while."),
            ])
            .answers(json::<types::Page<types::LogEntry>>()),
        get("/logs/{executionId}", list)
            .is("logs", "The lines of an execution, oldest first.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers(json::<Vec<types::LogEntry>>())
            .refuses(&[404]),
        get("/logs/{executionId}/download", download)
            .is("downloadLogs", "The lines of an execution as text.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers(Content::Text)
            .refuses(&[404]),
        get("/logs/{executionId}/follow", follow)
            .is("followLogs", "The lines of an execution, those to come too, until its end.")
            .takes(&[LEVEL])
            .answers(events::<types::LogEntry>())
            .refuses(&[404]),
        delete("/logs/{executionId}", remove)
            .is("deleteLogs", "Removes lines of an execution.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers_code(204)
            .refuses(&[404]),
        delete("/logs/{namespace}/{flowId}", remove_of_flow)
            .is("deleteLogsOfFlow", "Removes the lines of all executions of a flow.")
            .takes(&[Param::new("triggerId", Kind::Text, "Only of those this trigger fired.")])
            .answers_code(204),
    ]
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::LogEntry>>> {
    let page = Page::from_query(&query)?;
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

/// Which lines of one execution are meant.
struct Lines {
    level: LogLevel,
    task_runs: Vec<String>,
    task: Option<String>,
    attempt: Option<u32>,
}

impl Lines {
    fn from_query(query: &Query) -> Answer<Self> {
        let several = query.all("taskRunIds").flat_map(|ids| ids.split(','));
        let task_runs =
            query.all("taskRunId").chain(several).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        Ok(Self {
            level: query.level("minLevel")?,
            task_runs,
            task: query.text("taskId").map(str::to_owned),
            attempt: query.number("attempt")?,
        })
    }

    fn holds_for(&self, line: &LogEntry) -> bool {
        let of_run = |id: &String| line.task_run_id.as_ref().is_some_and(|run| run.as_str() == id);
        line.level >= self.level
            && (self.task_runs.is_empty() || self.task_runs.iter().any(of_run))
            && (self.task.is_none() || line.task_id == self.task)
            && (self.attempt.is_none() || line.attempt_number == self.attempt)
    }

    /// Whether every line is meant.
    fn is_all(&self) -> bool {
        self.level == LogLevel::Trace
            && self.task_runs.is_empty()
            && self.task.is_none()
            && self.attempt.is_none()
    }
}

/// An execution's lines as a body, of which a page is in memory at a time; an error in the middle breaks it off.
/// `write` puts a line into it, told whether it is the first; `ends` stand before and behind all.
async fn body(
    api: Api,
    id: &str,
    query: &Query,
    ends: [&'static str; 2],
    write: fn(&mut String, &LogEntry, bool),
) -> Answer<Body> {
    let wanted = Lines::from_query(query)?;
    stored(&api, id).await?;
    let id = ExecutionId::from(id);
    // Before the answer begins, so that an error is one.
    let mut page = api.state().log_page(&id, wanted.level, 0, LINES).await?;
    let (sender, receiver) = mpsc::channel::<Result<String, PortError>>(1);
    tokio::spawn(async move {
        let [begin, end] = ends;
        let (mut text, mut is_first) = (begin.to_owned(), true);
        loop {
            for line in page.lines.iter().filter(|line| wanted.holds_for(line)) {
                write(&mut text, line, is_first);
                is_first = false;
            }
            if !page.more {
                text.push_str(end);
            }
            if sender.send(Ok(std::mem::take(&mut text))).await.is_err() || !page.more {
                return;
            }
            page = match api.state().log_page(&id, wanted.level, page.next, LINES).await {
                Ok(page) => page,
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
        }
    });
    let pages = unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    Ok(Body::from_stream(pages))
}

async fn list(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<Response> {
    let body = body(api, &id, &query, ["[", "]"], |text, line, is_first| {
        if !is_first {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(&types::LogEntry::from(line)).unwrap_or_default());
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], body.await?).into_response())
}

async fn download(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<Response> {
    let text = body(api, &id, &query, ["", ""], |text, line, _| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{} {} {}", line.timestamp, line.level.as_str(), line.message);
    })
    .await?;
    let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let disposition = format!("attachment; filename=\"{name}.log\"");
    let kind = "text/plain; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

async fn follow(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<Response> {
    let level = query.level("minLevel")?;
    stored(&api, &id).await?;
    Ok(stream(move |sender| tell(api, ExecutionId::from(id), level, sender)))
}

/// Tells the lines there are and those to come; after the end of the execution it looks once more.
async fn tell(api: Api, id: ExecutionId, level: LogLevel, sender: Sender) {
    let mut seen = 0_u64;
    loop {
        // First whether it has ended, then the lines: none that came before the end is missed.
        let Ok(found) = api.state().execution(&id).await else { return };
        let has_ended = found.is_none_or(|stored| stored.execution.state.current().is_terminal());
        let Ok(page) = api.state().log_page(&id, level, seen, LINES).await else { return };
        seen = page.next;
        for line in page.lines {
            if !sender.send("progress", &types::LogEntry::from(&line)).await {
                return;
            }
        }
        if page.more {
            continue;
        }
        if has_ended {
            sender.send("end", &Map::new()).await;
            return;
        }
        tokio::select! {
            () = sender.left() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn remove(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<StatusCode> {
    let wanted = Lines::from_query(&query)?;
    stored(&api, &id).await?;
    let id = ExecutionId::from(id);
    let mut kept = Vec::new();
    if !wanted.is_all() {
        kept = api.state().logs(&id, LogLevel::Trace, 0).await?;
        kept.retain(|line| !wanted.holds_for(line));
    }
    api.state().delete_logs(&id).await?;
    if !kept.is_empty() {
        api.state().append_logs(kept).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_of_flow(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
) -> Answer<StatusCode> {
    let mut filter = ExecutionFilter {
        namespace: Some(namespace),
        exact_namespace: true,
        flow_id: Some(flow_id),
        trigger_id: query.text("triggerId").map(str::to_owned),
        limit: CHUNK,
        ..ExecutionFilter::default()
    };
    loop {
        let found = api.state().executions(&filter).await?;
        for execution in &found {
            api.state().delete_logs(&execution.id).await?;
        }
        if found.len() < CHUNK as usize {
            return Ok(StatusCode::NO_CONTENT);
        }
        filter.offset = filter.offset.saturating_add(CHUNK);
    }
}
