//! Requests of persons and programs that an execution refuses. They are checked before anything changes (docs/kestra.md
//! 2.5, 2.6, 6.3).
//!
//! How to add one more: an event that a person can cause gets an arm in [`ExecutionState::refuses`].

use crate::state::ExecutionState;
use segue_model::event::Event;
use segue_model::execution::Breakpoint;
use segue_model::id::TaskRunId;
use segue_model::label::Label;
use segue_model::state::State;

/// Why a request was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The task run or other thing in the request does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The state of the execution does not allow the request.
    #[error("{0}")]
    IllegalState(String),
    /// The request itself is invalid.
    #[error("{0}")]
    Invalid(String),
}

/// Kestra's message for a restart without a failed task run.
pub(crate) const NOTHING_TO_RESTART: &str = "No task found to restart execution from!";

impl ExecutionState {
    /// Why an event of a person is refused. `None` if the event can be applied, and for events that no person causes.
    pub fn refuses(&self, event: &Event) -> Option<Refusal> {
        let current = self.execution.state.current();
        let must = |holds: bool, what: &str| {
            let id = &self.execution.id;
            (!holds).then(|| Refusal::IllegalState(format!("Execution {id} {what}, but is in {current}")))
        };
        match event {
            Event::KillRequested { cascade } => {
                must(*cascade || !current.is_terminal(), "must not have ended to be killed")
            }
            Event::PauseRequested => must(current == State::Running, "must be RUNNING to be paused"),
            Event::ResumeRequested { task_run_id, .. } => {
                must(current == State::Paused, "must be PAUSED to be resumed")
                    .or_else(|| task_run_id.as_ref().and_then(|id| self.refuses_resume(id)))
            }
            Event::BreakpointsLeft { breakpoints } => {
                must(current == State::Breakpoint, "must be in BREAKPOINT to be resumed from there")
                    .or_else(|| self.refuses_breakpoints(breakpoints.as_deref().unwrap_or_default()))
            }
            Event::RestartRequested { .. } => must(
                current.is_terminal() || current == State::Paused,
                "must have ended or be PAUSED to be restarted",
            )
            .or_else(|| {
                (!self.has_restartable()).then(|| Refusal::IllegalState(NOTHING_TO_RESTART.to_owned()))
            }),
            Event::ForceRunRequested => must(!current.is_terminal(), "must not have ended to be started"),
            Event::Unqueued { state } => must(current == State::Queued, "must be QUEUED to leave the queue")
                .or_else(|| {
                    let is_known =
                        matches!(state, State::Running | State::Cancelled | State::Failed | State::Killed);
                    (!is_known).then(|| {
                        Refusal::Invalid(format!(
                            "an execution can leave the queue to RUNNING, CANCELLED, FAILED or KILLED, not to {state}"
                        ))
                    })
                }),
            Event::TaskRunStateChanged { task_run_id, state } => self.refuses_state(task_run_id, *state),
            Event::StatusChanged { state } => {
                must(current.is_terminal(), "must have ended for its status to be changed").or_else(|| {
                    let is_final = matches!(
                        state,
                        State::Success | State::Warning | State::Failed | State::Killed | State::Cancelled
                    );
                    (!is_final).then(|| {
                        Refusal::Invalid(format!(
                            "the status of an execution can be changed to SUCCESS, WARNING, FAILED, KILLED or \
                             CANCELLED, not to {state}"
                        ))
                    })
                })
            }
            Event::LabelsChanged { labels } => {
                must(current.is_terminal(), "must have ended for its labels to be changed")
                    .or_else(|| self.refuses_labels(labels))
            }
            Event::ExecutionCreated
            | Event::Continued
            | Event::TaskRunStarted { .. }
            | Event::TaskRunFinished(_)
            | Event::TimerFired { .. }
            | Event::SubflowCreated { .. }
            | Event::SubflowFinished { .. }
            | Event::PermitGranted
            | Event::PermitRefused => None,
        }
    }

    fn refuses_resume(&self, id: &TaskRunId) -> Option<Refusal> {
        match self.run(id).map(|run| run.task_run.current()) {
            None => Some(self.no_task_run(id)),
            Some(State::Paused) => None,
            Some(other) => Some(Refusal::IllegalState(format!("Task run {id} is not PAUSED, but {other}"))),
        }
    }

    fn refuses_state(&self, id: &TaskRunId, state: State) -> Option<Refusal> {
        let Some(run) = self.run(id) else { return Some(self.no_task_run(id)) };
        if run.node.is_none() {
            return Some(Refusal::Invalid(format!(
                "A service reported task run {id}, so its state cannot be changed; change the state of its parent"
            )));
        }
        if state == State::Running && run.task_run.current() == State::Paused {
            return None;
        }
        let is_final = state.is_terminal() && state != State::Retried;
        (!is_final).then(|| {
            Refusal::Invalid(format!(
                "the state of a task run can be changed to SUCCESS, WARNING, FAILED, KILLED, CANCELLED or SKIPPED \
                 (also to RUNNING if the task run is PAUSED), not to {state}"
            ))
        })
    }

    /// A breakpoint before a task that the flow does not have would never be reached.
    fn refuses_breakpoints(&self, breakpoints: &[Breakpoint]) -> Option<Refusal> {
        let unknown = breakpoints.iter().find(|at| self.plan.find(&at.id).is_none())?;
        Some(Refusal::Invalid(format!("breakpoints: the flow has no task '{}'", unknown.id)))
    }

    fn refuses_labels(&self, labels: &[Label]) -> Option<Refusal> {
        let reserved =
            labels.iter().find(|label| label.is_system() && !self.execution.labels.contains(label))?;
        Some(Refusal::Invalid(format!(
            "the label '{}' is reserved: labels that begin with 'system.' are Segue's own",
            reserved.key
        )))
    }

    fn no_task_run(&self, id: &TaskRunId) -> Refusal {
        Refusal::NotFound(format!("execution {} has no task run {id}", self.execution.id))
    }
}
