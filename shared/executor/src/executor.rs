//! Takes messages about executions, one at a time for each execution.

use crate::answers::Answers;
use crate::cache::{Cache, Loaded};
use crate::observer::Observer;
use crate::translate::kv_write;
use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::Timestamp;
use segue_engine::decide::go_on;
use segue_engine::{Decision, Effect, Env, ExecutionState, Plan, decide};
use segue_model::Map;
use segue_model::catalog::Catalog;
use segue_model::event::Event;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::parse::parse_flow;
use segue_model::state::State;
use segue_ports::state::{Commit, ExecutionFilter, Timer};
use segue_ports::wire::{ExecutionMessage, Message};
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, TimersBy, Topic, Verdict};
use segue_rendering::off_thread;
use segue_template::{LookupTable, Renderer};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// How many task runs a step starts before it commits, which bounds a transaction.
const STEP_BUDGET: usize = 500;
/// How often a step is decided again after somebody else was faster.
const MAX_CONFLICTS: usize = 20;

/// What an executor is made of.
pub struct ExecutorParts {
    /// The platform.
    pub ports: Ports,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers what expressions ask.
    pub answers: Arc<dyn Answers>,
    /// Root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Is told of every commit.
    pub observer: Arc<dyn Observer>,
    /// Whether ends and pauses of executions are published for the scheduler; false where none listens.
    pub announce_states: bool,
    /// How many values a loop may have.
    pub most_values: usize,
}

/// The executor.
pub struct Executor {
    pub(crate) parts: ExecutorParts,
    pub(crate) cache: Cache,
}

impl Executor {
    /// An executor of these parts.
    pub fn new(parts: ExecutorParts) -> Self {
        Self { parts, cache: Cache::new() }
    }

    /// What it is made of.
    pub fn parts(&self) -> &ExecutorParts {
        &self.parts
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.parts.ports
    }

    /// A flow made ready to run.
    ///
    /// # Errors
    /// [`PortError::NotFound`] when there is no such flow or revision; [`PortError::Invalid`] when its stored
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
        Ok(Some(Loaded { state, version: stored.version }))
    }

    /// Folds an event into an execution and brings about what follows; returns the execution as it then is,
    /// none where it does not exist.
    ///
    /// # Errors
    /// What a port said; the event has to be delivered again.
    pub async fn apply(&self, id: &ExecutionId, event: Event) -> Result<Option<Execution>, PortError> {
        let place = self.cache.place(id);
        let mut guard = place.lock().await;
        self.turn(id, &mut guard, |_| Ok::<_, PortError>(event.clone())).await
    }

    /// Folds an event into the execution of a place, decided again when somebody else was faster; the event may
    /// follow from the execution as it then is.
    pub(crate) async fn turn<E: From<PortError>>(
        &self,
        id: &ExecutionId,
        place: &mut Option<Loaded>,
        event_of: impl Fn(&ExecutionState) -> Result<Event, E>,
    ) -> Result<Option<Execution>, E> {
        for _ in 0..MAX_CONFLICTS {
            let mut loaded = match place.take() {
                Some(loaded) => loaded,
                None => match self.load(id).await? {
                    Some(loaded) => loaded,
                    None => return Ok(None),
                },
            };
            let event = match event_of(&loaded.state) {
                Ok(event) => event,
                Err(refusal) => {
                    *place = Some(loaded);
                    return Err(refusal);
                }
            };
            match self.run(&mut loaded, event).await {
                Ok(()) => {
                    let execution = loaded.state.execution().clone();
                    if loaded.state.is_over() {
                        self.cache.forget(id);
                    }
                    *place = Some(loaded);
                    return Ok(Some(execution));
                }
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let error = format!("execution {id} is changed all the time by others");
        Err(PortError::unavailable("state store", error).into())
    }

    async fn run(&self, loaded: &mut Loaded, event: Event) -> Result<(), PortError> {
        let mut events = VecDeque::from([event]);
        let mut secrets = LookupTable::new();
        while let Some(event) = events.pop_front() {
            let env = Env {
                renderer: self.parts.renderer.clone(),
                // What follows from a step may repeat what was secret in it.
                lookups: secrets.successor(),
                now: self.ports().clock.now(),
                budget: STEP_BUDGET,
                most_values: self.parts.most_values,
                globals: self.parts.globals.clone(),
                cipher: self.ports().cipher.clone(),
            };
            // Expressions may take their time: nothing else waits for them.
            let computes = loaded.state.plan().computes();
            let mut decision = off_thread(computes, || decide(&mut loaded.state, &event, &env));
            // A timer that is delivered goes with the step it causes; one that is watched for is gone already.
            let mut fired = match event {
                Event::TimerFired { key } if self.ports().timers == TimersBy::Delivery => Some(key),
                _ => None,
            };
            loop {
                let (pending, more) = (std::mem::take(&mut decision.pending), decision.more);
                self.settle(loaded, decision, fired.take(), &env, &mut events).await?;
                if !pending.is_empty() {
                    let execution = loaded.state.execution();
                    for lookup in pending {
                        let answer =
                            self.parts.answers.answer(&execution.namespace, &execution.id, &lookup).await?;
                        env.lookups.insert(lookup, answer);
                    }
                } else if !more {
                    break;
                }
                decision = off_thread(computes, || go_on(&mut loaded.state, &env));
            }
            secrets = env.lookups;
        }
        Ok(())
    }

    /// Commits a decision and brings about its effects.
    async fn settle(
        &self,
        loaded: &mut Loaded,
        decision: Decision,
        fired: Option<String>,
        env: &Env,
        events: &mut VecDeque<Event>,
    ) -> Result<(), PortError> {
        let now = env.now;
        let execution = loaded.state.execution().clone();
        let Decision { changed, task_runs, removed, mut logs, changes, effects, .. } = decision;
        let paused_before = changed && !entered(&execution, now);
        for entry in &mut logs {
            entry.message = self.parts.answers.mask(std::mem::take(&mut entry.message));
        }
        let mut timers = Vec::new();
        let mut cleared_timers: Vec<String> = fired.into_iter().collect();
        let mut outward = Vec::new();
        for effect in effects {
            match effect {
                Effect::SetTimer { key, due } => {
                    cleared_timers.retain(|cleared| *cleared != key);
                    timers.push(Timer { execution_id: execution.id.clone(), key, due });
                }
                Effect::ClearTimer { key } => cleared_timers.push(key),
                other => outward.push(other),
            }
        }
        let (far, near) = self.by_distance(&timers, now);
        self.deliver_timers(far).await?;
        if changed || !timers.is_empty() || !cleared_timers.is_empty() {
            let commit = Commit {
                execution: execution.clone(),
                now,
                notes: loaded.state.notes(),
                expected_version: loaded.version,
                task_runs: task_runs.clone(),
                removed,
                logs: logs.clone(),
                kv: changes.iter().filter_map(kv_write).collect(),
                timers,
                cleared_timers,
            };
            loaded.version = self.ports().state.commit(commit).await?;
            self.parts.observer.committed(&execution, &task_runs, &logs);
        }
        self.deliver_timers(near).await?;
        // A step that changes nothing repeats one whose message may have been lost.
        if execution.state.current() == State::Paused && !paused_before {
            outward.push(Effect::AnnounceState { state: State::Paused });
        }
        self.bring_about(&execution, changes, outward, events, &env.lookups).await
    }

    /// Looks again at every execution that has not ended: after a crash, what was lost with the messages of
    /// that process is asked for again.
    ///
    /// # Errors
    /// What a port said.
    pub async fn recover(&self) -> Result<usize, PortError> {
        let filter = ExecutionFilter { states: State::open().collect(), ..ExecutionFilter::default() };
        let open = self.ports().state.executions(&filter).await?;
        let messages =
            open.iter().map(|execution| execution_message(&execution.id, Event::Continued)).collect();
        self.ports().bus.publish(messages).await?;
        Ok(open.len())
    }
}

/// Whether an execution entered its state at that moment.
fn entered(execution: &Execution, now: Timestamp) -> bool {
    execution.state.histories().last().is_some_and(|change| change.date == now)
}

fn broken(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text =
        text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it said nothing");
    format!("the engine broke down, which is a fault in Segue: {text}")
}

/// A message that says what happened to an execution.
pub(crate) fn execution_message(id: &ExecutionId, event: Event) -> Outgoing {
    Outgoing {
        topic: Topic::Executions,
        message: Message::Execution(ExecutionMessage::new(id.clone(), event)),
    }
}

impl Executor {
    /// Folds in what a message says, unless it is a timer that is no longer due.
    async fn fold(&self, id: &ExecutionId, event: Event) -> Result<Option<Execution>, PortError> {
        if let Event::TimerFired { key } = &event
            && !self.is_due(id, key).await?
        {
            tracing::debug!(execution = %id, key, "a timer that is not due any more, or not yet");
            return Ok(self.ports().state.execution(id).await?.map(|stored| stored.execution));
        }
        self.apply(id, event).await
    }
}

#[async_trait]
impl MessageHandler for Executor {
    async fn handle(&self, message: Message) -> Verdict {
        let Message::Execution(message) = message else {
            tracing::error!("a message that is not about an execution came to the executor; it is dropped");
            return Verdict::Done;
        };
        // A fault of ours ends this one execution; the message would break the next process as it broke this one.
        let folded = AssertUnwindSafe(self.fold(&message.execution_id, message.event)).catch_unwind().await;
        let folded = folded.unwrap_or_else(|panic| Err(PortError::invalid(broken(panic.as_ref()))));
        match folded {
            Ok(Some(_)) => Verdict::Done,
            Ok(None) => {
                tracing::warn!(execution = %message.execution_id, "there is no such execution; its event is dropped");
                Verdict::Done
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(execution = %message.execution_id, %error, "the event will be delivered again");
                Verdict::Retry
            }
            // It would fail again and again: better a failed execution than one that never ends.
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
