//! Handles messages that were given up after too many deliveries: the task run or execution that waits for
//! such a message fails.

use crate::executor::{Executor, execution_message};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use segue_model::Map;
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_ports::bus::GivenUp;
use segue_ports::state::{Claim, Commit};
use segue_ports::wire::{AttemptKey, Look, Looked, Message, TaskRunMessage, WIRE_VERSION};
use segue_ports::{DeadLetterHandler, Outgoing, PortError, Topic, Verdict};

/// The name under which final attempts to continue an execution are counted.
const LOOK: &str = "last-look";
/// The number of final attempts that may end with the process.
const LOOKS: u32 = 3;
/// How long a dead letter is tried again because of faults that should pass. It is longer than most outages, and shorter
/// than the seven days after which the bus drops the letter and nobody would end the execution.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

fn ended_with(deliveries: u32) -> String {
    format!(
        "the process ended {deliveries} times in the next step of the execution: an expression of the flow may need more \
         memory than there is"
    )
}

fn not_accepted(task_type: &str, deliveries: u32) -> String {
    format!(
        "the service of {task_type} did not accept the task in {deliveries} deliveries: it may have run out of memory or \
         panicked; see its log"
    )
}

#[async_trait]
impl DeadLetterHandler for Executor {
    async fn given_up(&self, letter: GivenUp) -> Verdict {
        let GivenUp { message, execution_id, subscription, deliveries, deadly, since } = letter;
        tracing::error!(subscription, deliveries, execution = ?execution_id, "a message was given up");
        // A message of an execution names it also if the attributes do not.
        let about = match &message {
            Some(Message::TaskRun(message)) => Some(message.execution_id.clone()),
            Some(Message::Execution(message)) => Some(message.execution_id.clone()),
            _ => execution_id.clone(),
        };
        let done = match message {
            Some(Message::TaskRun(message)) => self.give_up_task_run(*message, deliveries).await,
            Some(Message::Execution(message)) if deadly => {
                self.fail(&message.execution_id, &ended_with(deliveries)).await.map(|()| Verdict::Done)
            }
            Some(Message::Execution(message)) => self.give_up_execution(&message.execution_id).await,
            Some(
                Message::Tick(_)
                | Message::ScheduleChanged(_)
                | Message::FlowChanged(_)
                | Message::ExecutionStateReached(_)
                | Message::Looked(_)
                | Message::Arrived(_)
                | Message::Backfill(_)
                | Message::Nothing {}
                | Message::Sweep {},
            ) => Ok(Verdict::Done),
            None => match execution_id {
                Some(id) => self.give_up_execution(&id).await,
                None => Ok(Verdict::Done),
            },
        };
        let done = match (done, about) {
            (Err(error), Some(id)) if error.is_transient() && self.is_overdue(since) => {
                let reason = format!("a message was given up, and an hour later this fault remains: {error}");
                self.fail(&id, &reason).await.map(|()| Verdict::Done)
            }
            (done, _) => done,
        };
        match done {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "the dead letter will be delivered again");
                Verdict::Retry
            }
            Err(error) => {
                tracing::error!(%error, "the dead letter cannot be handled");
                Verdict::Done
            }
            Ok(verdict) => verdict,
        }
    }
}

impl Executor {
    /// Whether a dead letter was tried for so long that its fault will not pass. An unknown time is not overdue.
    fn is_overdue(&self, since: Option<Timestamp>) -> bool {
        since.is_some_and(|since| self.ports().clock.now().duration_since(since) > PATIENCE)
    }

    /// Records that the attempt has failed, unless it has a result or a worker runs it: a bus may give a message up
    /// although one of its deliveries was accepted. While a worker runs the attempt, the letter must come again.
    async fn give_up_task_run(&self, message: TaskRunMessage, deliveries: u32) -> Result<Verdict, PortError> {
        let (key, now) = (message.key(), self.ports().clock.now());
        let id = &message.execution_id;
        if let Some(look) = &message.look {
            return self.give_up_look(&message, look, deliveries).await;
        }
        // A claim with no duration tells what became of the attempt, and takes it from nobody.
        match self.ports().state.claim(&key, LOOK, now, now).await? {
            Claim::Finished(result) => {
                return self.apply(id, Event::TaskRunFinished(*result)).await.map(|_| Verdict::Done);
            }
            Claim::Held { until, .. } => {
                let task = &message.task_id;
                tracing::warn!(task, %until, "a worker holds the attempt, so the dead letter will be delivered again");
                return Ok(Verdict::Retry);
            }
            Claim::Granted { .. } | Claim::Revoked => {}
        }
        // From now on, no worker begins the attempt: its result would come too late.
        self.ports().state.revoke_claims(std::slice::from_ref(&key)).await?;
        let error = not_accepted(&message.task_type, deliveries);
        let entry = message.log_entry(LogLevel::Error, now, error.clone());
        self.ports().state.append_logs(vec![entry]).await?;
        let result = message.failed(error, now);
        self.apply(id, Event::TaskRunFinished(result)).await.map(|_| Verdict::Done)
    }

    /// Reports that a polling trigger could not look: the next look follows after the interval. If a find could not be
    /// settled, its execution's log says so.
    async fn give_up_look(
        &self,
        message: &TaskRunMessage,
        look: &Look,
        deliveries: u32,
    ) -> Result<Verdict, PortError> {
        let error = not_accepted(&message.task_type, deliveries);
        let key = look.key.clone();
        if look.settle.is_some() {
            let entry = message.log_entry(LogLevel::Error, self.ports().clock.now(), error);
            self.ports().state.append_logs(vec![entry]).await?;
            return Ok(Verdict::Done);
        }
        let looked = Looked {
            version: WIRE_VERSION,
            key,
            execution_id: message.execution_id.clone(),
            found: Err(error),
            log: Vec::new(),
            is_recorded: false,
        };
        let report = Outgoing { topic: Topic::Triggers, message: Message::Looked(Box::new(looked)) };
        self.ports().bus.publish(vec![report]).await.map(|()| Verdict::Done)
    }

    /// Tries once more to continue the execution. If this fails too, the execution fails. A cause that ends
    /// the process would end it at every try, so the tries are counted like the deliveries of an attempt.
    async fn give_up_execution(&self, id: &ExecutionId) -> Result<Verdict, PortError> {
        if self.ports().state.execution(id).await?.is_none() {
            return Ok(Verdict::Done);
        }
        let look = AttemptKey { execution_id: id.clone(), task_run_id: LOOK.into(), attempt: 0 };
        let (state, now) = (&self.ports().state, self.ports().clock.now());
        if let Claim::Granted { deliveries } = state.claim(&look, LOOK, now, now).await?
            && deliveries > LOOKS
        {
            return self.fail(id, &ended_with(deliveries - 1)).await.map(|()| Verdict::Done);
        }
        let looked = match self.apply(id, Event::Continued).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => self.fail(id, &error.to_string()).await,
        };
        state.hand_back_claim(&look, LOOK, now).await?;
        looked.map(|()| Verdict::Done)
    }

    /// Ends an execution FAILED that the engine cannot continue: its flow can no longer be parsed, or its
    /// messages cannot be published. Open task runs keep their last state.
    pub(crate) async fn fail(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError> {
        tracing::error!(execution = %id, reason, "the execution cannot continue and fails");
        let entry = self.cache.entry(id);
        let mut guard = entry.loaded.lock().await;
        *guard = None;
        let Some(stored) = self.ports().state.execution(id).await? else { return Ok(()) };
        let mut execution = stored.execution;
        if execution.state.current().is_terminal() {
            return Ok(());
        }
        let now = self.ports().clock.now();
        execution.state.enter(State::Failed, now);
        let entry = LogEntry::of_execution(
            &execution,
            LogLevel::Error,
            now,
            format!("the execution cannot continue: {reason}"),
        );
        let commit = Commit {
            execution: execution.clone(),
            now,
            notes: stored.notes,
            expected_version: stored.version,
            task_runs: Vec::new(),
            removed: Vec::new(),
            logs: vec![entry.clone()],
            kv: Vec::new(),
            timers: Vec::new(),
            cleared_timers: Vec::new(),
        };
        self.ports().state.commit(commit).await?;
        self.cache.forget(id);
        self.parts.observer.committed(&execution, &[], &[entry]);
        let mut messages = self.release_permit(&execution).await?;
        messages.extend(self.announcement(&execution, State::Failed));
        let parent = execution.trigger.as_ref().and_then(|trigger| trigger.parent.as_ref());
        if let Some(parent) = parent.filter(|parent| parent.wait) {
            let ended = Event::SubflowFinished {
                task_run_id: parent.task_run_id.clone(),
                iteration: parent.iteration,
                execution_id: id.clone(),
                original_id: execution.original_id.clone(),
                attempt: execution.metadata.attempt_number,
                state: State::Failed,
                outputs: Map::new(),
            };
            messages.push(execution_message(&parent.execution_id, ended));
        }
        self.ports().bus.publish(messages).await
    }
}
