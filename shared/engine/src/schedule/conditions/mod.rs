//! The conditions of triggers (docs/kestra.md 5.6). A list of conditions is true if all conditions are true.
//!
//! `PublicHoliday` needs a calendar of every country and region for every year. Segue has no such calendar, so this
//! condition is an error.
//!
//! How to add one more: an arm in [`holds`], and its properties in the model's table.

mod time;

use super::dates::offset_text;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{RenderError, Renderer, Scope};
use thiserror::Error;
use time::Moment;

/// The facts that conditions are evaluated on.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Renders expressions.
    pub renderer: &'a Renderer,
    /// The variables of expressions.
    pub scope: &'a Scope,
    /// The namespace of the trigger's flow.
    pub namespace: &'a str,
    /// The trigger's flow.
    pub flow_id: &'a str,
    /// The slot in its zone. None if the trigger is not a schedule.
    pub slot: Option<(Timestamp, &'a TimeZone)>,
    /// The execution that may fire the trigger, with its task runs. None for a schedule.
    pub execution: Option<(&'a Execution, &'a [TaskRun])>,
}

/// Why a condition cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConditionError {
    /// An expression needs an answer that has not been fetched yet.
    #[error("a condition needs an answer that has not been fetched yet: fetch it and ask again")]
    Pending,
    /// The condition cannot be evaluated. The text says why.
    #[error("{0}")]
    Failed(String),
}

impl From<RenderError> for ConditionError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Pending => Self::Pending,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The short name of a condition: `DayWeek`.
pub(super) fn name(condition: &Json) -> &str {
    let full = condition.get("type").and_then(Json::as_str).unwrap_or_default();
    full.rsplit('.').next().unwrap_or(full)
}

/// Whether every condition is true.
///
/// # Errors
/// [`ConditionError`]. After a false condition, the other conditions are not evaluated.
pub fn all_hold(conditions: &[Json], facts: &Facts<'_>) -> Result<bool, ConditionError> {
    for condition in conditions {
        if !holds(condition, facts)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a condition is true.
///
/// # Errors
/// [`ConditionError`].
pub fn holds(condition: &Json, facts: &Facts<'_>) -> Result<bool, ConditionError> {
    let own = Own { condition, facts };
    match name(condition) {
        "DateTimeBetween" => own.date_time_between(),
        "DayWeek" => Ok(own.moment()?.is_on(&own.text("dayOfWeek")?)),
        "DayWeekInMonth" => own.day_week_in_month(),
        "Weekend" => Ok(own.moment()?.is_on_a_weekend()),
        "TimeBetween" => own.time_between(),
        "PublicHoliday" => Err(own.failed(
            "it is not supported: Segue has no calendar of public holidays; \
             name the days with DateTimeBetween, or with an Expression over trigger.date",
        )),
        "Expression" => {
            let text = own.text("expression")?;
            Ok(!text.trim().is_empty() && text.trim() != "false")
        }
        "Not" => own.inner()?.iter().try_fold(true, |all, one| Ok(all && !holds(one, facts)?)),
        "Or" => own.inner()?.iter().try_fold(false, |any, one| Ok(any || holds(one, facts)?)),
        "ExecutionFlow" => {
            let execution = own.execution()?;
            Ok(own.is("namespace", &execution.namespace) && own.is("flowId", &execution.flow_id))
        }
        "ExecutionNamespace" => own.execution_namespace(),
        "ExecutionStatus" => {
            let state = own.execution()?.state.current();
            Ok(own.admits(state))
        }
        "ExecutionLabels" => {
            let wanted = segue_model::label::from_any(own.get("labels").clone());
            let wanted = wanted.map_err(|error| own.failed(&error.to_string()))?;
            let labels = &own.execution()?.labels;
            Ok(wanted.iter().all(|label| labels.contains(label)))
        }
        "ExecutionOutputs" => {
            if own.execution()?.outputs.as_ref().is_none_or(Map::is_empty) {
                return Ok(false);
            }
            let text = own.text("expression")?;
            Ok(!text.trim().is_empty() && text.trim() != "false")
        }
        "HasRetryAttempt" => {
            own.execution()?;
            let runs = facts.execution.map(|(_, runs)| runs).unwrap_or_default();
            let retried = runs.iter().filter(|run| run.attempts.len() > 1);
            let mut attempts = retried.flat_map(|run| &run.attempts);
            Ok(attempts.any(|attempt| own.admits(attempt.state.current())))
        }
        "FlowCondition" => Ok(own.is("namespace", facts.namespace) && own.is("flowId", facts.flow_id)),
        "FlowNamespaceCondition" => {
            let wanted = own.plain("namespace");
            Ok(if own.get("prefix") == &Json::Bool(true) {
                facts.namespace.starts_with(wanted)
            } else {
                facts.namespace == wanted
            })
        }
        "MultipleCondition" => Err(own.failed("put it directly into the 'conditions' of a Flow trigger")),
        _ => Err(own.failed("this condition does not exist")),
    }
}

/// A condition with its facts.
struct Own<'a> {
    condition: &'a Json,
    facts: &'a Facts<'a>,
}

impl<'a> Own<'a> {
    fn failed(&self, why: &str) -> ConditionError {
        ConditionError::Failed(format!("condition {}: {why}", name(self.condition)))
    }

    fn get(&self, key: &str) -> &'a Json {
        self.condition.get(key).unwrap_or(&Json::Null)
    }

    /// The text of a property without rendering.
    fn plain(&self, key: &str) -> &'a str {
        self.get(key).as_str().unwrap_or_default()
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.plain(key) == value
    }

    /// A rendered property. None if it is absent or blank.
    fn optional(&self, key: &str) -> Result<Option<String>, ConditionError> {
        let text = match self.get(key) {
            Json::Null => return Ok(None),
            Json::String(text) => self.facts.renderer.render(text, self.facts.scope)?,
            other => other.to_string(),
        };
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// A rendered property. Empty if it is absent.
    fn text(&self, key: &str) -> Result<String, ConditionError> {
        Ok(self.optional(key)?.unwrap_or_default())
    }

    fn inner(&self) -> Result<&'a Vec<Json>, ConditionError> {
        self.get("conditions").as_array().ok_or_else(|| self.failed("its 'conditions' are not a list"))
    }

    fn execution(&self) -> Result<&'a Execution, ConditionError> {
        let found = self.facts.execution.map(|(execution, _)| execution);
        found.ok_or_else(|| self.failed("it needs an execution, but no execution fires this trigger"))
    }

    /// Whether `in` and `notIn` allow a state.
    fn admits(&self, state: State) -> bool {
        let list = |key: &str| self.get(key).as_array().map(|list| has_state(list, state));
        list("in").unwrap_or(true) && !list("notIn").unwrap_or(false)
    }

    fn execution_namespace(&self) -> Result<bool, ConditionError> {
        let (found, wanted) = (&self.execution()?.namespace, self.plain("namespace"));
        let default = if self.get("prefix") == &Json::Bool(true) { "PREFIX" } else { "EQUALS" };
        Ok(match self.get("comparison").as_str().unwrap_or(default) {
            "PREFIX" => found.starts_with(wanted),
            "SUFFIX" => found.ends_with(wanted),
            _ => found == wanted,
        })
    }

    /// The property `date`. The default is the slot.
    fn moment(&self) -> Result<Moment, ConditionError> {
        match (self.optional("date")?, self.facts.slot) {
            (Some(text), _) => Moment::read(&text).map_err(|why| self.failed(&why)),
            (None, Some((slot, zone))) => Ok(Moment::from_instant(slot, zone)),
            (None, None) => {
                Err(self.failed("neither the condition nor the trigger has a 'date': add 'date'"))
            }
        }
    }

    fn date_time_between(&self) -> Result<bool, ConditionError> {
        let date = self.moment()?;
        let bound = |key: &str| -> Result<Option<Moment>, ConditionError> {
            let text = self.optional(key)?;
            text.map(|text| Moment::read(&text).map_err(|why| self.failed(&why))).transpose()
        };
        let (after, before) = (bound("after")?, bound("before")?);
        if after.is_none() && before.is_none() {
            return Err(self.failed("it needs 'after', 'before' or both"));
        }
        Ok(after.is_none_or(|after| date.instant() > after.instant())
            && before.is_none_or(|before| date.instant() < before.instant()))
    }

    fn time_between(&self) -> Result<bool, ConditionError> {
        let time = self.moment()?.time();
        let bound = |key: &str| -> Result<Option<i64>, ConditionError> {
            let text = self.optional(key)?;
            text.map(|text| time::offset_time(&text).map_err(|why| self.failed(&why))).transpose()
        };
        let (after, before) = (bound("after")?, bound("before")?);
        if after.is_none() && before.is_none() {
            return Err(self.failed("it needs 'after', 'before' or both"));
        }
        Ok(after.is_none_or(|after| time > after) && before.is_none_or(|before| time < before))
    }

    fn day_week_in_month(&self) -> Result<bool, ConditionError> {
        let day = self.moment()?;
        Ok(day.is_on(&self.text("dayOfWeek")?) && day.is_the(&self.text("dayInMonth")?))
    }
}

/// Whether a list of names has a state.
pub(super) fn has_state(list: &[Json], state: State) -> bool {
    list.iter().filter_map(Json::as_str).any(|name| State::parse(name) == Some(state))
}

/// A map with only `trigger.date`, for a slot that is checked before its other variables are known.
pub(super) fn date_only(slot: Timestamp, zone: &TimeZone) -> Map {
    let mut map = Map::new();
    map.insert("date".to_owned(), Json::String(offset_text(slot, zone)));
    map
}

#[cfg(test)]
mod tests;
