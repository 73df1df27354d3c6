//! What people can do with an execution: kill, pause, resume, restart, replay, set labels (docs/kestra.md
//! 2.5, 2.6). Each request is checked against the stored execution. A refused request changes nothing.
//!
//! How to add one more: an event in the model, its rule in the engine's `refusal`, its arm in `decide`, and a
//! method here.
//!
//! Every method can also return [`ActionError::NotFound`] if there is no such execution, and
//! [`ActionError::Port`] if the store or the bus fails.

use crate::create::{CreateError, NewExecution};
use crate::executor::{Executor, execution_message};
use segue_engine::inputs::InputProblem;
use segue_engine::replay::{self, Copy};
use segue_engine::{ExecutionState, Refusal};
use segue_model::Map;
use segue_model::event::Event;
use segue_model::execution::{Breakpoint, Execution};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::input::Input;
use segue_model::label::Label;
use segue_model::state::State;
use segue_ports::state::StoredExecution;
use segue_ports::{PortError, random_execution_id};
use thiserror::Error;

/// Why a request was refused. Nothing was changed.
#[derive(Debug, Error)]
pub enum ActionError {
    /// There is no such execution, task run, flow or revision.
    #[error("{0}")]
    NotFound(String),
    /// The state of the execution does not allow the request.
    #[error("{0}")]
    IllegalState(String),
    /// The request itself is invalid.
    #[error("{0}")]
    Invalid(String),
    /// Inputs were refused.
    #[error("{}", first_problem(.0))]
    Inputs(Vec<InputProblem>),
    /// A port failed.
    #[error(transparent)]
    Port(PortError),
}

fn first_problem(problems: &[InputProblem]) -> String {
    problems.first().map(|problem| problem.message.clone()).unwrap_or_default()
}

impl From<PortError> for ActionError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::NotFound { .. } => Self::NotFound(error.to_string()),
            PortError::Invalid { message } => Self::Invalid(message),
            other => Self::Port(other),
        }
    }
}

impl From<Refusal> for ActionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(message) => Self::NotFound(message),
            Refusal::IllegalState(message) => Self::IllegalState(message),
            Refusal::Invalid(message) => Self::Invalid(message),
        }
    }
}

impl From<CreateError> for ActionError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Inputs(problems) => Self::Inputs(problems),
            CreateError::Port(error) => error.into(),
            other => Self::Invalid(other.to_string()),
        }
    }
}

impl Executor {
    /// Kills an execution, and its subflows if `cascade` is set. An execution that has ended is not changed.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution has ended and `cascade` is not set.
    pub async fn kill(&self, id: &ExecutionId, cascade: bool) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::KillRequested { cascade }).await
    }

    /// Pauses a RUNNING execution. Task runs that are running continue to their end. No other task run
    /// starts.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution is not RUNNING.
    pub async fn pause(&self, id: &ExecutionId) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::PauseRequested).await
    }

    /// Resumes a PAUSED execution at its first Pause. `inputs` are the texts or values submitted for the
    /// Pause's `onResume`.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution is not PAUSED. [`ActionError::Inputs`] if inputs were
    /// refused; then the execution stays PAUSED.
    pub async fn resume(&self, id: &ExecutionId, inputs: Map) -> Result<Execution, ActionError> {
        let (task_run_id, inputs) = self.resolve_resume(id, inputs).await?;
        self.act(id, |_| Event::ResumeRequested { inputs: inputs.clone(), task_run_id: task_run_id.clone() })
            .await
    }

    /// The inputs that a resume of a PAUSED execution asks for.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution is not PAUSED.
    pub async fn resume_inputs(&self, id: &ExecutionId) -> Result<Vec<Input>, ActionError> {
        let state = self.stored(id).await?;
        refused(&state, &resume_of(None))?;
        Ok(state.first_paused().map(|id| state.resume_inputs(&id)).unwrap_or_default())
    }

    /// The paused task run that a resume would continue, and its resolved inputs, with encrypted secrets.
    /// Nothing is changed.
    ///
    /// # Errors
    /// As [`Executor::resume`].
    pub async fn resolve_resume(
        &self,
        id: &ExecutionId,
        inputs: Map,
    ) -> Result<(Option<TaskRunId>, Map), ActionError> {
        let state = self.stored(id).await?;
        refused(&state, &resume_of(None))?;
        let Some(task_run_id) = state.first_paused() else { return Ok((None, Map::new())) };
        let wanted = state.resume_inputs(&task_run_id);
        let request =
            NewExecution { inputs, trigger: state.execution().trigger.clone(), ..NewExecution::default() };
        let flow = &state.plan().flow;
        let context = self.input_context(flow, &request);
        let now = self.ports().clock.now();
        let resolved = self.sealed_inputs(&wanted, &flow.namespace, &request, &context, id, now).await?;
        Ok((Some(task_run_id), resolved))
    }

    /// Resumes an execution that waits at breakpoints. `breakpoints` replaces the breakpoints of the execution; with
    /// None, they stay as they are.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution does not wait at a breakpoint. [`ActionError::Invalid`] if the
    /// flow has no task with the id of a breakpoint.
    pub async fn leave_breakpoints(
        &self,
        id: &ExecutionId,
        breakpoints: Option<Vec<Breakpoint>>,
    ) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::BreakpointsLeft { breakpoints: breakpoints.clone() }).await
    }

    /// Runs an execution now, even if it waits for a date, a permit or a person.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution has ended.
    pub async fn force_run(&self, id: &ExecutionId) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::ForceRunRequested).await
    }

    /// Takes a QUEUED execution out of the queue. It runs (RUNNING) or ends in `state`.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution is not QUEUED. [`ActionError::Invalid`] for any other
    /// state.
    pub async fn unqueue(&self, id: &ExecutionId, state: State) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::Unqueued { state }).await
    }

    /// Restarts the failed task runs: in the same execution, or, with a revision, as a new execution of that
    /// revision of the flow.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution has neither ended nor is PAUSED, or if nothing in it
    /// failed. [`ActionError::NotFound`] if the revision does not exist.
    pub async fn restart(&self, id: &ExecutionId, revision: Option<u32>) -> Result<Execution, ActionError> {
        let Some(revision) = revision else {
            return self
                .act(id, |state| {
                    let attempt = state.execution().metadata.attempt_number;
                    Event::RestartRequested { attempt }
                })
                .await;
        };
        let state = self.stored(id).await?;
        let old = state.execution();
        let plan = self.plan(&old.namespace, &old.flow_id, Some(revision)).await?;
        let now = self.ports().clock.now();
        let copy = replay::restart_as_new(&state, &plan, random_execution_id(), now)?;
        self.create_copy(copy).await
    }

    /// Runs an execution again as a new execution, from the start or from a task run on. The new execution
    /// has the same revision and the same inputs unless others are given.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] if the task run or the revision does not exist. [`ActionError::Inputs`] if
    /// inputs were refused.
    pub async fn replay(
        &self,
        id: &ExecutionId,
        task_run_id: Option<&TaskRunId>,
        revision: Option<u32>,
        inputs: Option<Map>,
    ) -> Result<Execution, ActionError> {
        self.replay_to(id, task_run_id, revision, inputs, Vec::new()).await
    }

    /// Like [`Executor::replay`], with the breakpoints of the new execution.
    ///
    /// # Errors
    /// As [`Executor::replay`]. [`ActionError::Invalid`] if the flow has no task with the id of a breakpoint.
    pub async fn replay_to(
        &self,
        id: &ExecutionId,
        task_run_id: Option<&TaskRunId>,
        revision: Option<u32>,
        inputs: Option<Map>,
        breakpoints: Vec<Breakpoint>,
    ) -> Result<Execution, ActionError> {
        let state = self.stored(id).await?;
        let old = state.execution();
        let revision = revision.unwrap_or(old.flow_revision);
        let plan = self.plan(&old.namespace, &old.flow_id, Some(revision)).await?;
        let (new, now) = (random_execution_id(), self.ports().clock.now());
        let mut copy = match task_run_id {
            None => replay::replay(old, &plan, new.clone(), now),
            Some(from) => replay::replay_from(&state, &plan, new.clone(), from, now)?,
        };
        if let Some(at) = breakpoints.iter().find(|at| plan.find(&at.id).is_none()) {
            return Err(CreateError::Breakpoint(at.id.clone()).into());
        }
        copy.execution.breakpoints = breakpoints;
        if let Some(inputs) = inputs {
            let request = NewExecution { inputs, trigger: old.trigger.clone(), ..NewExecution::default() };
            let flow = &plan.flow;
            let context = self.input_context(flow, &request);
            copy.execution.inputs =
                self.sealed_inputs(&flow.inputs, &flow.namespace, &request, &context, &new, now).await?;
        }
        self.create_copy(copy).await
    }

    /// Sets the state of a task run to a final state; the state of a PAUSED task run can also be set to
    /// RUNNING. The execution continues from the new state.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] if the task run does not exist. [`ActionError::Invalid`] for any other
    /// state.
    pub async fn change_task_run_state(
        &self,
        id: &ExecutionId,
        task_run_id: &TaskRunId,
        state: State,
    ) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::TaskRunStateChanged { task_run_id: task_run_id.clone(), state }).await
    }

    /// Replaces the final state of an execution by another final state. Nothing runs.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution has not ended. [`ActionError::Invalid`] if the new
    /// state is not final.
    pub async fn change_status(&self, id: &ExecutionId, state: State) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::StatusChanged { state }).await
    }

    /// Removes an execution with its task runs, logs and timers. Its permit, or its position in the queue, is
    /// released first, and the next waiting execution starts. Returns false if the execution does not exist.
    ///
    /// # Errors
    /// An error of the store or the bus.
    pub async fn delete(&self, id: &ExecutionId) -> Result<bool, PortError> {
        let Some(stored) = self.ports().state.execution(id).await? else { return Ok(false) };
        let released = self.release_permit(&stored.execution).await?;
        if !released.is_empty() {
            self.ports().bus.publish(released).await?;
        }
        let is_gone = self.ports().state.delete_execution(id).await?;
        self.cache.forget(id);
        Ok(is_gone)
    }

    /// Adds labels to an execution that has ended. A label with the same key is replaced; no label is
    /// removed.
    ///
    /// # Errors
    /// [`ActionError::IllegalState`] if the execution has not ended. [`ActionError::Invalid`] if a label that
    /// begins with `system.` is new or changed.
    pub async fn set_labels(&self, id: &ExecutionId, labels: Vec<Label>) -> Result<Execution, ActionError> {
        self.act(id, |_| Event::LabelsChanged { labels: labels.clone() }).await
    }

    /// Applies an event that a person asked for, unless the stored execution refuses the event.
    async fn act(
        &self,
        id: &ExecutionId,
        event_of: impl Fn(&ExecutionState) -> Event + Send,
    ) -> Result<Execution, ActionError> {
        let entry = self.cache.entry(id);
        let mut guard = entry.loaded.lock().await;
        // Another process may have changed the execution since it was cached.
        *guard = None;
        let folded = self
            .turn(id, &mut guard, |state| {
                let event = event_of(state);
                refused(state, &event)?;
                Ok::<_, ActionError>(vec![event])
            })
            .await?;
        folded.ok_or_else(|| missing(id))
    }

    /// The stored execution.
    pub(crate) async fn stored(&self, id: &ExecutionId) -> Result<ExecutionState, ActionError> {
        Ok(self.load(id).await?.ok_or_else(|| missing(id))?.state)
    }

    async fn create_copy(&self, copy: Copy) -> Result<Execution, ActionError> {
        let Copy { execution, task_runs, notes } = copy;
        let new = StoredExecution { execution, task_runs, notes, version: 0 };
        self.ports().state.create_execution_with(&new).await?;
        self.parts.observer.committed(&new.execution, &new.task_runs, &[]);
        let message = execution_message(&new.execution.id, Event::ExecutionCreated);
        self.ports().bus.publish(vec![message]).await?;
        Ok(new.execution)
    }
}

fn refused(state: &ExecutionState, event: &Event) -> Result<(), ActionError> {
    state.refuses(event).map_or(Ok(()), |refusal| Err(refusal.into()))
}

fn resume_of(task_run_id: Option<TaskRunId>) -> Event {
    Event::ResumeRequested { inputs: Map::new(), task_run_id }
}

fn missing(id: &ExecutionId) -> ActionError {
    ActionError::NotFound(format!("execution {id} was not found"))
}
