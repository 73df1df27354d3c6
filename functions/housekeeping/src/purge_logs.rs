//! `log.PurgeLogs`.

use crate::purge_executions::PurgeExecutions;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes the logs of executions that have ended. The executions stay.
///
/// ```yaml
/// id: purge
/// type: io.kestra.plugin.core.log.PurgeLogs
/// endDate: "{{ now() | dateAdd(-1, 'MONTHS') }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PurgeLogs {
    /// This namespace and the namespaces below it. With `flowId`, only the flow's own namespace.
    namespace: Option<String>,
    /// The flow.
    flow_id: Option<String>,
    /// Of executions that started at this time or later.
    start_date: Option<String>,
    /// Of executions that started at this time or earlier.
    end_date: String,
    /// Levels. Logs are removed whole, so a list of levels is refused.
    #[serde(default)]
    log_levels: Vec<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The number of removed log lines.
    count: u64,
}

impl Task for PurgeLogs {
    const TYPE: &'static str = "io.kestra.plugin.core.log.PurgeLogs";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if !self.log_levels.is_empty() {
            return Err(TaskError::failed(
                "logLevels is refused, because the log of an execution is removed as a whole: leave the property out",
            ));
        }
        let purge = PurgeExecutions {
            namespace: self.namespace,
            flow_id: self.flow_id,
            start_date: self.start_date,
            end_date: self.end_date,
            states: Vec::new(),
            purge_execution: false,
            purge_log: true,
            purge_metric: false,
            purge_storage: false,
            batch_size: None,
        };
        Ok(Output { count: purge.run(context).await?.logs_count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::log::LogLevel;
    use segue_model::state::State;
    use serde_json::json;

    #[tokio::test]
    async fn logs_go_and_executions_stay() {
        let platform = Platform::new();
        for (id, date, state) in [
            ("old", "2024-01-01T00:00:00Z", State::Success),
            ("running", "2024-01-02T00:00:00Z", State::Running),
            ("new", "2024-02-01T00:00:00Z", State::Success),
        ] {
            platform.execution("company.team", "flow", id, date, state).await;
            platform.log(id, Some("t"), LogLevel::Info, "line").await;
        }
        let task = json!({"type": PurgeLogs::TYPE, "endDate": "2024-01-31T00:00:00Z"});
        assert_eq!(platform.run(task.clone()).await.outputs()["count"], 1);
        assert_eq!(platform.run(task.clone()).await.outputs()["count"], 0);
        assert_eq!(platform.left().await, ["new", "old", "running"]);
        let mut levels = task;
        levels["logLevels"] = json!(["DEBUG"]);
        assert!(platform.run(levels).await.error().contains("logLevels is refused"));
    }
}
