//! How executions are shown: a tree of task runs that fills as they run, plain lines where there is no
//! terminal, or JSON as Kestra's API prints it.

mod live;
mod text;
mod tree;

pub(crate) use text::table;

use live::Live;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::task_run::TaskRun;
use segue_model::view::execution_json;
use segue_ports::state::StoredExecution;
use segue_standalone::{Change, Watch};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;

/// How something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Follows what happens in this process and shows it.
pub(crate) struct Reporter {
    changes: Receiver<Change>,
    live: Option<Live>,
    seen: HashSet<ExecutionId>,
    main: Option<ExecutionId>,
    ended: bool,
}

impl Reporter {
    /// A reporter of all that happens from now on.
    pub(crate) fn new(output: Output, watch: &Watch) -> Self {
        Self {
            changes: watch.subscribe(),
            live: (output == Output::Text).then(Live::new),
            seen: HashSet::new(),
            main: None,
            ended: false,
        }
    }

    /// The execution this is about.
    pub(crate) fn begin(&mut self, execution: &Execution) {
        self.main = Some(execution.id.clone());
        self.seen.insert(execution.id.clone());
        if let Some(live) = &mut self.live {
            live.begin(execution);
        }
    }

    /// The executions seen so far.
    pub(crate) fn seen(&self) -> &HashSet<ExecutionId> {
        &self.seen
    }

    /// Whether the execution was seen to end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Shows what happens until something has, or the time is over.
    pub(crate) async fn wait(&mut self, most: Duration) {
        if let Ok(Ok(change)) = tokio::time::timeout(most, self.changes.recv()).await {
            self.show(&change);
        }
        self.drain();
    }

    /// Shows what has happened already.
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
        if let Some(live) = &mut self.live {
            live.show(change, self.main.as_ref() == Some(&change.execution.id));
        }
    }

    /// Prints how it ended.
    pub(crate) fn end(&mut self, stored: &StoredExecution) -> anyhow::Result<()> {
        self.drain();
        let runs: Vec<&TaskRun> = stored.task_runs.iter().map(|(_, run)| run).collect();
        match &mut self.live {
            Some(live) => live.end(&stored.execution, &runs),
            None => {
                println!("{}", serde_json::to_string_pretty(&execution_json(&stored.execution, runs))?);
            }
        }
        Ok(())
    }
}
