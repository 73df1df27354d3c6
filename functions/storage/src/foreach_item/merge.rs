//! `<id>_merge`: the outputs of the subflows of a ForEachItem, in one file.

use schemars::JsonSchema;
use segue_model::id::ExecutionId;
use segue_task::{Task, TaskContext, TaskError};
use segue_template::ion;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Writes the declared outputs of subflows to a file, one record for each subflow, in the order of the
/// pieces.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Merge {
    /// The executions of the subflows, in the order of the pieces. The engine sets this property.
    #[serde(default)]
    pub executions: Vec<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The file. None if no subflow declares outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subflow_outputs: Option<String>,
}

impl Task for Merge {
    const TYPE: &'static str = "io.segue.foreachitem.Merge";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let mut text = String::new();
        for id in &self.executions {
            let stored = context.ports().state.execution(&ExecutionId::from(id.as_str())).await?;
            if let Some(outputs) = stored.and_then(|stored| stored.execution.outputs) {
                text.push_str(&ion::to_string(&Value::Object(outputs)));
                text.push('\n');
            }
        }
        if text.is_empty() {
            return Ok(Output { subflow_outputs: None });
        }
        let uri = context.storage().put_text(&context.storage_path("outputs.ion"), text).await?;
        Ok(Output { subflow_outputs: Some(uri) })
    }
}
