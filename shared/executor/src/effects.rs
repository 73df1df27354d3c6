//! Brings about what the engine asks for, once the commit is in. Everything here bears being done twice.

use crate::create::NewExecution;
use crate::executor::{Executor, execution_message};
use crate::translate::task_run_message;
use segue_engine::inline::Change;
use segue_engine::{Effect, SubflowRequest};
use segue_model::Json;
use segue_model::event::Event;
use segue_model::execution::{Execution, ExecutionMetadata, ExecutionTrigger, ParentTaskRun};
use segue_model::id::ExecutionId;
use segue_model::state::{State, StateHistory};
use segue_ports::state::Slot;
use segue_ports::wire::Message;
use segue_ports::{Outgoing, PortError, Topic};
use serde_json::json;
use std::borrow::Cow;
use std::collections::VecDeque;

impl Executor {
    pub(crate) async fn bring_about(
        &self,
        execution: &Execution,
        changes: Vec<Change>,
        effects: Vec<Effect>,
        events: &mut VecDeque<Event>,
    ) -> Result<(), PortError> {
        let mut messages = Vec::new();
        for change in changes {
            if let Change::Resume { execution_id, inputs } = change {
                let event = Event::ResumeRequested { inputs, task_run_id: None };
                messages.push(execution_message(&ExecutionId::from(execution_id), event));
            }
        }
        for effect in effects {
            match effect {
                Effect::DispatchTaskRun(dispatch) => {
                    let topic = Topic::Tasks(Cow::Borrowed(dispatch.service));
                    let message = task_run_message(execution, *dispatch, self.ports().clock.now());
                    messages.push(Outgoing { topic, message: Message::TaskRun(Box::new(message)) });
                }
                Effect::TakeSlot => events.push_back(self.take_slot(execution).await?),
                Effect::ReleaseSlot => messages.extend(self.release_slot(execution).await?),
                Effect::StopAttempts { task_run_id } => {
                    self.ports().state.revoke_claims(&execution.id, task_run_id.as_ref()).await?;
                }
                Effect::StartSubflow(request) => {
                    events.push_back(self.start_subflow(execution, *request).await?)
                }
                Effect::KillExecution { execution_id } => {
                    messages.push(execution_message(&execution_id, Event::KillRequested));
                }
                Effect::NotifyParent { execution_id, task_run_id, iteration, state, outputs } => {
                    let event = Event::SubflowFinished {
                        task_run_id,
                        iteration,
                        execution_id: execution.id.clone(),
                        state,
                        outputs,
                    };
                    messages.push(execution_message(&execution_id, event));
                }
                Effect::CreateRetryExecution => self.create_retry(execution).await?,
                Effect::ExecutionEnded { .. } | Effect::SetTimer { .. } | Effect::ClearTimer { .. } => {}
            }
        }
        if messages.is_empty() { Ok(()) } else { self.ports().bus.publish(messages).await }
    }

    /// The whole flow again, as a new execution: same inputs, labels and trigger (kestra-compat.md 2.4).
    async fn create_retry(&self, old: &Execution) -> Result<(), PortError> {
        let attempt_number = old.metadata.attempt_number + 1;
        let now = self.ports().clock.now();
        let execution = Execution {
            id: ExecutionId::derive(&["retry", old.id.as_str()]),
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

    async fn take_slot(&self, execution: &Execution) -> Result<Event, PortError> {
        use segue_model::flow::ConcurrencyBehavior;
        let plan = self.plan(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await?;
        let Some(concurrency) = plan.flow.concurrency else { return Ok(Event::SlotGranted) };
        let slot = self
            .ports()
            .state
            .take_slot(
                &execution.namespace,
                &execution.flow_id,
                concurrency.limit,
                &execution.id,
                concurrency.behavior == ConcurrencyBehavior::Queue,
                self.ports().clock.now(),
            )
            .await?;
        Ok(match slot {
            Slot::Granted => Event::SlotGranted,
            Slot::Full => Event::SlotRefused,
        })
    }

    async fn release_slot(&self, execution: &Execution) -> Result<Vec<Outgoing>, PortError> {
        let granted = self
            .ports()
            .state
            .release_slot(&execution.namespace, &execution.flow_id, &execution.id, self.ports().clock.now())
            .await?;
        Ok(granted.iter().map(|id| execution_message(id, Event::SlotGranted)).collect())
    }

    async fn start_subflow(&self, parent: &Execution, request: SubflowRequest) -> Result<Event, PortError> {
        let mut variables = segue_model::Map::new();
        for (key, value) in [
            ("executionId", json!(parent.id)),
            ("namespace", json!(parent.namespace)),
            ("flowId", json!(parent.flow_id)),
            ("flowRevision", json!(parent.flow_revision)),
            ("taskRunId", json!(request.task_run_id)),
            ("taskRunValue", json!(request.value)),
            ("taskRunIteration", json!(request.iteration)),
        ] {
            if value != Json::Null {
                variables.insert(key.into(), value);
            }
        }
        let (task_id, task_type) = request.task;
        let new = NewExecution {
            id: Some(request.execution_id.clone()),
            namespace: request.namespace,
            flow_id: request.flow_id,
            revision: request.revision,
            inputs: request.inputs,
            labels: request.labels,
            trigger: Some(ExecutionTrigger {
                id: task_id,
                type_name: task_type,
                variables,
                parent: Some(ParentTaskRun {
                    execution_id: parent.id.clone(),
                    task_run_id: request.task_run_id.clone(),
                    iteration: request.iteration,
                    wait: request.wait,
                }),
            }),
            schedule_date: request.schedule_date,
        };
        let outcome = match self.create(new).await {
            Ok(execution) => Ok(execution.id),
            Err(error) => match error.into_port() {
                Ok(port) if port.is_transient() => return Err(port),
                Ok(port) => Err(port.to_string()),
                Err(message) => Err(message),
            },
        };
        Ok(Event::SubflowCreated { task_run_id: request.task_run_id, iteration: request.iteration, outcome })
    }
}
