//! `execution.Count`.

use crate::dates::{instant, optional};
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::state::ExecutionFilter;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Counts the executions of flows and of namespaces, and returns the counts for which an expression is true.
///
/// ```yaml
/// id: silent_flows
/// type: io.kestra.plugin.core.execution.Count
/// flows:
///   - namespace: company.team
///     flowId: ingest
/// startDate: "{{ now() | dateAdd(-1, 'DAYS') }}"
/// expression: "{{ count == 0 }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// Flows, each counted separately. Set this, `namespaces`, or both.
    #[serde(alias = "executions")]
    pub flows: Option<Vec<Flow>>,
    /// Namespaces, each counted as a whole, without the namespaces below it.
    pub namespaces: Option<Vec<String>>,
    /// The states to count. Default: all states.
    #[serde(default)]
    pub states: Vec<String>,
    /// Started at this time or later.
    pub start_date: String,
    /// Started at this time or earlier. Default: now.
    pub end_date: Option<String>,
    /// Rendered for each count with the variable `count`. The count is returned if the result is `true`.
    pub expression: String,
}

/// A flow to count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    pub flow_id: String,
}

/// One count.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// The namespace.
    pub namespace: String,
    /// The flow. None for a namespace as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The number of executions.
    pub count: u64,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The returned counts.
    pub results: Vec<Counted>,
    /// Their sum.
    pub total: u64,
}

impl Task for Count {
    const TYPE: &'static str = "io.kestra.plugin.core.execution.Count";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.executions.Counts"];
    const RAW: &'static [&'static str] = &["expression"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.flows.is_none() && self.namespaces.is_none() {
            return Err(TaskError::failed("You must provide a list of flows or namespaces."));
        }
        let now = context.ports().clock.now();
        let all = ExecutionFilter {
            exact_namespace: true,
            states: crate::states(&self.states)?,
            start: Some(instant("startDate", &self.start_date)?),
            end: Some(optional("endDate", self.end_date.as_deref())?.unwrap_or(now)),
            ..ExecutionFilter::default()
        };
        let flows = self.flows.into_iter().flatten().map(|flow| (flow.namespace, Some(flow.flow_id)));
        let namespaces = self.namespaces.into_iter().flatten().map(|namespace| (namespace, None));
        let mut results = Vec::new();
        for (namespace, flow_id) in flows.chain(namespaces) {
            let filter = ExecutionFilter {
                namespace: Some(namespace.clone()),
                flow_id: flow_id.clone(),
                ..all.clone()
            };
            let count = context.ports().state.count_executions(&filter).await?;
            let variables = Map::from_iter([("count".to_owned(), Json::from(count))]);
            if context.render_with(&self.expression, variables).await? == "true" {
                results.push(Counted { namespace, flow_id, count });
            }
        }
        context.debug(format!("{} counts match the expression", results.len()));
        let total = results.iter().map(|counted| counted.count).sum();
        Ok(Output { results, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::state::State;
    use serde_json::json;

    async fn platform() -> Platform {
        let platform = Platform::new();
        for (namespace, flow, id, state) in [
            ("company.team", "a", "1", State::Success),
            ("company.team", "a", "2", State::Failed),
            ("company.team", "b", "3", State::Success),
            ("company.team.below", "a", "4", State::Success),
        ] {
            platform.execution(namespace, flow, id, "2024-01-01T00:00:00Z", state).await;
        }
        platform
    }

    #[tokio::test]
    async fn each_flow_and_namespace_has_a_count() {
        let platform = platform().await;
        let count = |more: Json| {
            let mut task =
                json!({"type": Count::TYPE, "startDate": "2023-12-31", "expression": "{{ true }}"});
            task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            platform.run(task)
        };
        let flow = |id: &str| json!({"namespace": "company.team", "flowId": id});
        let outputs = count(json!({"flows": [flow("a"), flow("none")]})).await.outputs();
        assert_eq!(
            outputs["results"],
            json!([{"namespace": "company.team", "flowId": "a", "count": 2},
                   {"namespace": "company.team", "flowId": "none", "count": 0}])
        );
        assert_eq!(outputs["total"], 2);
        let outputs = count(json!({"flows": [flow("a"), flow("none")], "expression": "{{ count == 0 }}"}));
        assert_eq!(outputs.await.outputs()["results"][0]["flowId"], "none");
        let outputs = count(json!({"namespaces": ["company.team"], "states": ["SUCCESS"]})).await.outputs();
        assert_eq!(outputs["results"], json!([{"namespace": "company.team", "count": 2}]));
        let early = count(json!({"flows": [flow("a")], "endDate": "2023-12-31T12:00:00Z"})).await.outputs();
        assert_eq!(early["total"], 0);
        assert!(count(json!({})).await.error().contains("list of flows or namespaces"));
        let state = count(json!({"flows": [], "states": ["DONE"]})).await.error();
        assert!(state.contains("'DONE' is not a state"), "{state}");
    }
}
