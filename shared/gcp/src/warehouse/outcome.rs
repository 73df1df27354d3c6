//! The outcome of a job: its changes, the bytes read, and which job has the rows. For a script, the outcome of its
//! last statement.
//!
//! It must not know: how rows are read (`pages`).

use super::api::{Api, text};
use super::decode;
use super::error::of_request;
use super::wire::QueryStatistics;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_list_jobs::JobListJobs;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::job_statistics::JobStatistics;
use gcp_bigquery_client::model::job_statistics2::JobStatistics2;
use gcp_bigquery_client::model::table_reference::TableReference as TableName;
use segue_ports::warehouse::{DmlStats, QueryResult, TableReference, WarehouseError};

/// The outcome of a successful job.
pub(super) struct Outcome {
    /// Everything but rows.
    pub(super) result: QueryResult,
    /// The job that has the rows. None for statements without rows.
    pub(super) rows_of: Option<JobReference>,
}

/// A 64-bit number, which Google writes as a text.
pub(super) fn number(text: &Option<String>) -> Option<u64> {
    text.as_deref()?.parse().ok()
}

/// The statistics of a query. Empty for other jobs.
pub(super) fn of_query(job: &Job) -> JobStatistics2 {
    let query = job.statistics.as_ref().and_then(|statistics| statistics.query.clone());
    query.unwrap_or_default()
}

/// The result of a dry run.
pub(super) fn of_dry_run(job: &Job, own: &QueryStatistics) -> QueryResult {
    QueryResult {
        schema: decode::columns(&own.schema),
        bytes_processed: bytes(job.statistics.as_ref()),
        statement_kind: text(&of_query(job).statement_type).to_owned(),
        ..QueryResult::default()
    }
}

/// The outcome of a successful job. For a script, of its last statement.
pub(super) async fn of_job(api: &Api, job: Job) -> Result<Outcome, WarehouseError> {
    let reference = job.job_reference.clone().unwrap_or_default();
    let bytes_processed = bytes(job.statistics.as_ref());
    let children = job.statistics.as_ref().and_then(|statistics| number(&statistics.num_child_jobs));
    let last = match children {
        Some(1..) => last_statement(api, &reference).await?.unwrap_or(job),
        _ => job,
    };
    let statistics = of_query(&last);
    let own = last.job_reference.unwrap_or_default();
    let mut result = QueryResult {
        job_id: reference.job_id.unwrap_or_default(),
        statement_kind: text(&statistics.statement_type).to_owned(),
        bytes_processed,
        affected_rows: number(&statistics.num_dml_affected_rows),
        ..QueryResult::default()
    };
    match result.statement_kind.as_str() {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
            let stats = api.query_statistics(&own).await.map_err(of_request)?.dml_stats;
            result.dml = stats.map(|stats| DmlStats {
                inserted: stats.inserted_row_count.unwrap_or_default(),
                updated: stats.updated_row_count.unwrap_or_default(),
                deleted: stats.deleted_row_count.unwrap_or_default(),
            });
        }
        "CREATE_TABLE_AS_SELECT" => {
            // BigQuery reports the number of written rows only for DML. For other statements, the last stage has it.
            let written = statistics.query_plan.iter().flatten().next_back();
            let written = written.and_then(|stage| number(&stage.records_written));
            result.affected_rows = result.affected_rows.or(written);
            result.total_rows = result.affected_rows.unwrap_or_default();
            result.destination_table = statistics.ddl_target_table.as_ref().map(table);
        }
        "SELECT" => {
            let query = last.configuration.and_then(|configuration| configuration.query);
            let destination = query.and_then(|query| query.destination_table);
            result.destination_table = destination.as_ref().map(table);
            return Ok(Outcome { result, rows_of: Some(own) });
        }
        _ => {}
    }
    Ok(Outcome { result, rows_of: None })
}

fn bytes(statistics: Option<&JobStatistics>) -> u64 {
    statistics.and_then(|statistics| number(&statistics.total_bytes_processed)).unwrap_or_default()
}

fn table(name: &TableName) -> TableReference {
    TableReference {
        project: Some(name.project_id.clone()).filter(|project| !project.is_empty()),
        dataset: name.dataset_id.clone(),
        table: name.table_id.split('$').next().unwrap_or_default().to_owned(),
    }
}

/// The job of the last statement of a script.
async fn last_statement(api: &Api, script: &JobReference) -> Result<Option<Job>, WarehouseError> {
    let children = api.children(script).await.map_err(of_request)?;
    let time = |job: &JobListJobs| number(&job.statistics.as_ref()?.creation_time);
    // The newest statement comes first, also among several with the same time.
    let mut last: Option<JobListJobs> = None;
    for child in children.into_iter().filter(|child| !is_condition(child)) {
        if last.as_ref().is_none_or(|known| time(&child) > time(known)) {
            last = Some(child);
        }
    }
    Ok(last.map(|child| Job {
        configuration: child.configuration,
        job_reference: child.job_reference,
        statistics: child.statistics,
        status: child.status,
        ..Job::default()
    }))
}

/// Whether a job of a script computes the condition of an IF.
fn is_condition(child: &JobListJobs) -> bool {
    let script = child.statistics.as_ref().and_then(|statistics| statistics.script_statistics.as_ref());
    script.is_some_and(|script| script.evaluation_kind.as_deref() == Some("EXPRESSION"))
}
