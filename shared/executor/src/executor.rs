//! Handles messages about executions. Messages about the same execution are handled one at a time.

use crate::cache::{Cache, Loaded};
use crate::mailbox::Mailbox;
use crate::pace::Pace;
use crate::parts::ExecutorParts;
use async_trait::async_trait;
use futures::FutureExt as _;
use segue_engine::{ExecutionState, Plan};
use segue_model::event::Event;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::parse::parse_flow;
use segue_ports::wire::{ExecutionMessage, Message};
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, Topic, Verdict, random_fraction};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

/// How often a step is decided again after another process committed first.
const MAX_CONFLICTS: usize = 20;
/// The pause after the first conflict.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause after a conflict.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The executor.
pub struct Executor {
    pub(crate) parts: ExecutorParts,
    pub(crate) cache: Cache,
}

impl Executor {
    /// Builds an executor from its parts.
    pub fn new(parts: ExecutorParts) -> Self {
        Self { parts, cache: Cache::new() }
    }

    /// The parts of the executor.
    pub fn parts(&self) -> &ExecutorParts {
        &self.parts
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.parts.ports
    }

    /// A flow, prepared to run.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if there is no such flow or revision. [`PortError::Invalid`] if its stored
    /// source can no longer be run.
    pub async fn plan(
        &self,
        namespace: &str,
        flow_id: &str,
        revision: Option<u32>,
    ) -> Result<Arc<Plan>, PortError> {
        if let Some(revision) = revision
            && let Some(plan) = self.cache.plan(&(namespace.into(), flow_id.into(), revision))
        {
            return Ok(plan);
        }
        let stored = self
            .ports()
            .state
            .flow(namespace, flow_id, revision)
            .await?
            .ok_or_else(|| PortError::not_found(format!("flow {namespace}.{flow_id}")))?;
        let key = (stored.namespace.clone(), stored.id.clone(), stored.revision);
        if let Some(plan) = self.cache.plan(&key) {
            return Ok(plan);
        }
        let parsed = parse_flow(&stored.source, &self.parts.catalog);
        let Some(mut flow) = parsed.flow else {
            let first = parsed.diagnostics.first().map(ToString::to_string).unwrap_or_default();
            return Err(PortError::invalid(format!(
                "flow {namespace}.{flow_id} revision {} cannot be run: {first}",
                stored.revision
            )));
        };
        flow.revision = stored.revision;
        let plan = Arc::new(Plan::new(Arc::new(flow), &self.parts.catalog));
        Ok(self.cache.keep_plan(&key, plan))
    }

    pub(crate) async fn load(&self, id: &ExecutionId) -> Result<Option<Loaded>, PortError> {
        let Some(stored) = self.ports().state.execution(id).await? else { return Ok(None) };
        let execution = stored.execution;
        let plan = self.plan(&execution.namespace, &execution.flow_id, Some(execution.flow_revision)).await?;
        let state = ExecutionState::load(plan, execution, stored.task_runs, &stored.notes);
        Ok(Some(Loaded { state, version: stored.version, is_current: true, pace: None }))
    }

    /// Applies an event to an execution and carries out the effects. Events that arrive while a step of the
    /// execution runs wait, and are applied together. Returns false if the execution does not exist.
    ///
    /// # Errors
    /// An error of a port. The event must be delivered again.
    pub async fn apply(&self, id: &ExecutionId, event: Event) -> Result<bool, PortError> {
        let entry = self.cache.entry(id);
        let mut outcome = entry.mailbox.put(event);
        let mut guard = entry.loaded.lock().await;
        loop {
            match outcome.try_recv() {
                Ok(outcome) => return outcome,
                Err(TryRecvError::Empty) => self.apply_waiting(id, &entry.mailbox, &mut guard).await,
                Err(TryRecvError::Closed) => {
                    let error = format!("the handler that applied an event of execution {id} was stopped");
                    return Err(PortError::unavailable("executor", error));
                }
            }
        }
    }

    /// Applies the events that wait for an execution, and tells their handlers the outcome.
    async fn apply_waiting(&self, id: &ExecutionId, mailbox: &Mailbox, entry: &mut Option<Loaded>) {
        if let Some((open, next)) = entry.as_ref().and_then(waits) {
            mailbox.gather(open, next).await;
        }
        let letters = mailbox.take();
        let events: Vec<Event> = letters.iter().map(|letter| letter.event.clone()).collect();
        let applied = self.turn(id, entry, |_| Ok::<_, PortError>(events.clone())).await;
        let applied = applied.map(|found| found.is_some());
        match applied {
            // One of the events cannot be applied, or together they are too large for one commit.
            Err(error) if letters.len() > 1 && !error.is_transient() => {
                for letter in letters {
                    let event = letter.event.clone();
                    let applied = self.turn(id, entry, |_| Ok(vec![event.clone()])).await;
                    letter.answer(applied.map(|found| found.is_some()));
                }
            }
            applied => letters.into_iter().for_each(|letter| letter.answer(applied.clone())),
        }
    }

    /// Applies events to the execution in a cache entry. If another process committed first, the step is
    /// decided again. `events_of` may depend on the execution as it is then.
    pub(crate) async fn turn<E: From<PortError>>(
        &self,
        id: &ExecutionId,
        entry: &mut Option<Loaded>,
        events_of: impl Fn(&ExecutionState) -> Result<Vec<Event>, E>,
    ) -> Result<Option<Execution>, E> {
        for conflicts in 0..MAX_CONFLICTS {
            if conflicts > 0 {
                tokio::time::sleep(pause(conflicts, random_fraction())).await;
            }
            let mut loaded = match entry.take() {
                Some(loaded) => Loaded { is_current: false, ..loaded },
                None => match self.load(id).await? {
                    Some(loaded) => loaded,
                    None => return Ok(None),
                },
            };
            let events = match events_of(&loaded.state) {
                Ok(events) => events,
                Err(refusal) => {
                    *entry = Some(loaded);
                    return Err(refusal);
                }
            };
            match self.run(&mut loaded, events).await {
                Ok(()) => {
                    let execution = loaded.state.execution().clone();
                    loaded.pace =
                        self.parts.gathers_results.then(|| Pace::after_commit(&loaded.state, Instant::now()));
                    if loaded.state.is_over() {
                        self.cache.forget(id);
                    }
                    *entry = Some(loaded);
                    return Ok(Some(execution));
                }
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let error = format!("execution {id} is changed by other processes all the time");
        Err(PortError::unavailable("state store", error).into())
    }
}

/// The number of results that can still come, and how long they wait for each other. None: they do not wait.
fn waits(loaded: &Loaded) -> Option<(usize, Instant)> {
    let pace = loaded.pace?;
    Some((pace.open(), pace.next()?))
}

/// The pause after a number of conflicts in a row: from 10 ms to 1 s, and less by up to a half. `chance` is from 0 to 1.
/// Without the random part, processes that lost together would try again together.
fn pause(conflicts: usize, chance: f64) -> Duration {
    let longest = SHORTEST_PAUSE * 2_u32.pow(u32::try_from(conflicts).unwrap_or(u32::MAX).min(8) - 1);
    longest.min(LONGEST_PAUSE).mul_f64(1.0 - chance / 2.0)
}

fn broken(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    format!("the engine panicked, which is an error in Segue: {text}")
}

/// A message with an event of an execution.
pub(crate) fn execution_message(id: &ExecutionId, event: Event) -> Outgoing {
    Outgoing {
        topic: Topic::Executions,
        message: Message::Execution(ExecutionMessage::new(id.clone(), event)),
    }
}

impl Executor {
    /// Applies the event of a message, unless the event is a timer that is no longer due.
    /// Returns false if the execution does not exist.
    async fn fold(&self, id: &ExecutionId, event: Event) -> Result<bool, PortError> {
        if let Event::TimerFired { key } = &event
            && !self.is_due(id, key).await?
        {
            tracing::debug!(execution = %id, key, "ignored a timer that is not due");
            return Ok(self.ports().state.execution(id).await?.is_some());
        }
        self.apply(id, event).await
    }
}

#[async_trait]
impl MessageHandler for Executor {
    async fn handle(&self, message: Message) -> Verdict {
        if matches!(message, Message::Arrived(_)) {
            // Somebody's message must not be lost because a subscription names the wrong service.
            return Verdict::Retry;
        }
        let Message::Execution(message) = message else {
            tracing::error!("a message that is not about an execution came to the executor; it is dropped");
            return Verdict::Done;
        };
        // A panic in Segue's code ends only this execution. If the message were delivered again, the next
        // process would panic too.
        let folded = AssertUnwindSafe(self.fold(&message.execution_id, message.event)).catch_unwind().await;
        let folded = folded.unwrap_or_else(|panic| Err(PortError::invalid(broken(panic.as_ref()))));
        match folded {
            Ok(true) => Verdict::Done,
            Ok(false) => {
                tracing::warn!(execution = %message.execution_id, "there is no such execution; its event is dropped");
                Verdict::Done
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(execution = %message.execution_id, %error, "the event will be delivered again");
                Verdict::Retry
            }
            // The step would fail again at every delivery. A failed execution is better than one that never
            // ends.
            Err(error) => match self.fail(&message.execution_id, &error.to_string()).await {
                Ok(()) => Verdict::Done,
                Err(error) => {
                    tracing::warn!(execution = %message.execution_id, %error, "the event will be delivered again");
                    Verdict::Retry
                }
            },
        }
    }
}
