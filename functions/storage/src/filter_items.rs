//! `storage.FilterItems`.

use crate::deduplicate_items::variables;
use crate::draft::{Draft, extension};
use schemars::JsonSchema;
use segue_task::records::Records;
use segue_task::{Task, TaskContext, TaskError};
use segue_template::is_truthy;
use serde::{Deserialize, Serialize};

/// Keeps the rows for which a condition is true, or those for which it is false.
///
/// ```yaml
/// id: adults
/// type: io.kestra.plugin.core.storage.FilterItems
/// from: "{{ outputs.query.uri }}"
/// filterCondition: "{{ age >= 18 }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilterItems {
    /// A file of rows: ION, or JSON lines.
    pub from: String,
    /// The condition. The fields of a row are variables.
    pub filter_condition: String,
    /// Which rows are kept.
    #[serde(default)]
    pub filter_type: FilterType,
    /// What happens to a row if the condition fails or has no result.
    #[serde(default)]
    pub error_or_null_behavior: ErrorOrNull,
}

/// Which rows are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum FilterType {
    /// Rows for which the condition is true.
    #[default]
    Include,
    /// Rows for which the condition is false.
    Exclude,
}

/// What happens to a row if the condition fails or has no result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ErrorOrNull {
    /// The task fails.
    #[default]
    Fail,
    /// The row is kept.
    Include,
    /// The row is left out.
    Exclude,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The new file.
    pub uri: String,
    /// The number of rows read.
    pub processed_items_total: u64,
    /// The number of rows left out.
    pub dropped_items_total: u64,
}

impl FilterItems {
    async fn keeps(&self, context: &TaskContext, row: segue_model::Json) -> Result<bool, TaskError> {
        let shown = row.to_string();
        let why = match context.render_with(&self.filter_condition, variables(row)).await {
            Ok(text) if !text.trim().is_empty() => {
                return Ok(is_truthy(text.trim()) == (self.filter_type == FilterType::Include));
            }
            Ok(_) => "it has no result".to_owned(),
            Err(TaskError::Failed { message, .. }) => message,
            Err(other) => return Err(other),
        };
        match self.error_or_null_behavior {
            ErrorOrNull::Include => Ok(true),
            ErrorOrNull::Exclude => Ok(false),
            ErrorOrNull::Fail => Err(TaskError::failed(format!(
                "filterCondition has no result for the row {shown}: {why}; set errorOrNullBehavior to include or \
                 exclude such rows"
            ))),
        }
    }
}

impl Task for FilterItems {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.FilterItems";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.FilterItems"];
    const RAW: &'static [&'static str] = &["filterCondition"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let mut draft = Draft::create(context, format!("filtered{}", extension(&self.from))).await?;
        let mut records = Records::open(context, &self.from, "\n").await?;
        let (mut read, mut dropped) = (0_u64, 0_u64);
        while let Some((record, row)) = records.next_row().await? {
            read += 1;
            if self.keeps(context, row).await? {
                draft.record(&record, "\n").await?;
            } else {
                dropped += 1;
            }
        }
        let uri = draft.finish(context).await?;
        context.info(format!("{read} rows, {dropped} left out"));
        Ok(Output { uri, processed_items_total: read, dropped_items_total: dropped })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use segue_task::testing::TestRun;
    use serde_json::{Value, json};

    async fn filter(platform: &Platform, rows: &str, more: Value) -> TestRun {
        let from = platform.store("e/x.ion", rows.as_bytes()).await;
        let mut task = json!({"type": "io.kestra.plugin.core.storage.FilterItems", "from": from,
            "filterCondition": "{{ age >= 18 }}"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        platform.run(task).await
    }

    const ROWS: &str = "{age:17}\n{\"age\": 18}\n{age:40}\n";

    #[tokio::test]
    async fn rows_are_kept_or_left_out() {
        let platform = Platform::new();
        let outputs = filter(&platform, ROWS, json!({})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"{\"age\": 18}\n{age:40}\n");
        assert_eq!((&outputs["processedItemsTotal"], &outputs["droppedItemsTotal"]), (&json!(3), &json!(1)));
        let outputs = filter(&platform, ROWS, json!({"filterType": "EXCLUDE"})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"{age:17}\n");
    }

    #[tokio::test]
    async fn rows_that_cannot_be_decided_are_as_asked_for() {
        let platform = Platform::new();
        let rows = "{age:17}\n{name:\"x\"}\n";
        let error = filter(&platform, rows, json!({})).await.error();
        assert!(error.contains("\"x\"") && error.contains("errorOrNullBehavior"), "{error}");
        let outputs = filter(&platform, rows, json!({"errorOrNullBehavior": "INCLUDE"})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"{name:\"x\"}\n");
        let outputs = filter(&platform, rows, json!({"errorOrNullBehavior": "EXCLUDE"})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"");
    }
}
