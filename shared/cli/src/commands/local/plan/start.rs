//! What a schedule would start: its `trigger.*`, and its inputs and labels.

use super::world::Known;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_engine::schedule::{Firing, NamedSlot, Pending, TriggerEnv, schedule_calendar};
use segue_model::Map;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::label::Label;
use segue_simulation::Outside as _;
use segue_template::{Ambient, LookupTable, Renderer};
use std::sync::Arc;

/// The type of the triggers that have slots to name.
const SCHEDULE: &str = "io.kestra.plugin.core.trigger.Schedule";

/// The flow that is started, and how its expressions are rendered.
pub(super) struct Start<'a> {
    pub(super) flow: &'a Flow,
    pub(super) renderer: &'a Renderer,
    pub(super) globals: &'a Map,
    pub(super) now: Timestamp,
}

/// What the schedule gives to the execution.
#[derive(Debug, Default)]
pub(super) struct Started {
    pub(super) trigger: Option<ExecutionTrigger>,
    pub(super) inputs: Map,
    pub(super) labels: Vec<Label>,
}

impl Start<'_> {
    /// The start by a schedule of the flow, as `segue execution run` starts it: the named one or the first one, at the
    /// named slot or the latest one. The inner error says why there is no such schedule or slot.
    ///
    /// # Errors
    /// An error if an answer for the inputs of the trigger cannot be fetched.
    pub(super) async fn at(
        &self,
        trigger: Option<&str>,
        slot: Option<NamedSlot>,
        known: &Known,
    ) -> anyhow::Result<Result<Started, String>> {
        let flow = self.flow;
        let mut schedules = flow.triggers.iter().filter(|trigger| trigger.type_name == SCHEDULE);
        let found = match trigger {
            Some(id) => schedules.find(|trigger| trigger.id == id),
            None => schedules.next(),
        };
        let Some(trigger) = found else {
            let which = trigger.map(|id| format!(" '{id}'")).unwrap_or_default();
            return Ok(Err(format!("there is no Schedule{which} in flow {}.{}", flow.namespace, flow.id)));
        };
        let calendar = match schedule_calendar(trigger) {
            Ok(calendar) => calendar,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let date = match slot {
            Some(slot) => slot.resolve(&calendar, &trigger.id),
            None => calendar
                .last_until(self.now)
                .ok_or_else(|| format!("the Schedule '{}' has no slot before now", trigger.id)),
        };
        let date = match date {
            Ok(date) => date,
            Err(why) => return Ok(Err(why)),
        };
        let table = LookupTable::new();
        let env = TriggerEnv {
            renderer: self.renderer,
            globals: self.globals,
            lookups: Arc::new(table.clone()),
            ambient: Ambient { now: self.now, seed: 0, time_zone: TimeZone::UTC },
            flow,
            trigger,
        };
        let (variables, Firing { inputs, labels, .. }) = loop {
            let fired = env.variables(&calendar, date).map_err(|_| Pending);
            let fired = fired.and_then(|variables| Ok((env.firing(&variables, &Map::new())?, variables)));
            if let Ok((firing, variables)) = fired {
                break (variables, firing);
            }
            let questions: Vec<_> =
                table.take_pending().into_iter().map(|lookup| (flow.namespace.clone(), lookup)).collect();
            anyhow::ensure!(
                !questions.is_empty(),
                "the conditions of trigger '{}' cannot be checked",
                trigger.id
            );
            known.fetch(questions.clone()).await?;
            for (namespace, lookup) in questions {
                table.insert(lookup.clone(), known.answer(&namespace, &lookup));
            }
        };
        Ok(inputs.map(|inputs| Started {
            trigger: Some(ExecutionTrigger {
                id: trigger.id.clone(),
                type_name: trigger.type_name.clone(),
                variables,
                slot: Some(date),
                backfill: None,
                parent: None,
            }),
            inputs,
            labels,
        }))
    }
}
