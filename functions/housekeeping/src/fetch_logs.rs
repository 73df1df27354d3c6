//! `log.Fetch`.

use schemars::JsonSchema;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_task::{Task, TaskContext, TaskError, ion};
use serde::{Deserialize, Serialize};

/// Writes the log of an execution to a file of rows.
///
/// ```yaml
/// id: errors
/// type: io.kestra.plugin.core.log.Fetch
/// level: ERROR
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    /// The execution. Default: this one.
    pub execution_id: Option<String>,
    /// The namespace of the execution's flow, if it is another flow. Requires `flowId`.
    pub namespace: Option<String>,
    /// The execution's flow, if it is another flow. Requires `namespace`.
    pub flow_id: Option<String>,
    /// The tasks with the lines, one task after the other. Default: all tasks.
    #[serde(default)]
    pub tasks_id: Vec<String>,
    /// The lowest level of the lines. Default: INFO.
    pub level: Option<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The number of lines.
    pub size: u64,
    /// The file.
    pub uri: String,
}

impl Fetch {
    /// The id of the execution.
    async fn execution(&self, context: &TaskContext) -> Result<ExecutionId, TaskError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (namespace, flow) = (given(&self.namespace), given(&self.flow_id));
        let Some(id) = given(&self.execution_id) else {
            if namespace.is_some() || flow.is_some() {
                return Err(TaskError::failed("`executionId` must be set when `namespace` or `flowId` is"));
            }
            return Ok(context.message().execution_id.clone());
        };
        if namespace.is_some() != flow.is_some() {
            return Err(TaskError::failed(
                "Both `namespace` and `flowId` must be set when `executionId` is set",
            ));
        }
        let id = ExecutionId::from(id.as_str());
        let of = &context.message();
        let (namespace, flow) =
            (namespace.unwrap_or_else(|| of.namespace.clone()), flow.unwrap_or_else(|| of.flow_id.clone()));
        let found = context.ports().state.execution(&id).await?;
        if found.is_some_and(|one| one.execution.namespace == namespace && one.execution.flow_id == flow) {
            return Ok(id);
        }
        Err(TaskError::failed(format!("the flow {namespace}.{flow} has no execution {id}")))
    }
}

impl Task for Fetch {
    const TYPE: &'static str = "io.kestra.plugin.core.log.Fetch";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.log.Fetch"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let level = match self.level.as_deref() {
            None => LogLevel::Info,
            Some(level) => LogLevel::parse(level).ok_or_else(|| {
                TaskError::failed(format!(
                    "level is '{level}', which is not a level; write TRACE, DEBUG, INFO, WARN or ERROR"
                ))
            })?,
        };
        let execution = self.execution(context).await?;
        let mut lines = context.ports().state.logs(&execution, level, 0).await?;
        if !self.tasks_id.is_empty() {
            let place = |task: &Option<String>| self.tasks_id.iter().position(|id| Some(id) == task.as_ref());
            lines.retain(|line| place(&line.task_id).is_some());
            lines.sort_by_key(|line| place(&line.task_id));
        }
        let mut text = String::new();
        for line in &lines {
            let row = serde_json::to_value(line).map_err(|error| {
                TaskError::failed(format!("a log line cannot be written as JSON: {error}"))
            })?;
            text.push_str(&ion::to_string(&row));
            text.push('\n');
        }
        let uri = context.storage().put_text(&context.storage_path("logs.ion"), text).await?;
        Ok(Output { size: lines.len() as u64, uri })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::state::State;
    use serde_json::json;

    #[tokio::test]
    async fn lines_are_found_by_level_and_task() {
        let platform = Platform::new();
        platform.log("execution1", Some("one"), LogLevel::Info, "first").await;
        platform.log("execution1", Some("two"), LogLevel::Error, "second").await;
        platform.log("execution1", Some("one"), LogLevel::Debug, "third").await;
        platform.log("execution1", None, LogLevel::Info, "flow").await;
        platform.execution("other", "flow", "execution2", "2024-01-01T00:00:00Z", State::Success).await;
        platform.log("execution2", Some("one"), LogLevel::Info, "else").await;
        for (more, expected) in [
            (json!({}), vec!["first", "second", "flow"]),
            (json!({"level": "error"}), vec!["second"]),
            (json!({"level": "TRACE", "tasksId": ["two", "one"]}), vec!["second", "first", "third"]),
            (json!({"executionId": "execution2", "namespace": "other", "flowId": "flow"}), vec!["else"]),
        ] {
            let mut task = json!({"type": Fetch::TYPE});
            task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let outputs = platform.run(task).await.outputs();
            let text = String::from_utf8(platform.stored(outputs["uri"].as_str().unwrap()).await).unwrap();
            let rows = ion::parse_all(&text).unwrap();
            let messages: Vec<_> = rows.iter().map(|row| row["message"].as_str().unwrap()).collect();
            assert_eq!(messages, expected, "{more}");
            assert_eq!(outputs["size"], expected.len());
        }
    }

    #[tokio::test]
    async fn another_execution_must_be_of_the_flow_it_is_said_to_be_of() {
        let platform = Platform::new();
        platform.execution("other", "flow", "execution2", "2024-01-01T00:00:00Z", State::Success).await;
        for (more, part) in [
            (json!({"executionId": "execution2"}), "company.team.flow has no execution execution2"),
            (json!({"executionId": "execution2", "flowId": "flow"}), "Both `namespace` and `flowId`"),
            (json!({"flowId": "flow"}), "`executionId` must be set"),
            (json!({"level": "LOUD"}), "level is 'LOUD'"),
        ] {
            let mut task = json!({"type": Fetch::TYPE});
            task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let error = platform.run(task).await.error();
            assert!(error.contains(part), "{error}");
        }
    }
}
