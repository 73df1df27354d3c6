//! The scheduler: its parts, and the handlers of its messages.

use crate::error::SchedulerError;
use crate::listeners::Listeners;
use crate::triggers::{ON_DATES, SCHEDULE};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_engine::schedule::{Calendar, TriggerEnv, dates_calendar, schedule_calendar};
use segue_executor::Executor;
use segue_lookups::{Answers, until_answered};
use segue_model::catalog::Catalog;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use segue_ports::wire::Message;
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, Topic, Verdict};
use segue_template::{Ambient, LookupTable, RenderError, Renderer};
use std::sync::Arc;

/// How often a change is tried again after somebody else was faster.
pub(crate) const MOST_CONFLICTS: usize = 20;

/// The parts of a scheduler.
pub struct SchedulerParts {
    /// The adapters of all ports.
    pub ports: Ports,
    /// Creates the executions.
    pub executor: Arc<Executor>,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Answers what expressions ask: `kv()`, `secret()`, `read()`.
    pub answers: Arc<dyn Answers>,
}

impl SchedulerParts {
    /// The parts of a scheduler next to an executor, which has all of them.
    pub fn from_executor(executor: &Arc<Executor>) -> Self {
        let parts = executor.parts();
        Self {
            ports: parts.ports.clone(),
            executor: executor.clone(),
            catalog: parts.catalog.clone(),
            renderer: parts.renderer.clone(),
            globals: parts.globals.clone(),
            answers: parts.answers.clone(),
        }
    }
}

/// The scheduler. It tolerates messages that come twice, late or in another order, and interruptions between
/// any two steps. Ids of executions follow from the slot or event that starts them. States are written on the
/// version that was read, and after the execution they name. [`Scheduler::recover`] repairs what a crash
/// left.
pub struct Scheduler {
    pub(crate) parts: SchedulerParts,
    pub(crate) listeners: Listeners,
}

impl Scheduler {
    /// Builds a scheduler from its parts.
    pub fn new(parts: SchedulerParts) -> Self {
        Self { parts, listeners: Listeners::default() }
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.parts.ports
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.ports.clock.now()
    }

    /// The latest revision of a flow. None if it does not exist.
    pub(crate) async fn flow(&self, namespace: &str, id: &str) -> Result<Option<Arc<Flow>>, PortError> {
        match self.parts.executor.plan(namespace, id, None).await {
            Ok(plan) => Ok(Some(plan.flow.clone())),
            Err(PortError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The latest revision of a flow, which must exist.
    pub(crate) async fn known_flow(&self, namespace: &str, id: &str) -> Result<Arc<Flow>, SchedulerError> {
        let found = self.flow(namespace, id).await?;
        found.ok_or_else(|| SchedulerError::NotFound(format!("there is no flow {namespace}.{id}")))
    }

    /// What is needed to render a trigger. The random seed follows from the id of the execution.
    pub(crate) fn env<'a>(
        &'a self,
        flow: &'a Flow,
        trigger: &'a Trigger,
        table: &LookupTable,
        execution: &ExecutionId,
    ) -> TriggerEnv<'a> {
        let seed = execution
            .as_str()
            .bytes()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(byte)));
        TriggerEnv {
            renderer: &self.parts.renderer,
            globals: &self.parts.globals,
            lookups: Arc::new(table.clone()),
            ambient: Ambient { now: self.now(), seed, time_zone: TimeZone::UTC },
            flow,
            trigger,
        }
    }

    /// Repeats `ask` until every question is answered. `ask` returns none while an answer is missing.
    pub(crate) async fn with_answers<T>(
        &self,
        namespace: &str,
        execution: &ExecutionId,
        mut ask: impl FnMut(&LookupTable) -> Option<T> + Send,
    ) -> Result<T, PortError>
    where
        T: Send,
    {
        let table = LookupTable::new();
        // Triggers render rarely and little, so moving the work elsewhere does no harm.
        until_answered(&*self.parts.answers, namespace, execution, &table, true, || ask(&table)).await
    }

    /// The slots of a trigger. None if it has no slots. The inner error says why they cannot be computed.
    pub(crate) async fn calendar(
        &self,
        flow: &Flow,
        trigger: &Trigger,
    ) -> Result<Option<Result<Calendar, String>>, PortError> {
        let text = |error: segue_engine::schedule::CalendarError| error.to_string();
        match trigger.type_name.as_str() {
            SCHEDULE => Ok(Some(schedule_calendar(trigger).map_err(text))),
            ON_DATES => {
                let dates = trigger.properties.get("dates").unwrap_or(&Json::Null);
                let id = ExecutionId::derive(&["dates", &flow.namespace, &flow.id, &trigger.id]);
                let rendered = self.with_answers(&flow.namespace, &id, |table| {
                    let env = self.env(flow, trigger, table, &id);
                    match self.parts.renderer.render_json(dates, &env.scope(&Map::new())) {
                        Err(RenderError::Pending) => None,
                        other => Some(other.map_err(|error| error.to_string())),
                    }
                });
                Ok(Some(rendered.await?.and_then(|dates| dates_calendar(trigger, &dates).map_err(text))))
            }
            _ => Ok(None),
        }
    }

    pub(crate) async fn publish_ticks(&self, keys: Vec<TriggerKey>) -> Result<(), PortError> {
        let tick = |key| Outgoing { topic: Topic::Triggers, message: Message::Tick(key) };
        self.ports().bus.publish(keys.into_iter().map(tick).collect()).await
    }
}

#[async_trait]
impl MessageHandler for Scheduler {
    async fn handle(&self, message: Message) -> Verdict {
        let (what, done) = match message {
            Message::Tick(key) => (format!("the tick of trigger {key}"), self.tick(&key).await),
            Message::ScheduleChanged(key) => {
                (format!("the change of trigger {key}"), self.schedule_changed(&key).await)
            }
            Message::FlowChanged(changed) => {
                let what = format!("the change of flow {}.{}", changed.namespace, changed.flow_id);
                (what, self.flow_changed(&changed).await)
            }
            Message::ExecutionStateReached(reached) => (
                format!("the new state of execution {}", reached.execution_id),
                self.state_reached(&reached).await,
            ),
            Message::Backfill(request) => {
                let what = format!("the backfill of flow {}.{}", request.namespace, request.flow_id);
                (what, self.take_backfill(*request).await)
            }
            Message::Looked(looked) => {
                (format!("the look of trigger {}", looked.key), self.looked(*looked).await)
            }
            Message::Arrived(arrived) => {
                let what = format!("message {} for trigger {}", arrived.message_id, arrived.key);
                (what, self.arrived(*arrived).await)
            }
            Message::Nothing {} => return Verdict::Done,
            Message::Sweep {} => ("the sweep".to_owned(), self.sweep().await),
            Message::Execution(_) | Message::TaskRun(_) => {
                tracing::error!("a message that is not about triggers came to the scheduler; it is dropped");
                return Verdict::Done;
            }
        };
        match done {
            Ok(()) => Verdict::Done,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "{what} will be delivered again");
                Verdict::Retry
            }
            Err(error) => {
                tracing::error!(%error, "{what} cannot be handled");
                Verdict::Done
            }
        }
    }
}
