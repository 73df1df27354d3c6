//! Runs a job to its end: the statements of a query one after another, or a transfer.

use super::jobs::Done;
use super::parameters::{self, Given};
use super::results::Results;
use super::transfer::Transfer;
use super::{BigQuery, script, sessions, shape};
use crate::fields;
use crate::refusal::Refusal;
use segue_ports::warehouse::{QueryJob, Rows};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The fields of a query that are read, and those without an effect on the result: nothing is billed or cached here.
const QUERY_FIELDS: &[&str] = &[
    "query",
    "useLegacySql",
    "defaultDataset",
    "destinationTable",
    "writeDisposition",
    "createDisposition",
    "queryParameters",
    "parameterMode",
    "priority",
    "useQueryCache",
    "allowLargeResults",
    "flattenResults",
    "maximumBytesBilled",
    "maximumBillingTier",
    "createSession",
    "connectionProperties",
];
/// The fields of every job that are read.
const JOB_FIELDS: &[&str] =
    &["query", "load", "copy", "extract", "dryRun", "labels", "jobTimeoutMs", "jobType"];

/// What a client wants a job to do, and its settings.
pub(super) struct Asked {
    work: Work,
    labels: BTreeMap<String, String>,
    timeout: Option<Duration>,
}

enum Work {
    Query(QueryJob),
    Transfer { transfer: Transfer, configuration: String },
}

impl Asked {
    /// Reads the configuration of a job. `upload` is the address of a file that came with it.
    pub(super) fn read(configuration: &Value, project: &str, upload: Option<&str>) -> Result<Self, Refusal> {
        fields::only(configuration, "configuration.", JOB_FIELDS)?;
        let labels = configuration.get("labels").cloned().filter(|labels| !labels.is_null());
        let labels = labels.map(serde_json::from_value).transpose();
        let labels: BTreeMap<String, String> =
            labels.map_err(|error| Refusal::invalid(format!("labels: {error}")))?.unwrap_or_default();
        let work = match configuration.get("query") {
            Some(query) => Work::Query(QueryJob {
                dry_run: configuration.get("dryRun").and_then(Value::as_bool).unwrap_or_default(),
                labels: labels.clone(),
                ..query_job(query, project)?
            }),
            None => Work::Transfer {
                transfer: Transfer::read(configuration, project, upload)?,
                configuration: configuration.to_string(),
            },
        };
        let timeout = configuration.get("jobTimeoutMs").and_then(number).map(Duration::from_millis);
        Ok(Self { work, labels, timeout: timeout.filter(|timeout| !timeout.is_zero()) })
    }

    /// The id of the session of the query.
    pub(super) fn session(&self) -> Option<&str> {
        match &self.work {
            Work::Query(job) => job.session.as_ref().map(|session| session.id.as_str()),
            Work::Transfer { .. } => None,
        }
    }

    /// The query, if it is a dry run.
    pub(super) fn dry_run(&self) -> Option<&QueryJob> {
        match &self.work {
            Work::Query(job) => job.dry_run.then_some(job),
            Work::Transfer { .. } => None,
        }
    }
}

/// A number, which can be a text in Google's JSON.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn query_job(query: &Value, project: &str) -> Result<QueryJob, Refusal> {
    fields::only(query, "configuration.query.", QUERY_FIELDS)?;
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    if query.get("useLegacySql").and_then(Value::as_bool).unwrap_or(true) {
        return Err(Refusal::invalid(
            "legacy SQL is not supported; write GoogleSQL, and set useLegacySql to false (bq: --nouse_legacy_sql)",
        ));
    }
    let named = |of: &Value, names: &[&str]| -> Option<String> {
        let parts: Vec<String> = names.iter().filter_map(|name| text(of, name)).collect();
        (!parts.is_empty()).then(|| parts.join("."))
    };
    let table = ["projectId", "datasetId", "tableId"];
    let disposition = |name: &str| query.get(name).cloned().unwrap_or_default();
    let unknown = |error: serde_json::Error| Refusal::invalid(error.to_string());
    let destination = query.get("destinationTable").filter(|name| !name.is_null());
    let Given { named: parameters, positional } = Given::read(query)?;
    Ok(QueryJob {
        sql: text(query, "query").unwrap_or_default(),
        parameters,
        positional,
        project: Some(project.to_owned()),
        default_dataset: query
            .get("defaultDataset")
            .and_then(|dataset| named(dataset, &["projectId", "datasetId"])),
        destination_table: destination.and_then(|name| named(name, &table)),
        write_disposition: serde_json::from_value(disposition("writeDisposition")).map_err(unknown)?,
        create_disposition: serde_json::from_value(disposition("createDisposition")).map_err(unknown)?,
        session: sessions::read(query)?,
        ..QueryJob::default()
    })
}

/// Runs the job to its end.
pub(super) async fn run(bigquery: Arc<BigQuery>, id: String, asked: Asked, cancelled: CancellationToken) {
    let timeout = asked.timeout;
    let work = {
        let (bigquery, id) = (Arc::clone(&bigquery), id.clone());
        tokio::spawn(async move { outcome(&bigquery, &id, asked).await })
    };
    let abort = work.abort_handle();
    let late = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        biased;
        () = cancelled.cancelled() => {
            Err(Refusal::new("stopped", "Job execution was cancelled: User requested cancellation"))
        }
        ended = work => ended.unwrap_or_else(|error| Err(Refusal::new("internalError", error.to_string()))),
        () = late => Err(Refusal::new("stopped", "Job execution was cancelled: Job timed out")),
    };
    // A statement that is still running is interrupted.
    abort.abort();
    bigquery.jobs.end(&id, bigquery.clock.now(), outcome);
}

async fn outcome(bigquery: &BigQuery, id: &str, asked: Asked) -> Result<Done, Refusal> {
    let job = match asked.work {
        Work::Transfer { transfer, configuration } => {
            bigquery.before(&asked.labels, &configuration, 0).await?;
            return Ok(Done { result: transfer.run(bigquery).await?, rows: None });
        }
        Work::Query(job) => job,
    };
    // The statements of a session share what they leave behind.
    let statements = if job.session.is_some() { vec![job.sql.clone()] } else { script::statements(&job.sql) };
    if statements.len() > 1 && job.destination_table.is_some() {
        let message = "configuration.query.destinationTable cannot be set for scripts";
        return Err(Refusal::new("invalidQuery", message));
    }
    let mut last = None;
    let mut bytes = 0;
    // The `?` of the statements before.
    let mut passed = 0;
    for (number, statement) in statements.iter().enumerate() {
        bigquery.before(&asked.labels, &job.sql, number).await?;
        let positional = job.positional.iter().skip(passed).cloned().collect();
        passed += parameters::positions(statement);
        let done = one(bigquery, QueryJob { sql: statement.clone(), positional, ..job.clone() }).await;
        match &done {
            // The statements of a script that share variables are one piece, and the result describes them.
            Ok(own) if !own.result.statements.is_empty() => add_children(bigquery, id, own),
            _ if statements.len() > 1 => {
                bigquery.jobs.add_child(id, statement, bigquery.clock.now(), done.clone());
            }
            _ => {}
        }
        let done = done?;
        bytes += done.result.bytes_processed;
        last = Some(done);
    }
    let mut last =
        last.ok_or_else(|| Refusal::new("invalidQuery", "Syntax error: Unexpected end of script at [1:1]"))?;
    last.result.bytes_processed = bytes;
    Ok(last)
}

/// Adds the jobs of the statements of a script. The last one has the rows of the script.
fn add_children(bigquery: &BigQuery, id: &str, done: &Done) {
    for (index, statement) in done.result.statements.iter().enumerate() {
        let is_last = index + 1 == done.result.statements.len();
        let rows = done.rows.clone().filter(|_| is_last);
        let own = Done { result: statement.result.clone(), rows };
        bigquery.jobs.add_child(id, &statement.sql, bigquery.clock.now(), Ok(own));
    }
}

/// Runs one statement, and keeps its rows.
async fn one(bigquery: &BigQuery, job: QueryJob) -> Result<Done, Refusal> {
    let Rows { mut result, stream } = bigquery.warehouse.stream(job).await?;
    if result.schema.is_empty() {
        return Ok(Done { result, rows: None });
    }
    let rows = Results::collect(shape::schema(&result.schema), stream, &bigquery.folder).await?;
    result.total_rows = rows.count() as u64;
    Ok(Done { result, rows: Some(Arc::new(rows)) })
}
