//! What happens on a server, on its standard error: starts, ends and failures of executions.
//!
//! On a terminal, each event is a line for people. Elsewhere, each event is one JSON document on a line, for the
//! collectors of logs.

use crate::report;
use console::{Term, style};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_ports::{Clock as _, StateStore, SystemClock};
use segue_standalone::{Change, Standalone};
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

/// The most lines of the log that a failure shows.
const MOST_ERRORS: usize = 3;

/// Something that happened to an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    Started,
    Paused,
    Ended,
}

/// Prints events until the server ends.
pub(super) struct Console {
    state: Arc<dyn StateStore>,
    changes: Receiver<Change>,
    /// Executions that have started here and not ended.
    open: HashSet<ExecutionId>,
    /// Executions that are shown as paused.
    paused: HashSet<ExecutionId>,
    term: Term,
    is_terminal: bool,
    zone: TimeZone,
}

impl Console {
    /// Prints in the background what happens from now on.
    pub(super) fn start(standalone: &Standalone) -> JoinHandle<()> {
        let term = Term::stderr();
        let console = Self {
            state: standalone.ports().state.clone(),
            changes: standalone.watch().subscribe(),
            open: HashSet::new(),
            paused: HashSet::new(),
            is_terminal: term.is_term(),
            term,
            zone: TimeZone::system(),
        };
        tokio::spawn(console.run())
    }

    async fn run(mut self) {
        loop {
            match self.changes.recv().await {
                Ok(change) => self.saw(&change.execution).await,
                Err(RecvError::Lagged(count)) => self.missed(count).await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn saw(&mut self, execution: &Execution) {
        for happened in self.news(execution) {
            let errors = match (happened, execution.state.current()) {
                (Happened::Ended, State::Failed) => self.errors(&execution.id).await,
                _ => Vec::new(),
            };
            let line = match self.is_terminal {
                true => for_people(happened, execution, &errors, &self.zone),
                false => for_programs(happened, execution, &errors).to_string(),
            };
            // A closed standard error is no reason to stop the server.
            let _ = self.term.write_line(&line);
        }
    }

    /// What a change of an execution means for a reader.
    fn news(&mut self, execution: &Execution) -> Vec<Happened> {
        let (id, current) = (&execution.id, execution.state.current());
        let mut news = Vec::new();
        if current.is_terminal() {
            if !self.open.remove(id) && !is_new(execution) {
                // A change of an execution that had ended, such as new labels.
                return news;
            }
            self.paused.remove(id);
            news.push(Happened::Ended);
            return news;
        }
        if self.open.insert(id.clone()) {
            news.push(Happened::Started);
        }
        match current {
            State::Paused if self.paused.insert(id.clone()) => news.push(Happened::Paused),
            State::Paused => {}
            _ => {
                self.paused.remove(id);
            }
        }
        news
    }

    /// Changes come faster than they are printed. Their executions are read, so that no end is missed.
    async fn missed(&mut self, count: u64) {
        let _ = self.term.write_line(&match self.is_terminal {
            true => style(format!("… {count} changes are not shown")).dim().to_string(),
            false => {
                json!({"time": SystemClock.now(), "event": "changes.missed", "count": count}).to_string()
            }
        });
        for id in self.open.clone() {
            if let Ok(Some(stored)) = self.state.execution(&id).await
                && stored.execution.state.current().is_terminal()
            {
                self.saw(&stored.execution).await;
            }
        }
    }

    async fn errors(&self, id: &ExecutionId) -> Vec<String> {
        let lines = self.state.logs(id, LogLevel::Error, 0).await.unwrap_or_default();
        let first = lines.len().saturating_sub(MOST_ERRORS);
        let text = |entry: segue_model::log::LogEntry| match entry.task_id {
            Some(task) => format!("{task}: {}", entry.message),
            None => entry.message,
        };
        lines.into_iter().skip(first).map(text).collect()
    }
}

/// Whether an execution ended in the step that created it, as a refused one does.
fn is_new(execution: &Execution) -> bool {
    execution.state.histories().len() <= 2
}

fn elapsed(execution: &Execution) -> SignedDuration {
    let start = execution.state.start_date();
    execution.state.end_date().unwrap_or(start).duration_since(start)
}

fn for_people(happened: Happened, execution: &Execution, errors: &[String], zone: &TimeZone) -> String {
    let (time, state) = (last_change(execution), execution.state.current());
    let time = time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
    let name = style(format!("{}.{}", execution.namespace, execution.flow_id)).bold();
    let head = format!("{} {} {name} {}", style(time).dim(), report::mark(state), style(&execution.id).dim());
    match happened {
        Happened::Started => match &execution.trigger {
            Some(trigger) => format!("{head} started by {}", trigger.id),
            None => format!("{head} started"),
        },
        Happened::Paused => format!("{head} is paused"),
        Happened::Ended => {
            let mut text = format!(
                "{head} {} in {}",
                report::paint(state).apply_to(state),
                report::duration(elapsed(execution))
            );
            for line in errors.iter().flat_map(|error| error.lines()) {
                text.push_str(&format!("\n         {}", style(line).red()));
            }
            text
        }
    }
}

fn for_programs(happened: Happened, execution: &Execution, errors: &[String]) -> serde_json::Value {
    let event = match happened {
        Happened::Started => "execution.started",
        Happened::Paused => "execution.paused",
        Happened::Ended => "execution.ended",
    };
    let mut document = json!({
        "time": last_change(execution),
        "event": event,
        "level": if errors.is_empty() { "INFO" } else { "ERROR" },
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "executionId": execution.id,
        "state": execution.state.current(),
    });
    if let Some(map) = document.as_object_mut() {
        if let Some(trigger) = &execution.trigger {
            map.insert("trigger".into(), json!(trigger.id));
        }
        if happened == Happened::Ended {
            let millis = i64::try_from(elapsed(execution).as_millis()).unwrap_or(i64::MAX);
            map.insert("durationMs".into(), json!(millis));
        }
        if !errors.is_empty() {
            map.insert("errors".into(), json!(errors));
        }
    }
    document
}

fn last_change(execution: &Execution) -> Timestamp {
    execution.state.histories().last().map_or(Timestamp::UNIX_EPOCH, |change| change.date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn execution(states: &[(State, i64)]) -> Execution {
        let mut execution = Execution::created("e1".into(), "company.team", "hello", 1, at(0));
        for (state, second) in states {
            execution.state.enter(*state, at(*second));
        }
        execution
    }

    fn console() -> (Console, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let ports = segue_embedded::connect(folder.path()).unwrap();
        let console = Console {
            state: ports.state,
            changes: tokio::sync::broadcast::channel(1).1,
            open: HashSet::new(),
            paused: HashSet::new(),
            term: Term::stderr(),
            is_terminal: false,
            zone: TimeZone::UTC,
        };
        (console, folder)
    }

    #[tokio::test]
    async fn each_start_pause_and_end_is_news_once() {
        let (mut console, _folder) = console();
        let mut news = |states: &[(State, i64)]| console.news(&execution(states));
        assert_eq!(news(&[]), [Happened::Started]);
        assert_eq!(news(&[(State::Running, 1)]), []);
        let paused = [(State::Running, 1), (State::Paused, 2)];
        assert_eq!(news(&paused), [Happened::Paused]);
        assert_eq!(news(&paused), []);
        let ended = [(State::Running, 1), (State::Paused, 2), (State::Running, 3), (State::Success, 4)];
        assert_eq!(news(&ended), [Happened::Ended]);
        assert_eq!(news(&ended), [], "labels that are added later are no end");
        assert_eq!(news(&[(State::Failed, 0)]), [Happened::Ended], "it was refused at its creation");
    }

    #[test]
    fn an_end_says_how_long_and_why() {
        let failed = execution(&[(State::Running, 1), (State::Failed, 3)]);
        let text = for_people(Happened::Ended, &failed, &["load: no such table".into()], &TimeZone::UTC);
        let text = console::strip_ansi_codes(&text).into_owned();
        assert_eq!(text, "22:13:23 ✗ company.team.hello e1 FAILED in 3.0 s\n         load: no such table");
        let document = for_programs(Happened::Ended, &failed, &["load: no such table".into()]);
        assert_eq!(
            document,
            json!({"time": "2023-11-14T22:13:23Z", "event": "execution.ended", "level": "ERROR",
                "namespace": "company.team", "flowId": "hello", "executionId": "e1", "state": "FAILED",
                "durationMs": 3000, "errors": ["load: no such table"]})
        );
        let started = for_programs(Happened::Started, &execution(&[]), &[]);
        assert_eq!((&started["event"], &started["state"]), (&json!("execution.started"), &json!("CREATED")));
    }
}
