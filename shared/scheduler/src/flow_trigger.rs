//! Flow triggers: an execution that has ended or is paused is checked against the triggers of all other flows
//! (docs/kestra.md 5.5).

use crate::fire::Fired;
use crate::listeners::Listener;
use crate::memo::Memo;
use crate::scheduler::{MOST_CONFLICTS, Scheduler};
use jiff::Timestamp;
use segue_engine::schedule::conditions::{ConditionError, Facts};
use segue_engine::schedule::flow_trigger::{Matched, Windows, variables};
use segue_executor::NewExecution;
use segue_model::Map;
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::id::ExecutionId;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::TaskRun;
use segue_model::trigger::Trigger;
use segue_ports::PortError;

/// The label that links executions. An execution that another one starts inherits it.
const CORRELATION: &str = "system.correlationId";

/// An execution at the time it entered the announced state.
struct Seen<'a> {
    execution: Execution,
    task_runs: &'a [TaskRun],
    state: State,
    date: Timestamp,
    /// Distinguishes this change of state from others.
    event: String,
}

impl Scheduler {
    /// Checks an execution against the Flow triggers.
    pub(crate) async fn ask_listeners(
        &self,
        execution: &Execution,
        task_runs: &[TaskRun],
        state: State,
    ) -> Result<(), PortError> {
        let listening = self.listening().await?;
        let asked = |listener: &&Listener| {
            let own = (&listener.key.namespace, &listener.key.flow_id);
            own != (&execution.namespace, &execution.flow_id) && listener.trigger.looks_at(state)
        };
        let asked: Vec<_> = listening.iter().filter(asked).collect();
        if asked.is_empty() || !self.is_enabled(execution).await? {
            return Ok(());
        }
        let Some(seen) = seen(execution, task_runs, state) else { return Ok(()) };
        for listener in asked {
            let Some(trigger) = listener.flow.trigger(&listener.key.trigger_id) else { continue };
            if let Err(error) = self.ask(listener, trigger, &seen).await {
                if error.is_transient() {
                    return Err(error);
                }
                tracing::error!(trigger = %listener.key, %error, "the trigger does not fire");
            }
        }
        Ok(())
    }

    /// Whether the flow of an execution still exists and is enabled.
    async fn is_enabled(&self, execution: &Execution) -> Result<bool, PortError> {
        match self.flow(&execution.namespace, &execution.flow_id).await {
            Ok(flow) => Ok(flow.is_some_and(|flow| !flow.disabled)),
            Err(error) if error.is_transient() => Err(error),
            Err(_) => Ok(false),
        }
    }

    async fn ask(&self, listener: &Listener, trigger: &Trigger, seen: &Seen<'_>) -> Result<(), PortError> {
        let key = &listener.key;
        let _turn = self.listeners.turn.lock().await;
        for _ in 0..MOST_CONFLICTS {
            let Some(state) = self.ports().state.trigger(key).await? else {
                self.sync_trigger(&listener.flow, trigger).await?;
                continue;
            };
            if state.value.disabled {
                return Ok(());
            }
            let mut memo = Memo::from_state(&state.value);
            let matched = match self.matched(listener, trigger, seen, &memo.windows).await? {
                Ok(matched) => matched,
                Err(why) => {
                    tracing::warn!(trigger = %key, "its conditions cannot be evaluated, so it does not fire: {why}");
                    return Ok(());
                }
            };
            if matched.fires {
                self.fire_flow(listener, trigger, seen, &matched.causes).await?;
            }
            if matched.windows == memo.windows {
                return Ok(());
            }
            memo.windows = matched.windows;
            let mut changed = state.value;
            changed.memo = memo.json();
            changed.updated_date = self.now();
            match self.ports().state.put_trigger(&changed, state.version).await {
                Ok(_) => return Ok(()),
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PortError::unavailable(
            "state store",
            format!("trigger {key} is changed by other processes all the time"),
        ))
    }

    async fn matched(
        &self,
        listener: &Listener,
        trigger: &Trigger,
        seen: &Seen<'_>,
        windows: &Windows,
    ) -> Result<Result<Matched, String>, PortError> {
        let id = ExecutionId::derive(&["flow-trigger", &listener.key.to_string(), &seen.event]);
        let shown = variables(&seen.execution, seen.state);
        self.with_answers(&listener.key.namespace, &id, |table| {
            let scope = self.env(&listener.flow, trigger, table, &id).scope(&shown);
            let facts = Facts {
                renderer: &self.parts.renderer,
                scope: &scope,
                namespace: &listener.key.namespace,
                flow_id: &listener.key.flow_id,
                slot: None,
                execution: Some((&seen.execution, seen.task_runs)),
            };
            match listener.trigger.matched(&facts, windows, &seen.event, seen.date) {
                Err(ConditionError::Pending) => None,
                Err(ConditionError::Failed(why)) => Some(Err(why)),
                Ok(matched) => Some(Ok(matched)),
            }
        })
        .await
    }

    async fn fire_flow(
        &self,
        listener: &Listener,
        trigger: &Trigger,
        seen: &Seen<'_>,
        causes: &[String],
    ) -> Result<(), PortError> {
        let key = &listener.key;
        let mut parts = vec!["flow-trigger", &key.namespace, &key.flow_id, &key.trigger_id];
        parts.extend(causes.iter().map(String::as_str));
        let id = ExecutionId::derive(&parts);
        let shown = variables(&seen.execution, seen.state);
        let firing = self
            .with_answers(&key.namespace, &id, |table| {
                self.env(&listener.flow, trigger, table, &id).firing(&shown, &Map::new()).ok()
            })
            .await?;
        if let Err(why) = &firing.inputs {
            tracing::warn!(trigger = %key, "it does not fire: {why}");
            return Ok(());
        }
        let inherited = seen.execution.labels.iter().filter(|label| label.key == CORRELATION);
        let new = NewExecution {
            id: Some(id),
            namespace: key.namespace.clone(),
            flow_id: key.flow_id.clone(),
            labels: inherited.cloned().collect(),
            trigger: Some(ExecutionTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                variables: shown,
                slot: None,
                backfill: None,
                parent: None,
            }),
            ..NewExecution::default()
        };
        if let Fired::Made(execution) = self.make(new, firing, &[]).await? {
            tracing::debug!(trigger = %key, execution = %execution.id, "a Flow trigger has fired");
        }
        Ok(())
    }
}

/// The execution at the time it last entered a state. None if it never did.
fn seen<'a>(execution: &Execution, task_runs: &'a [TaskRun], state: State) -> Option<Seen<'a>> {
    let histories = execution.state.histories();
    let last = histories.iter().rposition(|change| change.state == state)?;
    let mut changes = histories.iter().take(last + 1);
    let first = changes.next()?;
    let mut history = StateHistory::new(first.state, first.date);
    changes.for_each(|change| history.enter(change.state, change.date));
    let date = histories.get(last)?.date;
    let event = format!("{}@{date}", execution.id);
    Some(Seen { execution: Execution { state: history, ..execution.clone() }, task_runs, state, date, event })
}
