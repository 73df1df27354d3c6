//! The variables of a slot's execution: `trigger.date` and the neighbouring slots (docs/kestra.md 5.2).

use super::calendar::Calendar;
use super::conditions::{ConditionError, Facts, all_hold, date_only};
use super::dates::offset_text;
use crate::context::labels_value;
use jiff::Timestamp;
use segue_model::flow::Flow;
use segue_model::trigger::Trigger;
use segue_model::{Json, Map};
use segue_template::{Ambient, Lookups, Renderer, Scope};
use serde_json::json;
use std::sync::Arc;

/// The largest number of slots in the search for a neighbour that meets the conditions.
const MOST_NEIGHBOURS: usize = 20_000;
/// The longest time in the search for a neighbour: ten years.
const FARTHEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(10 * 366 * 24);

/// The environment in which conditions, inputs and labels of a trigger are rendered.
#[derive(Clone, Debug)]
pub struct TriggerEnv<'a> {
    /// Renders the expressions.
    pub renderer: &'a Renderer,
    /// The root variables that belong to the server.
    pub globals: &'a Map,
    /// Answers `kv()`, `secret()` and similar functions.
    pub lookups: Arc<dyn Lookups>,
    /// The time and the random seed.
    pub ambient: Ambient,
    /// The trigger's flow.
    pub flow: &'a Flow,
    /// The trigger.
    pub trigger: &'a Trigger,
}

impl TriggerEnv<'_> {
    /// A scope in which `trigger` has these variables, and also the trigger's id and type.
    pub fn scope(&self, variables: &Map) -> Scope {
        Scope::from_json(self.context(variables), self.lookups.clone(), self.ambient.clone())
    }

    /// The values in that scope.
    pub fn context(&self, variables: &Map) -> Json {
        let flow = self.flow;
        let mut context = self.globals.clone();
        context.insert(
            "flow".into(),
            json!({"id": flow.id, "namespace": flow.namespace, "revision": flow.revision, "tenantId": "main"}),
        );
        context.insert("vars".into(), Json::Object(flow.variables.clone()));
        context.insert("labels".into(), labels_value(&flow.labels));
        let mut trigger = variables.clone();
        for (key, value) in [("id", &self.trigger.id), ("type", &self.trigger.type_name)] {
            trigger.entry(key).or_insert_with(|| Json::String(value.clone()));
        }
        context.insert("schedule".into(), Json::Object(variables.clone()));
        context.insert("trigger".into(), Json::Object(trigger));
        Json::Object(context)
    }

    /// Whether the trigger's conditions are true at a slot.
    ///
    /// # Errors
    /// [`ConditionError`].
    pub fn holds_at(&self, calendar: &Calendar, slot: Timestamp) -> Result<bool, ConditionError> {
        if self.trigger.conditions.is_empty() {
            return Ok(true);
        }
        let scope = self.scope(&date_only(slot, calendar.zone()));
        let facts = Facts {
            renderer: self.renderer,
            scope: &scope,
            namespace: &self.flow.namespace,
            flow_id: &self.flow.id,
            slot: Some((slot, calendar.zone())),
            execution: None,
        };
        all_hold(&self.trigger.conditions, &facts)
    }

    /// The variables `date`, `next` and `previous` of a slot, as texts in the trigger's zone. If the trigger has
    /// conditions, the neighbours meet them. A neighbour that is more than ten years or 20,000 slots away is absent.
    ///
    /// # Errors
    /// [`ConditionError::Pending`]. If the conditions fail for a neighbour, the neighbour is absent.
    pub fn variables(&self, calendar: &Calendar, slot: Timestamp) -> Result<Map, ConditionError> {
        let mut variables = date_only(slot, calendar.zone());
        for (key, step) in NEIGHBOURS {
            if let Some(neighbour) = self.neighbour(calendar, slot, step)? {
                variables.insert(key.into(), Json::String(offset_text(neighbour, calendar.zone())));
            }
        }
        Ok(variables)
    }

    fn neighbour(
        &self,
        calendar: &Calendar,
        slot: Timestamp,
        step: Step,
    ) -> Result<Option<Timestamp>, ConditionError> {
        let walk = std::iter::successors(step(calendar, slot), |one| step(calendar, *one));
        for one in walk.take(MOST_NEIGHBOURS) {
            if one.duration_since(slot).abs() > FARTHEST {
                break;
            }
            match self.holds_at(calendar, one) {
                Ok(true) => return Ok(Some(one)),
                Ok(false) => {}
                Err(ConditionError::Pending) => return Err(ConditionError::Pending),
                Err(ConditionError::Failed(_)) => return Ok(None),
            }
        }
        Ok(None)
    }
}

type Step = fn(&Calendar, Timestamp) -> Option<Timestamp>;

const NEIGHBOURS: [(&str, Step); 2] = [("next", Calendar::next), ("previous", Calendar::previous)];

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use segue_template::LookupTable;

    fn variables_of(conditions: Json, cron: &str, zone: &str, slot: &str) -> Json {
        let source = format!(
            "id: f\nnamespace: n\ntasks: [{{id: a, type: io.kestra.plugin.core.log.Log, message: x}}]\ntriggers: \
             [{{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '{cron}', conditions: {conditions}}}]\n"
        );
        let catalog = segue_model::catalog::Catalog::new(crate::inline::inline_types());
        let flow = segue_model::parse_flow(&source, &catalog).flow.unwrap();
        let env = TriggerEnv {
            renderer: &Renderer::new(),
            globals: &Map::new(),
            lookups: Arc::new(LookupTable::new()),
            ambient: Ambient { now: Timestamp::UNIX_EPOCH, seed: 0, time_zone: TimeZone::UTC },
            flow: &flow,
            trigger: flow.trigger("t").unwrap(),
        };
        let calendar = Calendar::of_cron(cron, false, Some(zone)).unwrap();
        Json::Object(env.variables(&calendar, slot.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_slot_knows_its_neighbours() {
        assert_eq!(
            variables_of(json!([]), "0 10 * * *", "Europe/Paris", "2024-03-31T08:00:00Z"),
            json!({
                "date": "2024-03-31T10:00:00+02:00",
                "next": "2024-04-01T10:00:00+02:00",
                "previous": "2024-03-30T10:00:00+01:00",
            })
        );
    }

    #[test]
    fn with_conditions_neighbours_satisfy_them() {
        let mondays = json!([{"type": "io.kestra.plugin.core.condition.DayWeek", "dayOfWeek": "MONDAY"}]);
        assert_eq!(
            variables_of(mondays, "0 10 * * *", "UTC", "2024-06-03T10:00:00Z"),
            json!({
                "date": "2024-06-03T10:00:00Z",
                "next": "2024-06-10T10:00:00Z",
                "previous": "2024-05-27T10:00:00Z",
            })
        );
        let after = json!([{
            "type": "io.kestra.plugin.core.condition.DateTimeBetween", "after": "2024-06-01T00:00:00Z"
        }]);
        assert_eq!(
            variables_of(after, "0 10 * * *", "UTC", "2024-06-01T10:00:00Z"),
            json!({"date": "2024-06-01T10:00:00Z", "next": "2024-06-02T10:00:00Z"})
        );
    }
}
