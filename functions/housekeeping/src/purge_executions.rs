//! `execution.PurgeExecutions`.

use crate::dates::{instant, optional};
use schemars::JsonSchema;
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::state::ExecutionFilter;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The number of executions that are read at once.
const PAGE: u32 = 500;

/// Removes executions that have ended, with their logs, metrics and files.
///
/// ```yaml
/// id: purge
/// type: io.kestra.plugin.core.execution.PurgeExecutions
/// endDate: "{{ now() | dateAdd(-1, 'MONTHS') }}"
/// states: [SUCCESS, WARNING]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PurgeExecutions {
    /// This namespace and the namespaces below it. With `flowId`, only the flow's own namespace.
    pub namespace: Option<String>,
    /// The flow.
    pub flow_id: Option<String>,
    /// Started at this time or later.
    pub start_date: Option<String>,
    /// Started at this time or earlier.
    pub end_date: String,
    /// The states of the executions. Default: all final states.
    #[serde(default)]
    pub states: Vec<String>,
    /// Whether the executions are removed, with their task runs.
    #[serde(default = "yes")]
    pub purge_execution: bool,
    /// Whether their logs are removed.
    #[serde(default = "yes")]
    pub purge_log: bool,
    /// Whether their metrics are counted. Metrics are stored with the task runs and removed with them.
    #[serde(default = "yes")]
    pub purge_metric: bool,
    /// Whether their files are removed.
    #[serde(default = "yes")]
    pub purge_storage: bool,
    /// Accepted, and has no effect: the store decides the pace.
    pub batch_size: Option<u32>,
}

fn yes() -> bool {
    true
}

/// The outputs of the task.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The number of removed executions.
    pub executions_count: u64,
    /// The number of removed log lines.
    pub logs_count: u64,
    /// The number of removed files.
    pub storages_count: u64,
    /// The number of removed metrics.
    pub metrics_count: u64,
}

impl PurgeExecutions {
    fn filter(&self) -> Result<ExecutionFilter, TaskError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut states = crate::states(&self.states)?;
        if let Some(state) = states.iter().find(|state| !state.is_terminal()) {
            return Err(TaskError::failed(format!(
                "states has {}, but only executions that have ended can be purged",
                state.as_str()
            )));
        }
        if states.is_empty() {
            states = vec![
                State::Success,
                State::Warning,
                State::Failed,
                State::Killed,
                State::Cancelled,
                State::Skipped,
                State::Retried,
            ];
        }
        let (namespace, flow_id) = (given(&self.namespace), given(&self.flow_id));
        if flow_id.is_some() && namespace.is_none() {
            return Err(TaskError::failed("`namespace` must be set when `flowId` is"));
        }
        Ok(ExecutionFilter {
            exact_namespace: flow_id.is_some(),
            namespace,
            flow_id,
            states,
            start: optional("startDate", self.start_date.as_deref())?,
            end: Some(instant("endDate", &self.end_date)?),
            limit: PAGE,
            ..ExecutionFilter::default()
        })
    }

    async fn purge(
        &self,
        context: &TaskContext,
        execution: &Execution,
        output: &mut Output,
    ) -> Result<(), TaskError> {
        let (state, storage) = (&context.ports().state, context.storage());
        // The execution is removed last, so that an interrupted purge finds it again.
        if self.purge_storage {
            for (uri, _) in storage.list(&format!("{}/", execution.storage_prefix())).await? {
                output.storages_count += u64::from(storage.delete(&uri).await?);
            }
        }
        if self.purge_log {
            output.logs_count += state.delete_logs(&execution.id).await?;
        }
        if self.purge_execution {
            if self.purge_metric
                && let Some(stored) = state.execution(&execution.id).await?
            {
                let metrics = stored
                    .task_runs
                    .iter()
                    .filter_map(|(_, run)| run.memo.get("metrics").map(segue_model::metric::read));
                output.metrics_count += metrics.map(|metrics| metrics.len() as u64).sum::<u64>();
            }
            output.executions_count += u64::from(state.delete_execution(&execution.id).await?);
        }
        Ok(())
    }
}

impl Task for PurgeExecutions {
    const TYPE: &'static str = "io.kestra.plugin.core.execution.PurgeExecutions";
    const ALIASES: &'static [&'static str] =
        &["io.kestra.plugin.core.storage.Purge", "io.kestra.core.tasks.storages.Purge"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let mut filter = self.filter()?;
        let mut output = Output::default();
        loop {
            let page = context.ports().state.executions(&filter).await?;
            for execution in &page {
                self.purge(context, execution, &mut output).await?;
            }
            if page.len() < PAGE as usize {
                break;
            }
            if !self.purge_execution {
                filter.offset = filter.offset.saturating_add(PAGE);
            }
        }
        context.info(format!(
            "{} executions, {} log lines, {} files were removed",
            output.executions_count, output.logs_count, output.storages_count
        ));
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::log::LogLevel;
    use serde_json::{Value, json};

    async fn purge(platform: &Platform, more: Value) -> segue_task::testing::TestRun {
        let mut task = json!({"type": PurgeExecutions::TYPE, "endDate": "2024-01-31T00:00:00Z"});
        task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        platform.run(task).await
    }

    async fn platform() -> Platform {
        let platform = Platform::new();
        for (namespace, id, date, state) in [
            ("company.team", "old", "2024-01-01T00:00:00Z", State::Success),
            ("company.team", "failed", "2024-01-02T00:00:00Z", State::Failed),
            ("company.team", "running", "2024-01-03T00:00:00Z", State::Running),
            ("company.team.below", "deep", "2024-01-04T00:00:00Z", State::Success),
            ("company.team", "new", "2024-02-01T00:00:00Z", State::Success),
        ] {
            let execution = platform.execution(namespace, "flow", id, date, state).await;
            platform.log(id, Some("t"), LogLevel::Info, "line").await;
            platform.store(&format!("{}/tasks/t/x.csv", execution.storage_prefix()), b"x").await;
        }
        platform
    }

    #[tokio::test]
    async fn what_has_ended_in_time_goes() {
        let platform = platform().await;
        let outputs = purge(&platform, json!({})).await.outputs();
        let expected = json!({"executionsCount": 3, "logsCount": 3, "storagesCount": 3, "metricsCount": 0});
        assert_eq!(Value::Object(outputs), expected);
        assert_eq!(platform.left().await, ["new", "running"]);
        assert_eq!(purge(&platform, json!({})).await.outputs()["executionsCount"], 0);
    }

    #[tokio::test]
    async fn a_purge_can_be_narrowed() {
        let platform = platform().await;
        let one = json!({"namespace": "company.team", "flowId": "flow", "states": ["SUCCESS"],
            "purgeStorage": false});
        let outputs = purge(&platform, one).await.outputs();
        assert_eq!((&outputs["executionsCount"], &outputs["storagesCount"]), (&json!(1), &json!(0)));
        assert_eq!(platform.left().await, ["deep", "failed", "new", "running"]);
        let logs = purge(&platform, json!({"namespace": "company", "purgeExecution": false})).await.outputs();
        assert_eq!((&logs["executionsCount"], &logs["logsCount"]), (&json!(0), &json!(2)));
        assert_eq!(platform.left().await, ["deep", "failed", "new", "running"]);
        for (more, part) in [
            (json!({"flowId": "flow"}), "`namespace` must be set"),
            (json!({"states": ["RUNNING"]}), "only executions that have ended"),
            (json!({"endDate": "x"}), "endDate is 'x'"),
        ] {
            let error = purge(&platform, more).await.error();
            assert!(error.contains(part), "{error}");
        }
    }
}
