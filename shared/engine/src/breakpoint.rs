//! Breakpoints: a task run waits before its task runs, until a person resumes the execution.
//!
//! A task run at a breakpoint is BREAKPOINT, and so is its execution. Other task runs go on. After the resume, the task
//! run is CREATED, and starts as a task run that waited for its next attempt does.

use crate::env::Env;
use crate::frame::Child;
use crate::plan::NodeId;
use crate::state::{Action, ExecutionState};
use segue_model::execution::Breakpoint;
use segue_model::state::State;
use segue_model::task::Task;
use segue_model::task_run::TaskRun;

impl ExecutionState {
    /// Whether a child that is about to start waits at a breakpoint.
    pub(crate) fn breaks_at(&self, task: &Task, child: &Child) -> bool {
        self.execution.breakpoints.iter().any(|at| {
            at.id == task.id && at.value.as_ref().is_none_or(|value| child.value.as_ref() == Some(value))
        })
    }

    /// Lets a new task run wait at its breakpoint.
    pub(crate) fn hold(&mut self, task_run: TaskRun, node: NodeId, env: &Env) {
        let id = task_run.id.clone();
        self.insert(task_run, Some(node));
        self.enter(&id, State::Breakpoint, env.now);
    }

    /// Starts all task runs that wait at breakpoints. `next` replaces the breakpoints of the execution.
    pub(crate) fn leave_breakpoints(&mut self, next: Option<&[Breakpoint]>, env: &Env) {
        if let Some(next) = next {
            self.execution.breakpoints = next.to_vec();
        }
        self.decision.changed = true;
        let held: Vec<_> = self
            .runs
            .values()
            .filter(|run| run.task_run.current() == State::Breakpoint)
            .map(|run| run.task_run.id.clone())
            .collect();
        for id in held {
            self.enter(&id, State::Created, env.now);
            self.agenda.push_back(Action::Again(id));
        }
    }
}

/// Whether a task run has left its breakpoint and has not begun. Its `runIf` is not evaluated yet.
pub(crate) fn comes_from_breakpoint(task_run: &TaskRun) -> bool {
    let mut last = task_run.state.histories().iter().rev().map(|change| change.state);
    (last.next(), last.next()) == (Some(State::Created), Some(State::Breakpoint))
}
