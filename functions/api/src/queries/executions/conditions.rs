//! Whether an execution meets a condition of a search that the store does not answer.

use crate::error::{Answer, ApiError};
use crate::request::{Condition, Op, Query};
use jiff::Timestamp;
use segue_model::execution::{Execution, ExecutionKind};

/// The two scopes: the flows of users, and the flows of the system itself.
pub(crate) const SCOPES: &[&str] = &["USER", "SYSTEM"];

/// The kinds of executions. No execution of Segue is a LOOP: the rounds of a loop are a part of their execution.
pub(crate) const KINDS: &[&str] = &["NORMAL", "TEST", "PLAYGROUND", "LOOP"];

/// The kind of an execution.
pub(crate) fn kind_of(execution: &Execution) -> &'static str {
    execution.kind.unwrap_or(ExecutionKind::Normal).as_str()
}

/// The condition of the older parameter `scope`. None if the parameter is absent or names both scopes.
pub(crate) fn scopes(query: &Query) -> Answer<Option<Condition>> {
    let mut named = Vec::new();
    for scope in query.all("scope").flat_map(|text| text.split(',')).filter(|text| !text.is_empty()) {
        let upper = scope.to_ascii_uppercase();
        if !SCOPES.contains(&upper.as_str()) {
            return Err(ApiError::argument(format!("scope is '{scope}': USER or SYSTEM is expected")));
        }
        if !named.contains(&upper) {
            named.push(upper);
        }
    }
    Ok(match &named[..] {
        [only] => {
            Some(Condition { field: "scope".to_owned(), op: Op::Equals, key: None, value: only.clone() })
        }
        _ => None,
    })
}

/// Whether a namespace is in the scopes of a condition.
pub(crate) fn in_scope(condition: &Condition, namespace: &str) -> Answer<bool> {
    let is_system = namespace == "system" || namespace.starts_with("system.");
    condition.holds_for(if is_system { "SYSTEM" } else { "USER" })
}

/// The key and the value of a label.
pub(super) fn with_key(condition: &Condition) -> Answer<(String, String)> {
    let (key, value) = condition.label()?;
    Ok((key.to_owned(), value.value))
}

/// Whether an execution meets a condition.
pub(super) fn meets(condition: &Condition, execution: &Execution, now: Timestamp) -> Answer<bool> {
    let trigger = execution.trigger.as_ref();
    let start = execution.state.start_date();
    match condition.field.as_str() {
        "q" => Ok(condition.finds(&format!("{}.{}", execution.namespace, execution.flow_id))?
            || execution.id.as_str() == condition.value.trim()),
        "id" => condition.holds_for(execution.id.as_str()),
        "namespace" => condition.holds_for(&execution.namespace),
        "flowId" => condition.holds_for(&execution.flow_id),
        "flowRevision" => condition.holds_for_number(Some(execution.flow_revision.into())),
        "startDate" | "endDate" => condition.holds_for_date(Some(start)),
        "timeRange" => Ok(now.checked_sub(condition.range()?).is_ok_and(|from| start >= from)),
        "state" => Ok(condition.states()?.contains(&execution.state.current())),
        "labels" => condition.holds_for_labels(|key| {
            execution.labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
        }),
        "parentId" => condition.holds_for_maybe(execution.parent_id.as_ref().map(|id| id.as_str())),
        "triggerExecutionId" => {
            let starter = trigger.and_then(|trigger| trigger.variables.get("executionId"));
            let starter = starter.and_then(segue_model::Json::as_str);
            condition.holds_for_maybe(starter)
        }
        "triggerId" => condition.holds_for_maybe(trigger.map(|trigger| trigger.id.as_str())),
        "childFilter" => {
            let is_child = trigger.is_some_and(|trigger| trigger.parent.is_some());
            condition.holds_for(if is_child { "CHILD" } else { "MAIN" })
        }
        "kind" => condition.holds_for(kind_of(execution)),
        "scope" => in_scope(condition, &execution.namespace),
        _ => Err(condition.unusable()),
    }
}
