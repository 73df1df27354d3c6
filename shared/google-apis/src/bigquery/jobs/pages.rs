//! The rows of a job, page by page.

use super::super::rows::{self, Selection};
use super::super::shape::Times;
use super::super::{BigQuery, shape};
use super::{Done, Job, Parameters};
use crate::refusal::Refusal;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use segue_ports::warehouse::TableReference;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The wait for a job if the request does not set a wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait for a job in one request.
const LONGEST: Duration = Duration::from_secs(200);

/// How a request wants its rows.
pub(in super::super) struct Wanted {
    /// The number of the first row.
    pub(in super::super) first: usize,
    /// The largest number of rows.
    pub(in super::super) most: usize,
    /// The form of TIMESTAMPs.
    pub(in super::super) times: Times,
}

impl Wanted {
    /// From the parameters of the address.
    ///
    /// # Errors
    /// If a parameter is no number.
    pub(in super::super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let number = |name: &str| match parameters.get(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Refusal::invalid(format!("{name} is '{text}', not a number"))),
            },
        };
        let times = match parameters.get("formatOptions.timestampOutputFormat").map(String::as_str) {
            None | Some("" | "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED") => {
                let exact = parameters.get("formatOptions.useInt64Timestamp");
                if exact.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
                    Times::Micros
                } else {
                    Times::Seconds
                }
            }
            Some("INT64") => Times::Micros,
            Some("FLOAT64") => Times::Seconds,
            Some("ISO8601_STRING") => Times::Instants,
            Some(other) => return Err(Refusal::unsupported(&format!("timestampOutputFormat: {other}"))),
        };
        Ok(Self {
            first: match number("pageToken")? {
                Some(first) => first,
                None => number("startIndex")?.unwrap_or_default(),
            },
            most: number("maxResults")?.unwrap_or(usize::MAX),
            times,
        })
    }

    /// The rows as they are asked for.
    pub(in super::super) fn shape(&self, schema: &Value, rows: Vec<String>) -> Vec<String> {
        if self.times == Times::Micros || !shape::has_timestamps(schema) {
            return rows;
        }
        let changed = |line: String| match serde_json::from_str::<Value>(&line) {
            Ok(mut row) => {
                shape::change_times(schema, &mut row, self.times);
                row.to_string()
            }
            Err(_) => line,
        };
        rows.into_iter().map(changed).collect()
    }
}

/// Waits for a job, and answers with its first rows.
pub(super) async fn results(
    bigquery: &BigQuery,
    project: &str,
    id: &str,
    parameters: &Parameters,
    kind: &str,
) -> Result<Response, Refusal> {
    let patience = parameters.get("timeoutMs").and_then(|text| text.parse().ok());
    let patience = patience.map_or(PATIENCE, Duration::from_millis).min(LONGEST);
    bigquery.jobs.until_ended(id, patience).await;
    let job = bigquery.jobs.get(id);
    let job = job.ok_or_else(|| Refusal::not_found(format!("Not found: Job {project}:{id}")))?;
    let mut answer = Map::new();
    answer.insert("kind".to_owned(), json!(kind));
    answer.insert("jobReference".to_owned(), job.reference());
    answer.insert("jobComplete".to_owned(), json!(job.outcome.is_some()));
    let done = match job.outcome.clone() {
        None => return Ok(respond(answer, None)),
        Some(outcome) => outcome?,
    };
    answer.extend(job.session_info().map(|session| ("sessionInfo".to_owned(), session)));
    answer.insert("cacheHit".to_owned(), json!(false));
    answer.insert("totalBytesProcessed".to_owned(), json!(done.result.bytes_processed.to_string()));
    if let Some(rows) = done.result.affected_rows.filter(|_| done.result.dml.is_some()) {
        answer.insert("numDmlAffectedRows".to_owned(), json!(rows.to_string()));
        answer.extend(super::json::dml(&done.result).map(|stats| ("dmlStats".to_owned(), stats)));
    }
    let wanted = Wanted::read(parameters)?;
    let rows = rows_of(bigquery, &job, &done, &wanted, &mut answer).await?;
    Ok(respond(answer, Some(rows)))
}

/// The rows of a job, and what the answer says about them.
async fn rows_of(
    bigquery: &BigQuery,
    job: &Job,
    done: &Done,
    wanted: &Wanted,
    answer: &mut Map<String, Value>,
) -> Result<Vec<String>, Refusal> {
    let (schema, total, page) = match (&done.rows, written(job, done)) {
        (Some(results), _) => {
            let page = results.page(wanted.first, wanted.most).await?;
            (results.schema().clone(), results.count() as u64, page)
        }
        // The rows of a query with a destination are those of the table now.
        (None, Some(table)) => {
            let selection = Selection::all(&table.dataset, &table.table);
            rows::page(bigquery, &selection, wanted).await?
        }
        (None, None) => {
            answer.insert("totalRows".to_owned(), json!("0"));
            answer.insert("schema".to_owned(), shape::schema(&[]));
            return Ok(Vec::new());
        }
    };
    answer.insert("totalRows".to_owned(), json!(total.to_string()));
    answer.extend(page.next.map(|next| ("pageToken".to_owned(), json!(next.to_string()))));
    let rows = wanted.shape(&schema, page.rows);
    answer.insert("schema".to_owned(), schema);
    Ok(rows)
}

/// The table that a query wrote its rows to.
fn written(job: &Job, done: &Done) -> Option<TableReference> {
    let is_query = done.result.statement_kind == "SELECT" && job.children == 0;
    done.result.destination_table.clone().filter(|_| is_query)
}

/// An answer in JSON. The rows are JSON texts already, so they are not parsed and written again.
pub(in super::super) fn respond(answer: Map<String, Value>, rows: Option<Vec<String>>) -> Response {
    let mut text = Value::Object(answer).to_string();
    if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
        text.truncate(text.len().saturating_sub(1));
        text.push_str(",\"rows\":[");
        text.push_str(&rows.join(","));
        text.push_str("]}");
    }
    ([(CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}
