//! `trigger.Toggle`.

use schemars::JsonSchema;
use segue_model::catalog::Catalog;
use segue_model::parse::parse_flow;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Enables or disables a trigger. The property `disabled` in the flow has precedence.
///
/// ```yaml
/// id: no_more_for_now
/// type: io.kestra.plugin.core.trigger.Toggle
/// trigger: every_morning
/// enabled: false
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Toggle {
    /// The trigger.
    pub trigger: String,
    /// The namespace of the trigger's flow. Default: the flow's own.
    pub namespace: Option<String>,
    /// The trigger's flow. Default: this flow.
    pub flow_id: Option<String>,
    /// Whether the trigger is enabled.
    #[serde(default)]
    pub enabled: bool,
}

/// The task has no outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {}

impl Task for Toggle {
    const TYPE: &'static str = "io.kestra.plugin.core.trigger.Toggle";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.trigger.Toggle"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (message, ports) = (context.message(), context.ports());
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let namespace = given(&self.namespace).unwrap_or_else(|| message.namespace.clone());
        let flow_id = given(&self.flow_id).unwrap_or_else(|| message.flow_id.clone());
        let flow = ports.state.flow(&namespace, &flow_id, None).await?.ok_or_else(|| {
            TaskError::failed(format!(
                "Unable to find flow {namespace}.{flow_id}: save it first, or check its name"
            ))
        })?;
        if !has_trigger(&flow.source, &self.trigger) {
            return Err(TaskError::failed(format!(
                "Unable to find trigger {} for the flow {namespace}.{flow_id}",
                self.trigger
            )));
        }
        let key = TriggerKey::new(namespace, flow_id, &self.trigger);
        let now = ports.clock.now();
        let found = ports.state.trigger(&key).await?;
        let (mut state, version) = match found {
            Some(found) => (found.value, found.version),
            // The scheduler has not seen the trigger yet. It computes the slots when it does.
            None => (
                TriggerState {
                    key,
                    date: None,
                    next_execution_date: None,
                    disabled: false,
                    execution_id: None,
                    definition: String::new(),
                    memo: serde_json::Value::Null,
                    updated_date: now,
                },
                0,
            ),
        };
        if version == 0 || state.disabled == self.enabled {
            state.disabled = !self.enabled;
            state.updated_date = now;
            // A change by another process in between is a conflict, after which the task is run again.
            ports.state.put_trigger(&state, version).await?;
        }
        context.info(format!("{} is {}", state.key, if self.enabled { "enabled" } else { "disabled" }));
        Ok(Output {})
    }
}

/// Whether a flow has a trigger. Only ids are compared, so that the types of its tasks need not be known.
fn has_trigger(source: &str, id: &str) -> bool {
    let parsed = parse_flow(source, &Catalog::new(Vec::new()));
    let flow = parsed.flow.or(parsed.draft);
    flow.is_some_and(|flow| flow.triggers.iter().any(|trigger| trigger.id == id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    const FLOW: &str = "id: flow\nnamespace: company.team\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    \
                        message: m\ntriggers:\n  - id: daily\n    type: io.kestra.plugin.core.trigger.Schedule\n    \
                        cron: \"@daily\"\n";

    #[tokio::test]
    async fn a_trigger_is_switched_off_and_on() {
        let platform = Platform::new();
        let state = &platform.ports.state;
        state.put_flow("company.team", "flow", FLOW, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        let key = TriggerKey::new("company.team", "flow", "daily");
        for (more, disabled) in [
            (json!({}), true),
            (json!({"enabled": true, "namespace": "company.team", "flowId": "flow"}), false),
            (json!({"enabled": "{{ 1 == 1 }}"}), false),
        ] {
            let mut task = json!({"type": Toggle::TYPE, "trigger": "daily"});
            task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            assert!(platform.run(task).await.outputs().is_empty());
            let found = state.trigger(&key).await.unwrap().unwrap();
            assert_eq!(found.value.disabled, disabled, "{more}");
        }
        let (before, now) = (state.trigger(&key).await.unwrap().unwrap(), jiff::Timestamp::UNIX_EPOCH);
        let kept =
            TriggerState { next_execution_date: Some(now), definition: "d".to_owned(), ..before.value };
        state.put_trigger(&kept, before.version).await.unwrap();
        platform.run(json!({"type": Toggle::TYPE, "trigger": "daily"})).await.outputs();
        let after = state.trigger(&key).await.unwrap().unwrap().value;
        assert_eq!(
            (after.next_execution_date, after.definition.as_str(), after.disabled),
            (Some(now), "d", true)
        );
    }

    #[tokio::test]
    async fn a_missing_trigger_or_flow_is_named() {
        let platform = Platform::new();
        let toggle = || platform.run(json!({"type": Toggle::TYPE, "trigger": "weekly"}));
        assert!(toggle().await.error().contains("Unable to find flow company.team.flow"));
        let state = &platform.ports.state;
        state.put_flow("company.team", "flow", FLOW, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(
            toggle().await.error().contains("Unable to find trigger weekly for the flow company.team.flow")
        );
    }
}
