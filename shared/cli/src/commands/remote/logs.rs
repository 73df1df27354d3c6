//! `segue logs`: the log lines of all executions.

use crate::client::{Answered, Format, Needs, Reach, Reply, Session};
use crate::report::Output;
use console::style;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_api_types::{LogEntry, Page};
use segue_model::log::LogLevel;
use segue_ports::{Clock as _, SystemClock};
use std::collections::HashSet;
use std::time::Duration;

/// How often a followed log is read.
const PERIOD: Duration = Duration::from_millis(400);

/// The log lines of all executions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue logs search timeout --level ERROR
  segue logs follow --namespace zoomcamp

What one execution wrote:
  segue execution logs -f 5Y8ps5bWJwcBWVBMVmJpGZ")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Searches log lines, newest last.
    #[command(after_help = "Examples:
  segue logs search 'no such table' --namespace zoomcamp
  segue logs search --level WARN --since 2024-03-01T00:00:00Z --limit 500")]
    Search {
        #[command(flatten)]
        which: Which,
        /// Only lines from this date on.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// Only lines before this date.
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        /// The largest number of lines. The newest lines are printed.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Prints new lines until Ctrl-C.
    #[command(after_help = "Examples:
  segue logs follow
  segue logs follow --namespace zoomcamp --level WARN")]
    Follow {
        #[command(flatten)]
        which: Which,
    },
}

/// Selects lines.
#[derive(Debug, Default, clap::Args)]
struct Which {
    /// Only lines with this text.
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Only lines of this namespace and the namespaces below it.
    #[arg(short, long, value_name = "NAMESPACE", add = crate::complete::namespaces())]
    namespace: Option<String>,
    /// Only lines of this flow.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
    /// The lowest level of the lines.
    #[arg(short, long, value_name = "LEVEL", value_parser = known_level)]
    level: Option<String>,
}

/// A valid level in upper case.
pub(crate) fn known_level(text: &str) -> Result<String, String> {
    LogLevel::parse(text)
        .map(|level| level.as_str().to_owned())
        .ok_or_else(|| "unknown level; write TRACE, DEBUG, INFO, WARN or ERROR".to_owned())
}

/// A line of the log as text. With `is_whole`, the text names the flow and the execution too.
pub(crate) fn line(entry: &LogEntry, zone: &TimeZone, is_whole: bool) -> String {
    let written = entry.timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let level = format!("{:<5}", entry.level.as_str());
    let level = match entry.level {
        LogLevel::Error => style(level).red(),
        LogLevel::Warn => style(level).yellow(),
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => style(level).dim(),
    };
    let flow = format!("{}.{}", entry.namespace, entry.flow_id);
    let origin = match (is_whole, &entry.task_id) {
        (true, None) => format!("{flow} {}", entry.execution_id),
        (true, Some(task)) => format!("{flow} {} {task}", entry.execution_id),
        (false, None) => flow,
        (false, Some(task)) => task.clone(),
    };
    format!("{} {level} {} {}", style(written).dim(), style(origin).dim(), entry.message)
}

impl Verb {
    fn needs(&self) -> Needs {
        match self {
            Self::Search { .. } => Needs::Data,
            Self::Follow { .. } => Needs::Server,
        }
    }
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, args.verb.needs()).await?;
    match args.verb {
        Verb::Search { which, since, until, limit } => {
            let found = search(&session, &which, since.as_deref(), until.as_deref(), limit).await?;
            shown(&session, found).show(session.output)
        }
        Verb::Follow { which } => {
            let mut told = Told::from(SystemClock.now());
            loop {
                for entry in told.news(&session, &which).await? {
                    match session.output {
                        Output::Json => crate::print::line(entry.json),
                        Output::Text => crate::print::line(line(&entry.value, &session.zone, true)),
                    }
                }
                tokio::time::sleep(PERIOD).await;
            }
        }
    }
}

/// The newest selected lines, newest first.
async fn search(
    session: &Session,
    which: &Which,
    since: Option<&str>,
    until: Option<&str>,
    limit: u32,
) -> anyhow::Result<Answered<Page<Answered<LogEntry>>>> {
    let call = session
        .client
        .get(&["logs", "search"])
        .maybe("q", which.text.as_ref())
        .maybe("namespace", which.namespace.as_ref())
        .maybe("flowId", which.flow.as_ref())
        .maybe("minLevel", which.level.as_ref())
        .maybe("startDate", since)
        .maybe("endDate", until)
        .with("sort", "timestamp:desc")
        .with("page", 1)
        .with("size", limit);
    Ok(call.read().await?)
}

fn shown(session: &Session, found: Answered<Page<Answered<LogEntry>>>) -> Reply {
    let lines = found.value.results.iter().rev();
    let text = lines.map(|entry| line(&entry.value, &session.zone, true) + "\n").collect::<String>();
    Reply::new(found.json, text)
}

/// The lines of a followed log that were already printed.
struct Told {
    since: Timestamp,
    /// The printed lines that are not older than `since`.
    lines: HashSet<String>,
}

impl Told {
    fn from(since: Timestamp) -> Self {
        Self { since, lines: HashSet::new() }
    }

    /// The new lines. Lines do not always arrive in the order of their dates, so each call reads the last 5 s
    /// again.
    async fn news(&mut self, session: &Session, which: &Which) -> anyhow::Result<Vec<Answered<LogEntry>>> {
        const LATE: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);
        const MOST: u32 = 1000;
        let found = search(session, which, Some(&self.since.to_string()), None, MOST).await?;
        let mut news = Vec::new();
        let mut now = HashSet::new();
        let mut newest = self.since;
        for entry in found.value.results.into_iter().rev() {
            newest = newest.max(entry.value.timestamp.saturating_sub(LATE)?);
            let text = entry.json.to_string();
            if !self.lines.contains(&text) {
                news.push(entry);
            }
            now.insert(text);
        }
        self.since = newest;
        self.lines = now;
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stub::{Stub, json as ok};
    use segue_model::Json;
    use serde_json::json;

    fn written(second: u32, message: &str) -> Json {
        json!({
            "namespace": "n", "flowId": "f", "executionId": "e1", "taskId": "say", "level": "WARN",
            "timestamp": format!("2024-01-01T00:00:{second:02}.5Z"), "message": message,
        })
    }

    #[tokio::test]
    async fn lines_that_are_found_read_downwards() {
        let stub =
            Stub::new([ok(json!({"results": [written(2, "two"), written(1, "one")], "total": 2}))]).await;
        let which = Which { text: Some("o".into()), level: Some("WARN".into()), ..Which::default() };
        let found = search(&stub.session, &which, None, None, 7).await.unwrap();
        let reply = shown(&stub.session, found);
        assert_eq!(
            console::strip_ansi_codes(&reply.text),
            "2024-01-01 00:00:01.500 WARN  n.f e1 say one\n2024-01-01 00:00:02.500 WARN  n.f e1 say two\n"
        );
        assert_eq!(stub.paths(), ["GET /logs/search?q=o&minLevel=WARN&sort=timestamp%3Adesc&page=1&size=7"]);
    }

    #[tokio::test]
    async fn a_line_is_told_once_even_when_it_comes_late() {
        let (early, late, next) = (written(10, "early"), written(8, "late"), written(11, "next"));
        let stub = Stub::new([
            ok(json!({"results": [early], "total": 1})),
            ok(json!({"results": [early, late], "total": 2})),
            ok(json!({"results": [next, early, late], "total": 3})),
        ])
        .await;
        let mut told = Told::from("2024-01-01T00:00:00Z".parse().unwrap());
        let which = Which::default();
        for expected in [early, late, next] {
            let news = told.news(&stub.session, &which).await.unwrap();
            assert_eq!(news.into_iter().map(|entry| entry.json).collect::<Vec<_>>(), [expected]);
        }
        assert!(stub.paths()[1].contains("startDate=2024-01-01T00%3A00%3A05.5Z"), "{:?}", stub.paths());
    }
}
