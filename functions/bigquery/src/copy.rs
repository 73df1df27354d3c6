//! `bigquery.Copy`.

use crate::connection::Connection;
use crate::disposition::{CreateDisposition, WriteDisposition};
use crate::job::{job, run, settings, transfer};
use crate::sql::{shown, table_name, table_reference};
use schemars::JsonSchema;
use segue_ports::warehouse::{CopyJob, CopyKind, QueryJob, TableReference, Warehouse};
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
    /// COPY (default), CLONE, SNAPSHOT or RESTORE. On one machine, each of them copies.
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
#[derive(Debug, Serialize, JsonSchema)]
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
        let sources = self.source_tables.iter().map(|name| table_reference("sourceTables", name));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let destination = table_reference("destinationTable", &self.destination_table)?;
        let warehouse = &*self.connection.warehouse(context)?;
        if self.dry_run {
            return self.check(warehouse, &sources, context).await;
        }
        let job = CopyJob {
            settings: settings(&self.connection, &self.labels, context),
            sources,
            destination,
            kind: self.kind()?,
            write_disposition: self.write_disposition.map(Into::into),
            create_disposition: self.create_disposition.map(Into::into),
        };
        let (settings, destination) = (job.settings.clone(), shown(&job.destination));
        let copied = transfer(warehouse, &settings, warehouse.copy(job), context).await?;
        match copied.rows {
            Some(rows) => {
                context.metric_counter("rows", rows as f64);
                context.info(format!("job {}: {rows} rows were copied into {destination}", copied.job_id));
            }
            None => context.info(format!("job {}: the tables were copied into {destination}", copied.job_id)),
        }
        Ok(Output { job_id: copied.job_id })
    }
}

impl Copy {
    fn kind(&self) -> Result<CopyKind, TaskError> {
        match self.operation_type.as_deref().unwrap_or_default().trim().to_ascii_uppercase().as_str() {
            "" | "COPY" => Ok(CopyKind::Copy),
            "CLONE" => Ok(CopyKind::Clone),
            "SNAPSHOT" => Ok(CopyKind::Snapshot),
            "RESTORE" => Ok(CopyKind::Restore),
            other => Err(TaskError::failed(format!(
                "operationType is '{other}'; write COPY, CLONE, SNAPSHOT or RESTORE"
            ))),
        }
    }

    /// A copy has no dry run, so a query of the sources is checked.
    async fn check(
        &self,
        warehouse: &dyn Warehouse,
        sources: &[TableReference],
        context: &TaskContext,
    ) -> Result<Output, TaskError> {
        let selects = sources.iter().map(|source| Ok(format!("SELECT * FROM {}", table_name(source)?)));
        let selects = selects.collect::<Result<Vec<_>, TaskError>>()?;
        let job = QueryJob {
            dry_run: true,
            ..job(selects.join(" UNION ALL "), &self.connection, &self.labels, context)
        };
        Ok(Output { job_id: run(warehouse, job, context).await?.job_id })
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
        let odd = json!({"sourceTables": ["d.a"], "destinationTable": "d.e", "operationType": "MOVE"});
        assert!(platform.run_attempt(5, Copy::TYPE, odd).await.error().contains("write COPY, CLONE"));
        let dry = json!({"sourceTables": ["d.a"], "destinationTable": "d.e", "dryRun": true});
        assert_eq!(platform.run_attempt(6, Copy::TYPE, dry).await.result.error, None);
        assert!(platform.ports.warehouse.table_info("d", "e").await.is_err());
        let none = json!({"sourceTables": [], "destinationTable": "d.c"});
        assert!(
            platform.run_attempt(4, Copy::TYPE, none).await.result.error.unwrap().contains("sourceTables")
        );
    }
}
