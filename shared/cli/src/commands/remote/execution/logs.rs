//! `segue execution logs`: the log of an execution.

use super::follow::ended;
use crate::client::{Answered, Events, Session};
use crate::commands::remote::logs::{known_level, line};
use crate::report::Output;
use segue_api_types::LogEntry;
use std::collections::HashSet;

/// Selects lines of a log.
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// The execution.
    #[arg(value_name = "ID", add = crate::complete::executions())]
    id: String,
    /// Prints new lines until the execution has ended.
    #[arg(short, long)]
    follow: bool,
    /// The lowest level of the lines.
    #[arg(short, long, value_name = "LEVEL", value_parser = known_level)]
    level: Option<String>,
    /// Only lines of this task.
    #[arg(short, long, value_name = "ID")]
    task: Option<String>,
}

impl Logs {
    /// Whether new lines are printed. Only a server writes new lines.
    pub(super) fn follows(&self) -> bool {
        self.follow
    }
}

pub(super) async fn run(session: &Session, args: &Logs) -> anyhow::Result<u8> {
    if args.follow {
        follow(session, args, &mut |entry| say(session, entry)).await?;
        return Ok(crate::OK);
    }
    let answer = session
        .client
        .get(&["logs", &args.id])
        .maybe("minLevel", args.level.as_ref())
        .maybe("taskId", args.task.as_ref())
        .read::<Vec<Answered<LogEntry>>>()
        .await?;
    match session.output {
        Output::Json => crate::print::line(serde_json::to_string_pretty(&answer.json)?),
        Output::Text => answer.value.iter().for_each(|entry| say(session, entry)),
    }
    Ok(crate::OK)
}

/// Prints a line. With `--output json`, each line is one JSON document, because a list would have no end yet.
fn say(session: &Session, entry: &Answered<LogEntry>) {
    match session.output {
        Output::Json => crate::print::line(&entry.json),
        Output::Text => crate::print::line(line(&entry.value, &session.zone, false)),
    }
}

/// Returns each line once, until the execution has ended.
async fn follow(
    session: &Session,
    args: &Logs,
    say: &mut impl FnMut(&Answered<LogEntry>),
) -> anyhow::Result<()> {
    let query = args.level.iter().map(|level| ("minLevel", level.clone())).collect();
    let mut events = Events::<LogEntry>::new(&session.client, &["logs", &args.id, "follow"], query);
    let mut told = HashSet::new();
    loop {
        while let Some(event) = events.next().await? {
            let is_meant = args.task.is_none() || event.value.task_id == args.task;
            if is_meant && told.insert(event.json.to_string()) {
                say(&event);
            }
        }
        if ended(session, &args.id).await?.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, events, json as ok};
    use segue_model::Json;
    use serde_json::json;

    fn written(task: &str, message: &str) -> Json {
        json!({
            "namespace": "n", "flowId": "f", "executionId": "e1", "taskId": task, "level": "INFO",
            "timestamp": "2024-01-01T00:00:00.123Z", "message": message,
        })
    }

    fn execution(state: &str) -> Json {
        json!({"id": "e1", "namespace": "n", "flowId": "f", "state": {"current": state}})
    }

    #[tokio::test]
    async fn a_stream_that_closes_early_goes_on_and_tells_each_line_once() {
        let (one, two) = (written("a", "one"), written("a", "two"));
        let stub = Stub::new([
            events(&[("progress", one.clone()), ("progress", written("b", "other"))]),
            ok(execution("RUNNING")),
            events(&[("progress", one.clone()), ("progress", two.clone())]),
            ok(execution("SUCCESS")),
        ])
        .await;
        let args = Logs { id: "e1".into(), follow: true, level: Some("WARN".into()), task: Some("a".into()) };
        let mut told = Vec::new();
        follow(&stub.session, &args, &mut |entry| told.push(entry.json.clone())).await.unwrap();
        assert_eq!(told, [one, two]);
        assert_eq!(stub.paths()[0], "GET /logs/e1/follow?minLevel=WARN");
    }
}
