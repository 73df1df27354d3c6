//! Shows executions in one of three forms:
//!
//! - on a terminal: a tree of task runs, updated while they run
//! - without a terminal: one line for each task run
//! - with `--output json`: the JSON of Kestra's API

mod live;
mod text;
mod tree;

pub(crate) use live::{Live, heading};
pub(crate) use text::{duration, table};
pub(crate) use tree::{lines, mark, paint};

use segue_api_types as api;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::task_run::TaskRun;
use segue_ports::StateStore;
use segue_ports::state::StoredExecution;
use segue_standalone::{Change, Watch};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;

/// The format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Shows the executions of this process.
pub(crate) struct Reporter {
    changes: Receiver<Change>,
    live: Option<Live>,
    seen: HashSet<ExecutionId>,
    main: Option<ExecutionId>,
    ended: bool,
    state: Arc<dyn StateStore>,
    logs: BTreeMap<ExecutionId, Log>,
}

/// The progress in showing the log of one execution.
#[derive(Default)]
struct Log {
    lines: u64,
    ended: bool,
    /// Whether the log was read after the end of the execution.
    done: bool,
}

impl Reporter {
    /// Creates a reporter for everything from now on. Logs come from the store, because services write their logs
    /// there.
    pub(crate) fn new(output: Output, watch: &Watch, state: Arc<dyn StateStore>) -> Self {
        Self {
            state,
            logs: BTreeMap::new(),
            changes: watch.subscribe(),
            live: (output == Output::Text).then(Live::new),
            seen: HashSet::new(),
            main: None,
            ended: false,
        }
    }

    /// Sets the main execution, and prints its id.
    pub(crate) fn begin(&mut self, execution: &Execution) {
        self.main = Some(execution.id.clone());
        self.seen.insert(execution.id.clone());
        self.logs.entry(execution.id.clone()).or_default();
        if let Some(live) = &mut self.live {
            live.begin(execution);
        }
    }

    /// The executions seen so far.
    pub(crate) fn seen(&self) -> &HashSet<ExecutionId> {
        &self.seen
    }

    /// Whether the end of the execution was shown.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Waits for changes and shows them. Returns after the first change, or at the end of the time.
    pub(crate) async fn wait(&mut self, most: Duration) {
        if let Ok(Ok(change)) = tokio::time::timeout(most, self.changes.recv()).await {
            self.show(&change);
        }
        self.drain();
    }

    /// Shows the changes that are already known.
    pub(crate) fn drain(&mut self) {
        use tokio::sync::broadcast::error::TryRecvError;
        loop {
            match self.changes.try_recv() {
                Ok(change) => self.show(&change),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if let Some(live) = &mut self.live {
            live.tick();
        }
    }

    fn show(&mut self, change: &Change) {
        self.seen.insert(change.execution.id.clone());
        if self.main.as_ref() == Some(&change.execution.id) {
            self.ended = change.execution.state.current().is_terminal();
        }
        let log = self.logs.entry(change.execution.id.clone()).or_default();
        log.ended = change.execution.state.current().is_terminal();
        log.done = false;
        if let Some(live) = &mut self.live {
            let change = Change { logs: Arc::default(), ..change.clone() };
            live.show(&change, self.main.as_ref() == Some(&change.execution.id));
        }
    }

    /// Shows the log lines since the last call.
    pub(crate) async fn show_logs(&mut self) -> anyhow::Result<()> {
        let Some(live) = &mut self.live else { return Ok(()) };
        // The log of an ended execution is read one last time. A restart is a change, and `show` then marks the log as
        // not done.
        for (id, log) in self.logs.iter_mut().filter(|(_, log)| !log.done) {
            log.done = log.ended;
            let lines = self.state.logs(id, LogLevel::Trace, log.lines).await?;
            log.lines += lines.len() as u64;
            live.log(&lines, self.main.as_ref() == Some(id));
        }
        Ok(())
    }

    /// Prints the end of the execution.
    pub(crate) async fn end(&mut self, stored: &StoredExecution) -> anyhow::Result<()> {
        self.drain();
        self.show_logs().await?;
        let runs: Vec<&TaskRun> = stored.task_runs.iter().map(|(_, run)| run).collect();
        match &mut self.live {
            Some(live) => live.end(&stored.execution, &runs),
            None => {
                crate::print::line_if_read(serde_json::to_string_pretty(&api::Execution::new(
                    &stored.execution,
                    runs,
                ))?);
            }
        }
        Ok(())
    }
}
