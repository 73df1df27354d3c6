//! Makes an execution from a slot: conditions, variables, inputs, labels (docs/kestra.md 5.1, 5.2).

use crate::scheduler::Scheduler;
use crate::triggers::ON_DATES;
use jiff::Timestamp;
use segue_engine::schedule::conditions::ConditionError;
use segue_engine::schedule::{Calendar, Firing};
use segue_executor::{CreateError, NewExecution};
use segue_model::Map;
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::label::{Label, set_labels};
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;

/// The id of the execution of a schedule's slot.
pub(crate) fn slot_id(key: &TriggerKey, slot: Timestamp) -> ExecutionId {
    ExecutionId::derive(&["schedule", &key.namespace, &key.flow_id, &key.trigger_id, &slot.to_string()])
}

/// Values for a slot's execution in addition to those of its trigger.
pub(crate) struct Extra<'a> {
    /// Its id.
    pub(crate) id: ExecutionId,
    /// The backfill it belongs to. None for the schedule itself.
    pub(crate) backfill: Option<&'a str>,
    /// Inputs that replace the trigger's inputs.
    pub(crate) inputs: &'a Map,
    /// Labels to add to the trigger's labels.
    pub(crate) labels: &'a [Label],
}

/// The result of firing a slot.
pub(crate) enum Fired {
    /// The slot's conditions, or the flow's checks, refused the execution.
    Passed,
    /// There is an execution. If it ended at once, its log has the reason.
    Made(Box<Execution>),
    /// The flow is disabled or deleted. The slot is not handled.
    Off,
}

/// The rendered conditions, inputs and labels of a slot.
struct Rendered {
    holds: Result<bool, String>,
    variables: Map,
    firing: Option<Firing>,
}

impl Scheduler {
    /// Creates the execution of a slot. Doing this twice creates one execution.
    pub(crate) async fn fire(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        calendar: &Calendar,
        slot: Timestamp,
        extra: Extra<'_>,
    ) -> Result<Fired, PortError> {
        let rendered = self
            .with_answers(&flow.namespace, &extra.id, |table| {
                self.render_slot(flow, trigger, calendar, slot, &extra, table)
            })
            .await?;
        let on_dates = trigger.type_name == ON_DATES;
        let mut new = NewExecution {
            id: Some(extra.id),
            namespace: flow.namespace.clone(),
            flow_id: flow.id.clone(),
            trigger: Some(ExecutionTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                variables: rendered.variables,
                slot: Some(slot),
                backfill: extra.backfill.map(str::to_owned),
                parent: None,
            }),
            schedule_date: on_dates.then_some(slot),
            ..NewExecution::default()
        };
        if extra.backfill.is_some() {
            new.labels.push(Label::new("backfill", "true"));
        }
        let firing = match (rendered.holds, rendered.firing) {
            (Ok(true), Some(firing)) => firing,
            (Ok(_), _) => return Ok(Fired::Passed),
            (Err(why), _) => {
                new.labels.extend_from_slice(extra.labels);
                let why = format!("the conditions of trigger '{}' cannot be evaluated: {why}", trigger.id);
                return self.made(self.parts.executor.create_failed(new, &why).await);
            }
        };
        self.make(new, firing, extra.labels).await
    }

    /// Creates an execution with the trigger's values. A refused execution ends FAILED at once.
    pub(crate) async fn make(
        &self,
        mut new: NewExecution,
        firing: Firing,
        labels: &[Label],
    ) -> Result<Fired, PortError> {
        for warning in &firing.warnings {
            tracing::warn!(flow = %format!("{}.{}", new.namespace, new.flow_id), "{warning}");
        }
        let mut all = firing.labels;
        set_labels(&mut all, new.labels.iter().chain(labels).cloned().collect());
        new.labels = all;
        match firing.inputs {
            Ok(inputs) => {
                new.inputs = inputs;
                match self.parts.executor.create(new.clone()).await {
                    Err(error @ CreateError::Inputs(_)) => {
                        let why = format!("the trigger's inputs are refused: {error}");
                        self.made(self.parts.executor.create_failed(new, &why).await)
                    }
                    other => self.made(other),
                }
            }
            Err(why) => self.made(self.parts.executor.create_failed(new, &why).await),
        }
    }

    pub(crate) fn made(&self, created: Result<Execution, CreateError>) -> Result<Fired, PortError> {
        match created {
            Ok(execution) => Ok(Fired::Made(Box::new(execution))),
            Err(CreateError::Disabled(_) | CreateError::Port(PortError::NotFound { .. })) => Ok(Fired::Off),
            Err(CreateError::Port(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "a trigger's execution was not created");
                Ok(Fired::Passed)
            }
        }
    }

    /// None while an answer is missing.
    fn render_slot(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        calendar: &Calendar,
        slot: Timestamp,
        extra: &Extra<'_>,
        table: &segue_template::LookupTable,
    ) -> Option<Rendered> {
        let env = self.env(flow, trigger, table, &extra.id);
        // ScheduleOnDates has no conditions, and its executions have no `trigger.date`.
        let on_dates = trigger.type_name == ON_DATES;
        let holds = if on_dates { Ok(true) } else { env.holds_at(calendar, slot) };
        let holds = match holds {
            Err(ConditionError::Pending) => return None,
            Err(ConditionError::Failed(why)) => Err(why),
            Ok(holds) => Ok(holds),
        };
        if holds == Ok(false) {
            return Some(Rendered { holds, variables: Map::new(), firing: None });
        }
        let variables = if on_dates { Map::new() } else { env.variables(calendar, slot).ok()? };
        let firing = env.firing(&variables, extra.inputs).ok()?;
        Some(Rendered { holds, variables, firing: Some(firing) })
    }
}
