//! Polling triggers: at an interval, a service looks whether there is something new, and each find is one execution
//! (docs/kestra.md 5.1). Between two looks, nothing runs.
//!
//! A find is written into the trigger's state before anything follows from it. So of several results of one look (a
//! message that came twice, a service that was killed) one counts, and nothing is lost: the execution is created under
//! the id of the look, then the service is asked to settle the find, then the state forgets the find.

use crate::fire::Fired;
use crate::memo::{Found, Memo};
use crate::realtime::CONNECTED_AGAIN;
use crate::scheduler::{MOST_CONFLICTS, Scheduler};
use crate::tick::Step;
use crate::triggers::has_slots;
use jiff::{SignedDuration, Timestamp};
use segue_engine::schedule::conditions::{ConditionError, Facts, all_hold};
use segue_engine::schedule::{Firing, Pending};
use segue_executor::NewExecution;
use segue_model::catalog::{RunBy, Service};
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_model::{Json, Map, parse_duration};
use segue_ports::schedule::Versioned;
use segue_ports::wire::{Find, Look, Looked, Message, SCHEDULERS_PROPERTIES, TaskRunMessage, WIRE_VERSION};
use segue_ports::{Outgoing, PortError, Topic};
use segue_template::LookupTable;
use std::borrow::Cow;

const DEFAULT_INTERVAL: SignedDuration = SignedDuration::from_secs(60);
const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_secs(1);
/// A look without a result is asked for again after this time. Only a lost message makes this necessary.
const LOST: SignedDuration = SignedDuration::from_hours(1);
/// The longest text of an error in the state of a trigger, in characters.
const LONGEST_ERROR: usize = 2_000;

/// The id of a look, and of the execution of its find. Several looks may be due at the same time, one after the find of
/// the other, so the number of finds is a part of the id.
fn look_id(key: &TriggerKey, due: Timestamp, finds: u64) -> ExecutionId {
    let (due, finds) = (due.to_string(), finds.to_string());
    ExecutionId::derive(&["look", &key.namespace, &key.flow_id, &key.trigger_id, &due, &finds])
}

fn interval(trigger: &Trigger) -> SignedDuration {
    let text = trigger.properties.get("interval").and_then(Json::as_str);
    let interval = text.and_then(|text| parse_duration(text).ok()).unwrap_or(DEFAULT_INTERVAL);
    interval.max(SHORTEST_INTERVAL)
}

fn after(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What a message about a trigger says to its service.
pub(crate) struct Asked<'a> {
    pub(crate) type_name: &'a str,
    /// The properties of the trigger as written in the flow.
    pub(crate) properties: Map,
    /// The values that the properties can read.
    pub(crate) context: Json,
    pub(crate) flow_revision: u32,
    pub(crate) log_level: Option<LogLevel>,
}

impl Scheduler {
    /// The service that looks for a trigger, or connects it to its source. None if the scheduler itself fires it.
    pub(crate) fn service_of(&self, trigger: &Trigger) -> Option<&'static str> {
        self.service_of_type(&trigger.type_name)
    }

    /// The service of a type of trigger.
    pub(crate) fn service_of_type(&self, type_name: &str) -> Option<&'static str> {
        match self.parts.catalog.trigger(type_name)?.run_by {
            RunBy::Service(Service::Named(service)) => Some(service),
            RunBy::Service(Service::ByRunner(_)) | RunBy::Flowable | RunBy::Inline => None,
        }
    }

    /// Whether ticks come for a trigger.
    pub(crate) fn is_ticked(&self, trigger: &Trigger) -> bool {
        has_slots(trigger) || self.service_of(trigger).is_some()
    }

    /// Asks the service to look. The message comes first: after an interruption, it is sent again with the same id.
    pub(crate) async fn ask_service(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        service: &'static str,
        read: Versioned<TriggerState>,
    ) -> Result<Step, PortError> {
        let Versioned { value: state, version } = read;
        let now = self.now();
        let mut memo = Memo::from_state(&state);
        let id = match memo.look.take() {
            Some(lost) => lost,
            None => look_id(&state.key, state.next_execution_date.unwrap_or(now), memo.finds),
        };
        let look = Look { key: state.key.clone(), memory: memo.memory.clone(), settle: None };
        self.send_look(flow, trigger, service, &id, look).await?;
        memo.look = Some(id);
        let asked = TriggerState {
            next_execution_date: Some(after(now, LOST)),
            memo: memo.json(),
            updated_date: now,
            ..state
        };
        match self.write(asked, version).await? {
            // The result comes as a message. The hourly sweep finds a look that was lost.
            Step::Again => Ok(Step::Idle),
            other => Ok(other),
        }
    }

    async fn send_look(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        service: &'static str,
        id: &ExecutionId,
        look: Look,
    ) -> Result<(), PortError> {
        let asked = Asked {
            type_name: &trigger.type_name,
            properties: trigger.properties.clone(),
            context: self.env(flow, trigger, &LookupTable::new(), id).context(&Map::new()),
            flow_revision: flow.revision,
            log_level: trigger.log_level,
        };
        self.send_to_service(asked, service, id, look).await
    }

    /// Sends a message about a trigger to its service.
    pub(crate) async fn send_to_service(
        &self,
        asked: Asked<'_>,
        service: &'static str,
        id: &ExecutionId,
        look: Look,
    ) -> Result<(), PortError> {
        let Asked { type_name, mut properties, context, flow_revision, log_level } = asked;
        properties.retain(|name, _| !SCHEDULERS_PROPERTIES.contains(&name.as_str()));
        let message = TaskRunMessage {
            version: WIRE_VERSION,
            execution_id: id.clone(),
            namespace: look.key.namespace.clone(),
            flow_id: look.key.flow_id.clone(),
            flow_revision,
            task_run_id: if look.settle.is_some() { "settle".into() } else { "trigger".into() },
            attempt: 0,
            task_id: look.key.trigger_id.clone(),
            task_type: type_name.to_owned(),
            properties,
            context,
            timeout: None,
            log_level,
            log_to_file: false,
            working_directory: None,
            dispatched_at: self.now(),
            resumed: None,
            held_before: false,
            look: Some(Box::new(look)),
        };
        let topic = Topic::Tasks(Cow::Borrowed(service));
        self.ports().bus.publish(vec![Outgoing { topic, message: Message::TaskRun(Box::new(message)) }]).await
    }

    /// A service has looked.
    pub(crate) async fn looked(&self, looked: Looked) -> Result<(), PortError> {
        let Looked { key, execution_id: id, found, log, is_recorded, .. } = looked;
        if let Err(error) = &found {
            tracing::warn!(trigger = %key, error, "the trigger could not look");
        }
        for _ in 0..MOST_CONFLICTS {
            let Some(Versioned { value: state, version }) = self.ports().state.trigger(&key).await? else {
                return Ok(());
            };
            let mut memo = Memo::from_state(&state);
            if memo.found.is_some() || !is_current(&state, &memo, &id) {
                return self.tick(&key).await;
            }
            let flow = self.flow(&key.namespace, &key.flow_id).await?;
            let Some(trigger) = flow.as_ref().and_then(|flow| flow.trigger(&key.trigger_id)) else {
                return self.tick(&key).await;
            };
            let now = self.now();
            let mut next = state.clone();
            memo.error = found.as_ref().err().map(|error| error.chars().take(LONGEST_ERROR).collect());
            match &found {
                Ok(find) if find.variables.is_some() => {
                    memo.look = Some(id.clone());
                    memo.found = Some(Found { find: find.clone(), log: log.clone() });
                    next.next_execution_date = state.next_execution_date.map(|_| now);
                }
                _ => {
                    let memory = found.as_ref().ok().and_then(|find| find.memory.clone());
                    memo.memory = memory.or(memo.memory);
                    memo.look = None;
                    next.date = Some(now);
                    let again = match found {
                        Ok(_) if self.is_realtime(trigger) => CONNECTED_AGAIN,
                        _ => interval(trigger),
                    };
                    next.next_execution_date = state.next_execution_date.map(|_| after(now, again));
                    if is_recorded {
                        // The claim of a look that takes something. Its execution will never exist.
                        self.ports().state.delete_execution(&id).await?;
                    }
                }
            }
            next.memo = memo.json();
            next.updated_date = now;
            match self.ports().state.put_trigger(&next, version).await {
                Ok(_) => return self.tick_moved(&key).await,
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PortError::unavailable(
            "state store",
            format!("trigger {key} is changed by other processes all the time"),
        ))
    }

    /// Creates the execution of a find, and asks the service to settle the find. Each step may be repeated.
    pub(crate) async fn fire_find(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        read: Versioned<TriggerState>,
        found: Found,
        allow_concurrent: bool,
    ) -> Result<Step, PortError> {
        let Versioned { value: state, version } = read;
        let now = self.now();
        let mut memo = Memo::from_state(&state);
        memo.found = None;
        memo.finds += 1;
        let Some(id) = memo.look.take() else {
            return self.write(TriggerState { memo: memo.json(), ..state }, version).await;
        };
        let Found { find, log } = found;
        let variables = find.variables.clone().unwrap_or_default();
        let mut next = TriggerState { date: Some(now), updated_date: now, ..state };
        next.next_execution_date = Some(after(now, interval(trigger)));
        match self.fire_look(flow, trigger, &id, variables).await? {
            Fired::Off => return Ok(Step::Idle),
            // The find counts as not seen, because the conditions may hold at another time.
            Fired::Passed => {}
            Fired::Made(execution) => {
                self.ports().state.append_logs(log).await?;
                self.settle_find(flow, trigger, &id, &find).await?;
                memo.memory = find.memory.or(memo.memory);
                if find.more {
                    next.next_execution_date = Some(now);
                }
                let open = !execution.state.current().is_terminal();
                next.execution_id = (open && !allow_concurrent).then_some(execution.id);
            }
        }
        next.memo = memo.json();
        self.write(next, version).await
    }

    async fn settle_find(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        id: &ExecutionId,
        find: &Find,
    ) -> Result<(), PortError> {
        let (Some(left), Some(service)) = (&find.settle, self.service_of(trigger)) else { return Ok(()) };
        let key = TriggerKey::new(&flow.namespace, &flow.id, &trigger.id);
        let look = Look { key, memory: None, settle: Some(left.clone()) };
        self.send_look(flow, trigger, service, id, look).await
    }

    /// Creates the execution of a find, or of a message. Doing this twice creates one execution.
    pub(crate) async fn fire_look(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        id: &ExecutionId,
        variables: Map,
    ) -> Result<Fired, PortError> {
        let rendered = self
            .with_answers(&flow.namespace, id, |table| {
                self.render_find(flow, trigger, id, &variables, table).ok()
            })
            .await?;
        let new = NewExecution {
            id: Some(id.clone()),
            namespace: flow.namespace.clone(),
            flow_id: flow.id.clone(),
            trigger: Some(ExecutionTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                variables,
                slot: None,
                backfill: None,
                parent: None,
            }),
            ..NewExecution::default()
        };
        match rendered {
            Ok(Some(firing)) => self.make(new, firing, &[]).await,
            Ok(None) => Ok(Fired::Passed),
            Err(why) => {
                let why = format!("the conditions of trigger '{}' cannot be evaluated: {why}", trigger.id);
                self.made(self.parts.executor.create_failed(new, &why).await)
            }
        }
    }

    /// The inputs and labels of a find. None if the conditions are false; an error if they cannot be evaluated.
    fn render_find(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        id: &ExecutionId,
        variables: &Map,
        table: &LookupTable,
    ) -> Result<Result<Option<Firing>, String>, Pending> {
        let env = self.env(flow, trigger, table, id);
        let scope = env.scope(variables);
        let facts = Facts {
            renderer: &self.parts.renderer,
            scope: &scope,
            namespace: &flow.namespace,
            flow_id: &flow.id,
            slot: None,
            execution: None,
        };
        match all_hold(&trigger.conditions, &facts) {
            Ok(true) => Ok(Ok(Some(env.firing(variables, &Map::new())?))),
            Ok(false) => Ok(Ok(None)),
            Err(ConditionError::Pending) => Err(Pending),
            Err(ConditionError::Failed(why)) => Ok(Err(why)),
        }
    }
}

/// Whether a result belongs to the look that the trigger waits for. The look may not be written into the state yet.
fn is_current(state: &TriggerState, memo: &Memo, id: &ExecutionId) -> bool {
    match &memo.look {
        Some(look) => look == id,
        None => state.next_execution_date.is_some_and(|due| look_id(&state.key, due, memo.finds) == *id),
    }
}
