//! The parts of preconditions: the end of a flow, a filter on executions, or a condition with a name.

use super::admits;
use crate::schedule::conditions::{ConditionError, Facts, holds};
use fancy_regex::Regex;
use segue_model::Json;
use segue_model::execution::Execution;

/// A part, as written in the flow.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// An entry of `flows`.
    Flow(Json),
    /// An entry of `where`.
    Where(Json),
    /// A condition of a MultipleCondition.
    Condition(Json),
}

impl Part {
    /// Whether the execution of the facts meets the part.
    pub(super) fn is_met(&self, facts: &Facts<'_>) -> Result<bool, ConditionError> {
        let Some((execution, _)) = facts.execution else { return Ok(false) };
        match self {
            Self::Condition(condition) => holds(condition, facts),
            Self::Flow(part) => is_flow(part, execution),
            Self::Where(part) => {
                let filters =
                    part.get("filters").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                let any = part.get("operand").and_then(Json::as_str) == Some("OR");
                for filter in filters {
                    if is_so(filter, facts, execution)? == any {
                        return Ok(any);
                    }
                }
                Ok(!any && !filters.is_empty())
            }
        }
    }
}

fn is_flow(part: &Json, execution: &Execution) -> Result<bool, ConditionError> {
    let text = |key: &str| part.get(key).and_then(Json::as_str);
    let labels = segue_model::label::from_any(part.get("labels").cloned().unwrap_or_default());
    let labels =
        labels.map_err(|error| ConditionError::Failed(format!("labels of a precondition: {error}")))?;
    Ok(text("namespace").is_none_or(|namespace| namespace == execution.namespace)
        && text("flowId").is_none_or(|flow| flow == execution.flow_id)
        && admits(part, "states", execution.state.current())
        && labels.iter().all(|label| execution.labels.contains(label)))
}

/// Whether a filter is true for an execution.
fn is_so(filter: &Json, facts: &Facts<'_>, execution: &Execution) -> Result<bool, ConditionError> {
    let text = |key: &str| filter.get(key).and_then(Json::as_str).unwrap_or_default();
    let list = |key: &str| filter.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let wanted = match filter.get("value") {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let (actual, wanted) = match text("field") {
        "FLOW_ID" => (execution.flow_id.clone(), wanted),
        "NAMESPACE" => (execution.namespace.clone(), wanted),
        "STATE" => (execution.state.current().as_str().to_owned(), wanted),
        "EXPRESSION" => (facts.renderer.render(&wanted, facts.scope)?, String::new()),
        other => {
            return Err(ConditionError::Failed(format!(
                "a filter of a precondition has the unknown field '{other}': use \
                 FLOW_ID, NAMESPACE, STATE or EXPRESSION"
            )));
        }
    };
    let is_in = || list("values").iter().filter_map(Json::as_str).any(|one| one == actual);
    let is_true = || !actual.trim().is_empty() && actual.trim() != "false";
    Ok(match text("type") {
        "EQUAL_TO" => actual == wanted,
        "NOT_EQUAL_TO" => actual != wanted,
        "IN" => is_in(),
        "NOT_IN" => !is_in(),
        "IS_TRUE" => is_true(),
        "IS_FALSE" => !is_true(),
        "IS_NULL" => actual.is_empty(),
        "IS_NOT_NULL" => !actual.is_empty(),
        "STARTS_WITH" => actual.starts_with(&wanted),
        "ENDS_WITH" => actual.ends_with(&wanted),
        "CONTAINS" => actual.contains(&wanted),
        "REGEX" => {
            Regex::new(&format!("^(?:{wanted})$")).and_then(|pattern| pattern.is_match(&actual)).map_err(
                |error| ConditionError::Failed(format!("the pattern '{wanted}' of a precondition: {error}")),
            )?
        }
        other => {
            return Err(ConditionError::Failed(format!(
                "a filter of a precondition has the unknown type '{other}'"
            )));
        }
    })
}
