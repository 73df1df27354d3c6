//! Carries out the effects of a decision after the commit. Every effect can be carried out twice without
//! harm.

use crate::actions::ActionError;
use crate::create::NewExecution;
use crate::executor::{Executor, execution_message};
use crate::translate::task_run_message;
use segue_engine::inline::Change;
use segue_engine::{Effect, SubflowRequest};
use segue_model::Map;
use segue_model::event::Event;
use segue_model::execution::{Execution, ExecutionMetadata};
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_ports::state::Permit;
use segue_ports::wire::{AttemptKey, ExecutionStateReached, Message, WIRE_VERSION};
use segue_ports::{Outgoing, PortError, Topic};
use segue_template::LookupTable;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The id of the execution that replaces an execution which ended RETRIED.
pub fn retry_id(superseded: &ExecutionId) -> ExecutionId {
    ExecutionId::derive(&["retry", superseded.as_str()])
}

impl Executor {
    pub(crate) async fn bring_about(
        &self,
        execution: &Execution,
        changes: Vec<Change>,
        effects: Vec<Effect>,
        events: &mut VecDeque<Event>,
        secrets: &LookupTable,
    ) -> Result<(), PortError> {
        let mut messages = Vec::new();
        for change in changes {
            if let Change::Resume { execution_id, inputs } = change {
                messages.extend(
                    self.resume_other(execution, &ExecutionId::from(execution_id), inputs, secrets).await?,
                );
            }
        }
        for effect in effects {
            match effect {
                Effect::DispatchTaskRun(dispatch) => {
                    let topic = Topic::Tasks(Cow::Borrowed(dispatch.service));
                    let message = task_run_message(execution, *dispatch, self.ports().clock.now());
                    messages.push(Outgoing { topic, message: Message::TaskRun(Box::new(message)) });
                }
                Effect::TakePermit => events.push_back(self.take_permit(execution).await?),
                Effect::ReleasePermit => messages.extend(self.release_permit(execution).await?),
                Effect::StopAttempts { attempts } => {
                    let keys: Vec<AttemptKey> = attempts
                        .into_iter()
                        .map(|(task_run_id, attempt)| AttemptKey {
                            execution_id: execution.id.clone(),
                            task_run_id,
                            attempt,
                        })
                        .collect();
                    self.ports().state.revoke_claims(&keys).await?;
                }
                Effect::StartSubflow(request) => {
                    events.push_back(self.start_subflow(execution, *request, secrets).await?)
                }
                Effect::KillExecution { execution_id } => {
                    messages.push(execution_message(&execution_id, Event::KillRequested { cascade: true }));
                }
                Effect::NotifyParent { execution_id, task_run_id, iteration, state, outputs } => {
                    let event = Event::SubflowFinished {
                        task_run_id,
                        iteration,
                        execution_id: execution.id.clone(),
                        original_id: execution.original_id.clone(),
                        attempt: execution.metadata.attempt_number,
                        state,
                        outputs,
                    };
                    messages.push(execution_message(&execution_id, event));
                }
                Effect::CreateRetryExecution => self.create_retry(execution).await?,
                Effect::AnnounceState { state } => messages.extend(self.announcement(execution, state)),
                Effect::SetTimer { .. } | Effect::ClearTimer { .. } => {}
            }
        }
        if messages.is_empty() { Ok(()) } else { self.ports().bus.publish(messages).await }
    }

    /// The message to the scheduler that an execution has ended or is paused. None if no scheduler listens.
    pub(crate) fn announcement(&self, execution: &Execution, state: State) -> Option<Outgoing> {
        let reached = ExecutionStateReached {
            version: WIRE_VERSION,
            execution_id: execution.id.clone(),
            namespace: execution.namespace.clone(),
            flow_id: execution.flow_id.clone(),
            state,
        };
        let message = Outgoing { topic: Topic::Triggers, message: Message::ExecutionStateReached(reached) };
        self.parts.announce_states.then_some(message)
    }

    /// Runs the whole flow again as a new execution with the same inputs, labels and trigger (docs/kestra.md
    /// 2.4).
    async fn create_retry(&self, old: &Execution) -> Result<(), PortError> {
        let attempt_number = old.metadata.attempt_number + 1;
        let now = self.ports().clock.now();
        let execution = Execution {
            id: retry_id(&old.id),
            parent_id: Some(old.id.clone()),
            outputs: None,
            state: StateHistory::new(State::Created, now),
            metadata: ExecutionMetadata { attempt_number, ..old.metadata.clone() },
            schedule_date: None,
            ..old.clone()
        };
        self.ports().state.create_execution(&execution).await?;
        self.parts.observer.committed(&execution, &[], &[]);
        self.ports().bus.publish(vec![execution_message(&execution.id, Event::ExecutionCreated)]).await
    }

    /// A task resumes an execution, possibly its own. If the request is refused, the log of the asking
    /// execution says so.
    async fn resume_other(
        &self,
        execution: &Execution,
        id: &ExecutionId,
        inputs: Map,
        secrets: &LookupTable,
    ) -> Result<Option<Outgoing>, PortError> {
        match self.resolve_resume(id, inputs).await {
            Ok((task_run_id, inputs)) => {
                Ok(Some(execution_message(id, Event::ResumeRequested { inputs, task_run_id })))
            }
            Err(ActionError::Port(error)) => Err(error),
            Err(refusal) => {
                let entry = LogEntry::of_execution(
                    execution,
                    LogLevel::Error,
                    self.ports().clock.now(),
                    secrets.mask_text(format!("execution {id} was not resumed: {refusal}")),
                );
                self.ports().state.append_logs(vec![entry]).await?;
                Ok(None)
            }
        }
    }

    /// Restarts a subflow that failed, if it can be restarted. Returns none if a new execution must be
    /// created. After a crash the same request may come again. Then a subflow that was restarted in the
    /// meantime is not restarted again; if it has ended, its end is published again.
    async fn restart_subflow(
        &self,
        child: &ExecutionId,
        attempt: u32,
    ) -> Result<Option<Outgoing>, PortError> {
        let Some(loaded) = self.load(child).await? else { return Ok(None) };
        let execution = loaded.state.execution();
        let restart = Event::RestartRequested { attempt };
        let event = if execution.metadata.attempt_number > attempt || !execution.state.current().is_terminal()
        {
            Event::Continued
        } else if loaded.state.refuses(&restart).is_some() {
            return Ok(None);
        } else {
            restart
        };
        Ok(Some(execution_message(child, event)))
    }

    async fn take_permit(&self, execution: &Execution) -> Result<Event, PortError> {
        use segue_model::flow::ConcurrencyBehavior;
        let plan = self.plan(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await?;
        let Some(concurrency) = plan.flow.concurrency else { return Ok(Event::PermitGranted) };
        let slot = self
            .ports()
            .state
            .take_permit(
                &execution.namespace,
                &execution.flow_id,
                concurrency.limit,
                &execution.id,
                concurrency.behavior == ConcurrencyBehavior::Queue,
                self.ports().clock.now(),
            )
            .await?;
        Ok(match slot {
            Permit::Granted => Event::PermitGranted,
            Permit::Full => Event::PermitRefused,
        })
    }

    pub(crate) async fn release_permit(&self, execution: &Execution) -> Result<Vec<Outgoing>, PortError> {
        let granted = self
            .ports()
            .state
            .release_permit(&execution.namespace, &execution.flow_id, &execution.id, self.ports().clock.now())
            .await?;
        Ok(granted.iter().map(|id| execution_message(id, Event::PermitGranted)).collect())
    }

    async fn start_subflow(
        &self,
        parent: &Execution,
        request: SubflowRequest,
        secrets: &LookupTable,
    ) -> Result<Event, PortError> {
        if let Some((child, attempt)) = &request.restart
            && let Some(message) = self.restart_subflow(child, *attempt).await?
        {
            self.ports().bus.publish(vec![message]).await?;
            return Ok(Event::SubflowCreated {
                task_run_id: request.task_run_id,
                iteration: request.iteration,
                outcome: Ok(child.clone()),
            });
        }
        let trigger = request.trigger(parent);
        let new = NewExecution {
            id: Some(request.execution_id),
            namespace: request.namespace,
            flow_id: request.flow_id,
            revision: request.revision,
            inputs: request.inputs,
            labels: request.labels,
            trigger: Some(trigger),
            schedule_date: request.schedule_date,
            kind: parent.kind,
            breakpoints: Vec::new(),
        };
        let outcome = match self.create_with(new, &secrets.masker()).await {
            Ok(execution) => Ok(execution.id),
            Err(error) => match error.into_port() {
                Ok(port) if port.is_transient() => return Err(port),
                Ok(port) => Err(secrets.mask_text(port.to_string())),
                Err(message) => Err(secrets.mask_text(message)),
            },
        };
        Ok(Event::SubflowCreated { task_run_id: request.task_run_id, iteration: request.iteration, outcome })
    }
}
