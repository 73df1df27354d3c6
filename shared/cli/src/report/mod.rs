//! Shows executions in one of three forms:
//!
//! - on a terminal: a tree of task runs, updated while they run
//! - without a terminal: one line for each task run
//! - with `--output json`: the JSON of Kestra's API

mod diff;
mod live;
mod text;
mod tree;

pub(crate) use diff::diff;
pub(crate) use live::{Live, Settings, heading};
pub(crate) use text::{duration, table};
pub(crate) use tree::{lines, mark, paint};

use segue_api_types as api;
use segue_executor::mark_begun;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::task_run::TaskRun;
use segue_ports::StateStore;
use segue_ports::state::StoredExecution;
use segue_standalone::{Change, Watch};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
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
    /// Changed task runs of the main execution that are not shown yet.
    runs: Vec<(u64, TaskRun)>,
    last_mark: Option<Instant>,
}

/// How often the display asks which task runs a worker has begun.
const MARK: Duration = Duration::from_millis(200);

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
    pub(crate) fn new(output: Output, settings: Settings, watch: &Watch, state: Arc<dyn StateStore>) -> Self {
        Self {
            state,
            logs: BTreeMap::new(),
            changes: watch.subscribe(),
            runs: Vec::new(),
            last_mark: None,
            live: (output == Output::Text).then(|| Live::new(settings)),
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

    /// Waits for a change. Returns after the first change, or at the end of the time. [`Self::flush`] shows it.
    pub(crate) async fn wait(&mut self, most: Duration) {
        if let Ok(Ok(change)) = tokio::time::timeout(most, self.changes.recv()).await {
            self.take(&change);
        }
        self.drain();
    }

    /// Takes the changes that are already known. [`Self::flush`] shows them.
    pub(crate) fn drain(&mut self) {
        use tokio::sync::broadcast::error::TryRecvError;
        loop {
            match self.changes.try_recv() {
                Ok(change) => self.take(&change),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if let Some(live) = &mut self.live {
            live.tick();
        }
    }

    fn take(&mut self, change: &Change) {
        self.seen.insert(change.execution.id.clone());
        let is_main = self.main.as_ref() == Some(&change.execution.id);
        let has_ended = change.execution.state.current().is_terminal();
        if is_main {
            self.ended = has_ended;
            self.runs.extend_from_slice(&change.task_runs);
        }
        let log = self.logs.entry(change.execution.id.clone()).or_default();
        (log.ended, log.done) = (has_ended, false);
    }

    /// Shows what happened since the last call: log lines and changed task runs. The log is read after the changes, so
    /// the last lines of a task come before its end.
    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let mut lines = Vec::new();
        // The log of an ended execution is read one last time. A restart is a change, and `take` then marks the log as
        // not done.
        for (id, log) in self.logs.iter_mut().filter(|(_, log)| !log.done) {
            log.done = log.ended;
            let new = self.state.logs(id, LogLevel::Trace, log.lines).await?;
            log.lines += new.len() as u64;
            let is_main = self.main.as_ref() == Some(id);
            lines.extend(new.into_iter().map(|entry| (entry, is_main)));
        }
        live.show_all(lines, &std::mem::take(&mut self.runs));
        if let Some(main) = self.main.as_ref().filter(|_| !self.ended)
            && self.last_mark.is_none_or(|last| last.elapsed() >= MARK)
        {
            self.last_mark = Some(Instant::now());
            mark_begun(&*self.state, main, live.drawn_runs()).await?;
        }
        Ok(())
    }

    /// Prints the end of the execution.
    pub(crate) async fn end(&mut self, stored: &StoredExecution) -> anyhow::Result<()> {
        self.drain();
        self.flush().await?;
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
