//! Runs the statements of a job one after another, with the faults that the labels of the job request.

use super::refusal::Refusal;
use super::transfer::Transfer;
use super::{BigQuery, script};
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse as _};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The statements of a job and its settings.
pub(super) struct Asked {
    pub(super) job: QueryJob,
    /// What the job does instead of a query.
    transfer: Option<Transfer>,
    delay: Duration,
    fail_once: Option<String>,
    fail_after: usize,
}

impl Asked {
    /// Reads the statements and settings from the configuration of a job. `upload` is the address of a file that came with it.
    pub(super) fn read(configuration: &Value, project: &str, upload: Option<&str>) -> Result<Self, Refusal> {
        match configuration.get("query") {
            Some(query) => Self::query(configuration, query, project),
            None => {
                let transfer = Some(Transfer::read(configuration, upload)?);
                // In the place of statements, so that a failure on purpose happens once.
                let job = QueryJob { sql: configuration.to_string(), ..QueryJob::default() };
                Ok(Self::with_faults(configuration, job, transfer))
            }
        }
    }

    fn query(configuration: &Value, query: &Value, project: &str) -> Result<Self, Refusal> {
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        if query.get("useLegacySql").and_then(Value::as_bool).unwrap_or(true) {
            return Err(Refusal::new("notImplemented", "the stand-in does not run legacy SQL"));
        }
        let named = |of: &Value, names: &[&str]| -> Option<String> {
            let parts: Vec<String> = names.iter().filter_map(|name| text(of, name)).collect();
            (!parts.is_empty()).then(|| parts.join("."))
        };
        let table = ["projectId", "datasetId", "tableId"];
        let disposition = |name: &str| query.get(name).cloned().unwrap_or_default();
        let unknown = |error: serde_json::Error| Refusal::new("invalid", error.to_string());
        let parameters = query.get("queryParameters").and_then(Value::as_array).map(Vec::as_slice);
        let parameters = parameters.unwrap_or_default().iter().map(|parameter| {
            let part = |name: &str| parameter.get(name).unwrap_or(&Value::Null);
            (
                text(parameter, "name").unwrap_or_default(),
                value(part("parameterType"), part("parameterValue")),
            )
        });
        let job = QueryJob {
            sql: text(query, "query").unwrap_or_default(),
            project: Some(project.to_owned()),
            default_dataset: query
                .get("defaultDataset")
                .and_then(|dataset| named(dataset, &["projectId", "datasetId"])),
            destination_table: query.get("destinationTable").and_then(|name| named(name, &table)),
            write_disposition: serde_json::from_value(disposition("writeDisposition")).map_err(unknown)?,
            create_disposition: serde_json::from_value(disposition("createDisposition")).map_err(unknown)?,
            dry_run: configuration.get("dryRun").and_then(Value::as_bool).unwrap_or_default(),
            parameters: parameters.collect(),
            ..QueryJob::default()
        };
        Ok(Self::with_faults(configuration, job, None))
    }

    /// With the faults that the labels ask for.
    fn with_faults(configuration: &Value, job: QueryJob, transfer: Option<Transfer>) -> Self {
        let label = |name: &str| configuration.get("labels")?.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| label(name).and_then(|text| text.parse::<u64>().ok());
        Self {
            job,
            transfer,
            delay: Duration::from_millis(number("standin-delay-ms").unwrap_or_default()),
            fail_once: label("standin-fail-once"),
            fail_after: number("standin-fail-after")
                .and_then(|most| usize::try_from(most).ok())
                .unwrap_or_default(),
        }
    }
}

/// The value of a parameter, converted to its type.
fn value(data_type: &Value, parameter: &Value) -> Value {
    let members =
        |name: &str| parameter.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match data_type.get("type").and_then(Value::as_str) {
        Some("ARRAY") => {
            let element = data_type.get("arrayType").unwrap_or(&Value::Null);
            members("arrayValues").iter().map(|item| value(element, item)).collect()
        }
        Some("STRUCT") => {
            let types = data_type.get("structTypes").and_then(Value::as_array);
            let fields = types.map(Vec::as_slice).unwrap_or_default().iter().filter_map(|field| {
                let name = field.get("name")?.as_str()?;
                let own = parameter.get("structValues")?.get(name)?;
                Some((name.to_owned(), value(field.get("type")?, own)))
            });
            Value::Object(fields.collect())
        }
        Some("INT64" | "FLOAT64" | "BOOL") => {
            let text = parameter.get("value").and_then(Value::as_str).unwrap_or("null");
            serde_json::from_str(text).unwrap_or_default()
        }
        _ => parameter.get("value").cloned().unwrap_or_default(),
    }
}

/// Runs the job to its end.
pub(super) async fn run(bigquery: Arc<BigQuery>, id: String, asked: Asked) {
    let outcome = outcome(&bigquery, &id, asked).await;
    bigquery.jobs.end(&id, outcome);
}

async fn outcome(bigquery: &BigQuery, id: &str, asked: Asked) -> Result<QueryResult, Refusal> {
    if !asked.delay.is_zero() {
        bigquery.jobs.until(id, asked.delay, |job| job.is_cancelled()).await;
    }
    let reason = asked.fail_once.as_ref().filter(|_| bigquery.jobs.fails_first(&asked.job.sql));
    let failure =
        reason.map(|reason| Refusal::new(reason, format!("the label standin-fail-once says {reason}")));
    if let Some(transfer) = asked.transfer {
        if bigquery.jobs.is_cancelled(id) {
            return Err(Refusal::new("stopped", "Job execution was cancelled: User requested cancellation"));
        }
        return match failure {
            Some(failure) => Err(failure),
            None => transfer.run(bigquery).await,
        };
    }
    let statements = script::statements(&asked.job.sql);
    if statements.len() > 1 && asked.job.destination_table.is_some() {
        let message = "configuration.query.destinationTable cannot be set for scripts";
        return Err(Refusal::new("invalidQuery", message));
    }
    let mut last = None;
    let mut bytes = 0;
    for (number, statement) in statements.iter().enumerate() {
        if bigquery.jobs.is_cancelled(id) {
            return Err(Refusal::new("stopped", "Job execution was cancelled: User requested cancellation"));
        }
        if let Some(failure) = failure.as_ref().filter(|_| number >= asked.fail_after) {
            return Err(failure.clone());
        }
        let job = QueryJob { sql: statement.clone(), ..asked.job.clone() };
        let done = bigquery.warehouse.query(job).await.map_err(Refusal::from);
        if statements.len() > 1 {
            bigquery.jobs.add_child(id, statement, done.clone());
        }
        let done = done?;
        bytes += done.bytes_processed;
        last = Some(done);
    }
    let last =
        last.ok_or_else(|| Refusal::new("invalidQuery", "Syntax error: Unexpected end of script at [1:1]"))?;
    Ok(QueryResult { bytes_processed: bytes, ..last })
}
