//! Logs (docs/kestra.md 6.4).

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, events, get, json};
use crate::error::Answer;
use crate::looks::{Glance, Looks};
use crate::parts::Api;
use crate::queries;
use crate::queries::executions::stored;
use crate::request::Query;
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
use segue_ports::state::ExecutionFilter;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::mpsc;

const LEVEL: Param = Param::new(
    "minLevel",
    Kind::OneOf(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]),
    "The lowest level of the lines. Default: all levels.",
);
const OF_TASK: [Param; 4] = [
    Param::new("taskRunId", Kind::Text, "Only this task run."),
    Param::new("taskRunIds", Kind::Texts, "Only these task runs."),
    Param::new("taskId", Kind::Text, "Only this task."),
    Param::new("attempt", Kind::Number(0), "Only this attempt, counted from 0."),
];
const OF_PART: [Param; 4] = [
    LEVEL,
    Param::new("taskRunId", Kind::Text, "Only this task run."),
    Param::new("attempt", Kind::Number(0), "Only this attempt, counted from 0."),
    Param::new("q", Kind::Text, "Only lines with this text in the message."),
];
/// The largest number of numbers in the index of a log.
const NUMBERS: u32 = 10_000;
/// How many lines a part has if the request does not say.
const PART: u32 = 500;
/// How often a follower looks at the log where reads cost nothing. Task services write lines without a message to this
/// process.
const LOOK: Duration = Duration::from_millis(200);
/// The largest number of lines in memory.
const LINES: u32 = 2_000;
/// How many executions a deletion by flow reads at once.
const CHUNK: u32 = 500;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/logs/search", search)
            .is("searchLogs", "Searches the log lines of all executions, newest execution first.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "Only lines with this text in the message."),
                Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
                Param::new("flowId", Kind::Text, "Only this flow."),
                Param::new("triggerId", Kind::Text, "Only executions that this trigger started."),
                Param::new("taskId", Kind::Text, "Only lines of tasks with this id."),
                LEVEL,
                Param::new("startDate", Kind::Date, "Only lines written at this time or later."),
                Param::new("endDate", Kind::Date, "Only lines written at this time or earlier."),
                Param::new(
                    "timeRange",
                    Kind::Duration,
                    "Only lines written within this duration before now.",
                ),
                Param::new("histogram", Kind::Flag, "Also counts the lines by time and level."),
            ])
            .filters(queries::logs::FIELDS),
        get("/logs/{executionId}", list)
            .is("logs", "Lists the log lines of an execution, oldest first.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers(json::<Vec<types::LogEntry>>())
            .refuses(&[404]),
        get("/logs/{executionId}/lines", lines)
            .is(
                "logLines",
                "Lists a part of the log of an execution: lines with their numbers, oldest first.",
            )
            .takes(&[
                Param::new("after", Kind::Number(0), "The first lines with a higher number. Default: 0."),
                Param::new("before", Kind::Number(1), "The last lines with a lower number, in place of `after`."),
                Param::new("limit", Kind::Number(1), "The largest number of lines, at most 2,000. Default: 500."),
            ])
            .takes(&OF_PART)
            .refuses(&[404]),
        get("/logs/{executionId}/index", index)
            .is(
                "logIndex",
                "Counts the lines of the log of an execution that match, and lists the numbers of the first 10,000.",
            )
            .takes(&OF_PART)
            .refuses(&[404]),
        get("/logs/{executionId}/download", download)
            .is("downloadLogs", "Returns the log lines of an execution as text.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers(Content::Text)
            .refuses(&[404]),
        get("/logs/{executionId}/follow", follow)
            .is(
                "followLogs",
                "Streams the log lines of an execution, from the first line until the end of the execution.",
            )
            .takes(&[LEVEL])
            .answers(events::<types::LogEntry>())
            .refuses(&[404]),
        delete("/logs/{executionId}", remove)
            .is("deleteLogs", "Deletes log lines of an execution.")
            .takes(&[LEVEL])
            .takes(&OF_TASK)
            .answers_code(204)
            .refuses(&[404]),
        delete("/logs/{namespace}/{flowId}", remove_of_flow)
            .is("deleteLogsOfFlow", "Deletes the log lines of all executions of a flow.")
            .takes(&[Param::new(
                "triggerId",
                Kind::Text,
                "Only lines of executions that this trigger started.",
            )])
            .answers_code(204),
    ]
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::LogsPage>> {
    queries::logs::search(&api, &query).await.map(Json)
}

/// The selected lines of one execution.
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

    /// Whether every line is selected.
    fn is_all(&self) -> bool {
        self.level == LogLevel::Trace
            && self.task_runs.is_empty()
            && self.task.is_none()
            && self.attempt.is_none()
    }
}

/// The lines of an execution as a body. One page of lines is in memory at a time. An error in the middle ends the
/// body early. `write` appends a line. Its flag is true for the first line. `ends` are the texts before and
/// after all lines.
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
    // Read the first page before the answer begins, so that an error gets its own status code.
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

async fn lines(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<Vec<types::NumberedLine>>> {
    queries::logs::lines(&api, &id, &query, PART, LINES).await.map(Json)
}

async fn index(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<types::LogIndex>> {
    queries::logs::index(&api, &id, &query, NUMBERS).await.map(Json)
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

/// Sends all lines, present and future. After the end of the execution, the log is read once more.
async fn tell(api: Api, id: ExecutionId, level: LogLevel, sender: Sender) {
    let (mut seen, mut glance, mut looks) = (0_u64, Glance::default(), Looks::new(&api.ports, LOOK));
    loop {
        let Ok(has_changed) = glance.has_changed(api.state(), &id, true).await else { return };
        if !has_changed {
            tokio::select! {
                () = sender.left() => return,
                () = tokio::time::sleep(looks.pause(false)) => {}
            }
            continue;
        }
        // Read the state before the lines, so that no line before the end is missed.
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
            glance.forget();
            continue;
        }
        if has_ended {
            sender.send("end", &Map::new()).await;
            return;
        }
        tokio::select! {
            () = sender.left() => return,
            () = tokio::time::sleep(looks.pause(true)) => {}
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
