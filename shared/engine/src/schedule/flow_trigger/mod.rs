//! Decides which executions fire a Flow trigger (docs/kestra.md 5.5). A trigger with only `states` and `conditions`
//! needs one execution. A trigger with `preconditions` (or the older MultipleCondition) may need several executions
//! within a time window.
//!
//! What it must not know: where windows are stored between two executions. They are an argument and a result.

mod parts;
mod window;

pub use window::{TimeWindow, Window, Windows};

use super::conditions::{ConditionError, Facts, all_hold, has_state, name};
use jiff::Timestamp;
use parts::Part;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::trigger::Trigger;
use segue_model::{Json, Map};
use serde_json::json;

/// A parsed Flow trigger.
#[derive(Clone, Debug)]
pub struct FlowTrigger {
    states: Option<Vec<State>>,
    conditions: Vec<Json>,
    preconditions: Vec<Precondition>,
}

/// A set of parts. All parts must be met within a time window.
#[derive(Clone, Debug)]
struct Precondition {
    id: String,
    window: TimeWindow,
    reset_on_success: bool,
    parts: Vec<(String, Part)>,
}

/// The effect of an execution on a Flow trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The windows after the execution.
    pub windows: Windows,
    /// Whether the trigger fires.
    pub fires: bool,
    /// The causes, in order: the events in the windows, or this event.
    pub causes: Vec<String>,
}

impl FlowTrigger {
    /// Parses a Flow trigger.
    ///
    /// # Errors
    /// The problem in its preconditions.
    pub fn from_trigger(trigger: &Trigger) -> Result<Self, String> {
        let named =
            |list: &Vec<Json>| list.iter().filter_map(Json::as_str).filter_map(State::parse).collect();
        let states = trigger.properties.get("states").and_then(Json::as_array).map(named);
        let (multiple, conditions) =
            trigger.conditions.iter().cloned().partition(|one| name(one) == "MultipleCondition");
        let multiple: Vec<Json> = multiple;
        let own = trigger.properties.get("preconditions").filter(|own| !own.is_null());
        let preconditions = own
            .map(Precondition::from_json)
            .into_iter()
            .chain(multiple.iter().map(Precondition::of_multiple))
            .collect::<Result<_, _>>()
            .map_err(|why| format!("trigger '{}': {why}", trigger.id))?;
        Ok(Self { states, conditions, preconditions })
    }

    /// Whether the trigger considers executions in this state. Without `states`, it considers every final state. PAUSED
    /// counts only if `states` has it.
    pub fn looks_at(&self, state: State) -> bool {
        match &self.states {
            Some(states) => states.contains(&state),
            None => state.is_terminal(),
        }
    }

    /// The effect of an execution on the trigger. `event` names the change of state at `date`. If the same event comes
    /// again, it changes nothing.
    ///
    /// # Errors
    /// [`ConditionError`].
    pub fn matched(
        &self,
        facts: &Facts<'_>,
        windows: &Windows,
        event: &str,
        date: Timestamp,
    ) -> Result<Matched, ConditionError> {
        let mut matched = Matched { windows: windows.clone(), fires: false, causes: Vec::new() };
        let Some((execution, _)) = facts.execution else { return Ok(matched) };
        if !self.looks_at(execution.state.current()) || !all_hold(&self.conditions, facts)? {
            return Ok(matched);
        }
        if self.preconditions.is_empty() {
            matched.fires = true;
            matched.causes.push(event.to_owned());
            return Ok(matched);
        }
        let mut met = Vec::new();
        for precondition in &self.preconditions {
            met.push(precondition.met_by(facts)?);
        }
        if met.iter().all(Vec::is_empty) {
            return Ok(matched);
        }
        let mut complete = true;
        for (precondition, met) in self.preconditions.iter().zip(met) {
            let window = matched.windows.entry(precondition.id.clone()).or_default();
            let known = !met.is_empty() && window.has_seen(event);
            if known {
                return Ok(Matched { windows: windows.clone(), fires: false, causes: Vec::new() });
            }
            window.take(&precondition.window, &met, event, date);
            let all = precondition.parts.iter().all(|(key, _)| window.has(key, date));
            complete &= all;
        }
        if !complete {
            return Ok(matched);
        }
        matched.fires = true;
        for precondition in &self.preconditions {
            if let Some(window) = matched.windows.get_mut(&precondition.id) {
                matched.causes.extend(window.causes());
                if precondition.reset_on_success {
                    window.reset();
                } else if !matched.causes.iter().any(|cause| cause == event) {
                    matched.causes.push(event.to_owned());
                }
            }
        }
        matched.causes.sort_unstable();
        matched.causes.dedup();
        Ok(matched)
    }
}

impl Precondition {
    fn from_json(own: &Json) -> Result<Self, String> {
        let id = own.get("id").and_then(Json::as_str).ok_or("its preconditions have no id")?;
        let list = |key: &str| own.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let flows =
            list("flows").iter().enumerate().map(|(n, one)| (format!("flows[{n}]"), Part::Flow(one.clone())));
        let wheres = list("where")
            .iter()
            .enumerate()
            .map(|(n, one)| (format!("where[{n}]"), Part::Where(one.clone())));
        let parts: Vec<_> = flows.chain(wheres).collect();
        if parts.is_empty() {
            return Err(format!("the preconditions '{id}' name no 'flows' and no 'where'"));
        }
        Ok(Self {
            id: id.to_owned(),
            window: TimeWindow::from_json(own.get("timeWindow").unwrap_or(&Json::Null))?,
            reset_on_success: own.get("resetOnSuccess") != Some(&Json::Bool(false)),
            parts,
        })
    }

    fn of_multiple(condition: &Json) -> Result<Self, String> {
        let id = condition.get("id").and_then(Json::as_str).ok_or("its MultipleCondition has no id")?;
        let conditions = condition.get("conditions").and_then(Json::as_object);
        let parts: Vec<_> = conditions
            .into_iter()
            .flatten()
            .map(|(key, one)| (key.clone(), Part::Condition(one.clone())))
            .collect();
        if parts.is_empty() {
            return Err(format!("the MultipleCondition '{id}' has no conditions"));
        }
        let window = ["timeWindow", "sla"].iter().find_map(|key| condition.get(*key)).cloned();
        let window = window.unwrap_or_else(
            || json!({"window": condition.get("window"), "windowAdvance": condition.get("windowAdvance")}),
        );
        Ok(Self {
            id: id.to_owned(),
            window: TimeWindow::from_json(&window)?,
            reset_on_success: condition.get("resetOnSuccess") != Some(&Json::Bool(false)),
            parts,
        })
    }

    /// The parts that the execution meets.
    fn met_by(&self, facts: &Facts<'_>) -> Result<Vec<&str>, ConditionError> {
        let mut met = Vec::new();
        for (key, part) in &self.parts {
            if part.is_met(facts)? {
                met.push(key.as_str());
            }
        }
        Ok(met)
    }
}

/// The values of `trigger` in an execution that a Flow trigger started.
pub fn variables(execution: &segue_model::execution::Execution, state: State) -> Map {
    let mut variables = Map::new();
    let id: &ExecutionId = &execution.id;
    for (key, value) in [
        ("executionId", json!(id)),
        ("namespace", json!(execution.namespace)),
        ("flowId", json!(execution.flow_id)),
        ("flowRevision", json!(execution.flow_revision)),
        ("state", json!(state)),
        ("outputs", json!(execution.outputs.clone().unwrap_or_default())),
        ("executionLabels", crate::context::labels_value(&execution.labels)),
    ] {
        variables.insert(key.to_owned(), value);
    }
    variables
}

/// Whether the property `key` of a part allows a state. If the property is absent, every state is allowed.
fn admits(part: &Json, key: &str, state: State) -> bool {
    part.get(key).and_then(Json::as_array).is_none_or(|list| has_state(list, state))
}

#[cfg(test)]
mod tests;
