//! Follows an execution over the API's streams of events.

use super::why;
use crate::client::{Answered, Events, Session, execution, is_over};
use crate::report::{Live, Output, Settings};
use segue_api_types as api;
use segue_model::execution::Execution;
use segue_model::log::LogEntry;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_standalone::Change;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How long the last log lines may take after the end of the execution.
const LAST_LINES: Duration = Duration::from_secs(2);
/// How often durations are redrawn on a terminal.
const TICK: Duration = Duration::from_millis(200);

/// Options for waiting.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Ending {
    /// Waits for the end and prints the result.
    #[arg(short, long)]
    pub(super) wait: bool,
    /// Shows task runs and log lines until the end.
    #[arg(short, long)]
    pub(super) follow: bool,
}

/// Prints a started execution: at once, or after its end.
pub(super) async fn to_its_end(
    session: &Session,
    started: Answered<api::Execution>,
    ending: &Ending,
) -> anyhow::Result<u8> {
    if !ending.wait && !ending.follow {
        match session.output {
            Output::Json => crate::print::line(serde_json::to_string_pretty(&started.json)?),
            Output::Text => {
                let api::Execution { id, state, .. } = &started.value;
                crate::print::line(format_args!("{id} {}", crate::client::state(state.current)));
                eprintln!("segue execution logs -f {id} follows it");
            }
        }
        return Ok(crate::OK);
    }
    let id = started.value.id.clone();
    let ended = if session.output == Output::Text {
        let mut live = Live::new(Settings::default());
        let (first, _) = execution(&started.value);
        live.begin(&first);
        let ended =
            if ending.follow { show(session, first, &mut live).await? } else { wait(session, &id).await? };
        let (last, runs) = execution(&ended.value);
        live.end(&last, &runs.iter().collect::<Vec<_>>());
        // The log, which `--follow` shows, has the errors already.
        if !ending.follow {
            for line in why::lines(session, &ended.value).await {
                crate::print::line(format_args!("  error: {line}"));
            }
        }
        ended
    } else {
        let ended = wait(session, &id).await?;
        crate::print::line(serde_json::to_string_pretty(&ended.json)?);
        ended
    };
    Ok(match is_over(&ended.value) {
        Some(State::Success | State::Warning) => crate::OK,
        _ => crate::FAILED,
    })
}

/// Waits for the end of an execution without output.
async fn wait(session: &Session, id: &str) -> anyhow::Result<Answered<api::Execution>> {
    let mut events = Events::new(&session.client, &["executions", id, "follow"], Vec::new());
    let mut pause = Pause::default();
    loop {
        match events.next().await? {
            Some(event) => {
                pause.notice(&event.value);
                if is_over(&event.value).is_some() {
                    return Ok(event);
                }
            }
            None => {
                if let Some(ended) = ended(session, id).await? {
                    return Ok(ended);
                }
            }
        }
    }
}

/// Shows an execution and its log until its end.
async fn show(
    session: &Session,
    started: Execution,
    live: &mut Live,
) -> anyhow::Result<Answered<api::Execution>> {
    let started_id = started.id.clone();
    let id = started_id.as_str();
    let mut states = Events::new(&session.client, &["executions", id, "follow"], Vec::new());
    // The stream of states already says that the server is away.
    let mut log = Events::new(&session.client, &["logs", id, "follow"], Vec::new()).silent();
    let mut told = HashSet::new();
    let mut pause = Pause::default();
    let mut latest = started;
    let mut log_is_open = true;
    let ended = loop {
        tokio::select! {
            event = states.next() => match event? {
                Some(event) => {
                    pause.notice(&event.value);
                    let (now, runs) = execution(&event.value);
                    live.show(&change(now.clone(), runs, Vec::new()), true);
                    latest = now;
                    if is_over(&event.value).is_some() {
                        break event;
                    }
                }
                None => if let Some(ended) = ended(session, id).await? {
                    break ended;
                },
            },
            event = log.next(), if log_is_open => match event? {
                Some(event) => tell(live, &latest, &mut told, event),
                // The log ends with the execution. The stream of the execution ends too.
                None => log_is_open = false,
            },
            () = tokio::time::sleep(TICK) => live.tick(),
        }
    };
    let rest = async {
        while let Some(event) = log.next().await? {
            tell(live, &latest, &mut told, event);
        }
        anyhow::Ok(())
    };
    if log_is_open && let Ok(read) = tokio::time::timeout(LAST_LINES, rest).await {
        read?;
    }
    Ok(ended)
}

/// Shows a line of the log, unless the line was shown before.
fn tell(live: &mut Live, latest: &Execution, told: &mut HashSet<String>, entry: Answered<api::LogEntry>) {
    if told.insert(entry.json.to_string()) {
        live.show(&change(latest.clone(), Vec::new(), vec![entry.value.into()]), true);
    }
}

fn change(execution: Execution, runs: Vec<TaskRun>, logs: Vec<LogEntry>) -> Change {
    Change {
        execution: Arc::new(execution),
        task_runs: Arc::new((0..).zip(runs).collect()),
        logs: Arc::new(logs),
    }
}

/// The execution, if it has ended.
pub(super) async fn ended(session: &Session, id: &str) -> anyhow::Result<Option<Answered<api::Execution>>> {
    let execution = session.client.get(&["executions", id]).read::<api::Execution>().await?;
    Ok(is_over(&execution.value).map(|_| execution))
}

/// Prints how to resume a paused execution, once for each pause.
#[derive(Default)]
struct Pause(bool);

impl Pause {
    fn notice(&mut self, execution: &api::Execution) {
        let is_paused = execution.state.current == State::Paused;
        if is_paused && !self.0 {
            let id = &execution.id;
            eprintln!("the execution is paused; `segue execution resume {id}` continues it");
        }
        self.0 = is_paused;
    }
}
