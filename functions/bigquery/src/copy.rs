//! `bigquery.Copy`.

use crate::connection::Connection;
use crate::disposition::{CreateDisposition, WriteDisposition};
use crate::job::{job, run};
use crate::sql::{shown, table_name, table_reference};
use schemars::JsonSchema;
use segue_ports::warehouse::QueryJob;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Copies the rows of tables into another one.
///
/// ```yaml
/// id: copy
/// type: io.kestra.plugin.gcp.bigquery.Copy
/// sourceTables:
///   - zoomcamp.green
/// destinationTable: zoomcamp.green_copy
/// writeDisposition: WRITE_TRUNCATE
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The tables, with the same columns.
    pub source_tables: Vec<String>,
    /// The table for the rows.
    pub destination_table: String,
    /// COPY (default), CLONE, SNAPSHOT or RESTORE. Here, each of them copies.
    pub operation_type: Option<String>,
    /// What happens to existing rows. Default: a table with rows is refused.
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created.
    pub create_disposition: Option<CreateDisposition>,
    /// Accepted, and has no effect; see the common `timeout`.
    pub job_timeout: Option<String>,
    /// Labels of the job.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether the job is only checked.
    #[serde(default)]
    pub dry_run: bool,
}

/// The outputs of the task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The job's id.
    pub job_id: String,
}

impl Task for Copy {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.Copy";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        if self.source_tables.is_empty() {
            return Err(TaskError::failed("sourceTables names no tables; write dataset.table"));
        }
        let mut selects = Vec::new();
        for name in &self.source_tables {
            selects.push(format!("SELECT * FROM {}", table_name(&table_reference("sourceTables", name)?)?));
        }
        let destination = table_reference("destinationTable", &self.destination_table)?;
        let job = QueryJob {
            destination_table: Some(shown(&destination)),
            write_disposition: self.write_disposition.map(Into::into),
            create_disposition: self.create_disposition.map(Into::into),
            dry_run: self.dry_run,
            max_results: Some(0),
            ..job(selects.join(" UNION ALL "), &self.connection, &self.labels, context)
        };
        let result = run(&*self.connection.warehouse(context)?, job, context).await?;
        let rows = result.affected_rows.unwrap_or(result.total_rows);
        context.metric_counter("rows", rows as f64);
        context.info(format!("job {}: {rows} rows were copied into {}", result.job_id, shown(&destination)));
        Ok(Output { job_id: result.job_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn rows_of_several_tables_come_together() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let sql = "CREATE TABLE d.a AS SELECT 1 AS id; CREATE TABLE d.b AS SELECT 2 AS id";
        platform.run_attempt(1, Query::TYPE, json!({"sql": sql})).await;
        let task = json!({"sourceTables": ["d.a", "d.b"], "destinationTable": "d.c"});
        let run = platform.run_attempt(2, Copy::TYPE, task.clone()).await;
        assert_eq!(run.result.error, None);
        assert_eq!(run.result.outputs["jobId"], "segue_execution1_taskrun1_2");
        assert_eq!(platform.ports.warehouse.table_info("d", "c").await.unwrap().rows, Some(2));
        let again = platform.run_attempt(3, Copy::TYPE, task).await;
        assert!(again.result.error.unwrap().contains("Already Exists"), "a table with rows is refused");
        let none = json!({"sourceTables": [], "destinationTable": "d.c"});
        assert!(
            platform.run_attempt(4, Copy::TYPE, none).await.result.error.unwrap().contains("sourceTables")
        );
    }
}
