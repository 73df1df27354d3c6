//! The outcome of a job: its changes, the bytes read, and which job has the rows. For a script, the outcome of its
//! last statement.
//!
//! It must not know: how rows are read (`pages`).

use super::api::Api;
use super::decode;
use super::error::of_request;
use super::wire::{Job, JobReference, TableName};
use segue_ports::warehouse::{DmlStats, QueryResult, TableReference, WarehouseError};

/// The result of a dry run.
pub(super) fn of_dry_run(job: &Job) -> QueryResult {
    QueryResult {
        schema: decode::columns(&job.statistics.query.schema),
        bytes_processed: job.statistics.total_bytes_processed.unwrap_or_default(),
        statement_kind: kind(job),
        ..QueryResult::default()
    }
}

/// The outcome of a successful job.
pub(super) struct Outcome {
    /// Everything but rows.
    pub(super) result: QueryResult,
    /// The job that has the rows. None for statements without rows.
    pub(super) rows_of: Option<JobReference>,
}

/// The outcome of a successful job. For a script, of its last statement.
pub(super) async fn of_job(api: &Api, job: &Job) -> Result<Outcome, WarehouseError> {
    let last = match job.statistics.num_child_jobs {
        Some(1..) => last_statement(api, &job.job_reference).await?,
        _ => None,
    };
    let last = last.as_ref().unwrap_or(job);
    let statistics = &last.statistics.query;
    let mut result = QueryResult {
        job_id: job.job_reference.job_id.clone(),
        statement_kind: kind(last),
        bytes_processed: job.statistics.total_bytes_processed.unwrap_or_default(),
        affected_rows: statistics.num_dml_affected_rows,
        dml: statistics.dml_stats.as_ref().map(|stats| DmlStats {
            inserted: stats.inserted_row_count.unwrap_or_default(),
            updated: stats.updated_row_count.unwrap_or_default(),
            deleted: stats.deleted_row_count.unwrap_or_default(),
        }),
        ..QueryResult::default()
    };
    // BigQuery reports the number of written rows only for DML. For other statements, the last stage has it.
    let written = statistics.query_plan.last().and_then(|stage| stage.records_written);
    if result.statement_kind == "CREATE_TABLE_AS_SELECT" {
        result.affected_rows = result.affected_rows.or(written);
        result.total_rows = result.affected_rows.unwrap_or_default();
        result.destination_table = statistics.ddl_target_table.as_ref().map(table);
    }
    if result.statement_kind != "SELECT" {
        return Ok(Outcome { result, rows_of: None });
    }
    result.destination_table = last.configuration.query.destination_table.as_ref().map(table);
    Ok(Outcome { result, rows_of: Some(last.job_reference.clone()) })
}

fn table(name: &TableName) -> TableReference {
    TableReference {
        project: Some(name.project_id.clone()).filter(|project| !project.is_empty()),
        dataset: name.dataset_id.clone(),
        table: name.table_id.split('$').next().unwrap_or_default().to_owned(),
    }
}

fn kind(job: &Job) -> String {
    job.statistics.query.statement_type.clone().unwrap_or_default()
}

/// The job of the last statement of a script.
async fn last_statement(api: &Api, script: &JobReference) -> Result<Option<Job>, WarehouseError> {
    let children = api.children(script).await.map_err(of_request)?;
    // The newest statement comes first, also among several with the same time.
    let mut last: Option<Job> = None;
    for child in children {
        let is_condition = child
            .statistics
            .script_statistics
            .as_ref()
            .is_some_and(|statistics| statistics.evaluation_kind == "EXPRESSION");
        let time = |job: &Job| job.statistics.creation_time;
        if !is_condition && last.as_ref().is_none_or(|known| time(&child) > time(known)) {
            last = Some(child);
        }
    }
    Ok(last)
}
