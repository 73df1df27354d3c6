//! The result of a job: its rows, its changes and the bytes read. The result of a script is that of its last statement.

use super::api::Api;
use super::decode;
use super::error::of_request;
use super::wire::{Job, JobReference, Schema, TableName};
use segue_ports::warehouse::{DmlStats, QueryJob, QueryResult, TableReference, WarehouseError};
use serde_json::{Map, Value};
use std::time::Duration;

/// The number of rows requested at once. BigQuery also limits the bytes of a page.
const PAGE: u64 = 50_000;
/// How long a finished job may take to return its rows.
const HAND_OVER: Duration = Duration::from_secs(10);

/// The result of a dry run.
pub(super) fn of_dry_run(job: &Job) -> QueryResult {
    QueryResult {
        schema: decode::columns(&job.statistics.query.schema),
        bytes_processed: job.statistics.total_bytes_processed.unwrap_or_default(),
        statement_kind: kind(job),
        ..QueryResult::default()
    }
}

/// The result of a successful job.
pub(super) async fn of_job(api: &Api, asked: &QueryJob, job: &Job) -> Result<QueryResult, WarehouseError> {
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
    if result.statement_kind == "SELECT" {
        let rows = rows(api, &last.job_reference, asked.max_results).await?;
        result.schema = decode::columns(&rows.schema);
        result.rows = rows.rows;
        result.total_rows = rows.total;
        if asked.destination_table.is_some() {
            result.affected_rows = Some(rows.total);
        }
        result.destination_table =
            last.configuration.query.destination_table.as_ref().map(|table| TableReference {
                project: Some(table.project_id.clone()).filter(|project| !project.is_empty()),
                dataset: table.dataset_id.clone(),
                table: table.table_id.split('$').next().unwrap_or_default().to_owned(),
            });
    }
    Ok(result)
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

struct Rows {
    schema: Schema,
    rows: Vec<Map<String, Value>>,
    total: u64,
}

/// The rows of a job, at most `limit`.
async fn rows(api: &Api, job: &JobReference, limit: Option<u64>) -> Result<Rows, WarehouseError> {
    let limit = limit.unwrap_or(u64::MAX);
    let mut found = Rows { schema: Schema::default(), rows: Vec::new(), total: 0 };
    let mut token = None;
    loop {
        let left = limit.saturating_sub(found.rows.len() as u64);
        let page =
            api.results(job, Some(left.min(PAGE)), token.as_deref(), HAND_OVER).await.map_err(of_request)?;
        if !page.job_complete {
            return Err(WarehouseError::Unavailable {
                message: format!("the job {} has ended and does not hand over its rows", job.job_id),
            });
        }
        found.total = page.total_rows.unwrap_or(found.total);
        if !page.schema.fields.is_empty() {
            found.schema = page.schema;
        }
        let empty = page.rows.is_empty();
        found.rows.extend(decode::rows(&found.schema, page.rows));
        token = page.page_token.filter(|token| !token.is_empty());
        if token.is_none() || empty || found.rows.len() as u64 >= limit {
            found.rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(found);
        }
    }
}
