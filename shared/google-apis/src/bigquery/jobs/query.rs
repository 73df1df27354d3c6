//! `jobs.query`: begins a query, waits for it, and answers with its first rows.

use super::super::BigQuery;
use super::{Parameters, pages, routes};
use crate::fields;
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Fields of the request that are fields of the job's query.
const OF_THE_QUERY: &[&str] = &[
    "query",
    "useLegacySql",
    "defaultDataset",
    "queryParameters",
    "parameterMode",
    "useQueryCache",
    "maximumBytesBilled",
    "connectionProperties",
    "createSession",
    "destinationEncryptionConfiguration",
    "writeIncrementalResults",
    "continuous",
];
/// Fields of the request that are fields of the job.
const OF_THE_JOB: &[&str] = &["dryRun", "labels", "jobTimeoutMs", "maxSlots", "reservation"];
/// Fields that this module reads, and fields without an effect on the result.
const OWN: &[&str] = &[
    "kind",
    "maxResults",
    "timeoutMs",
    "location",
    "formatOptions",
    "requestId",
    "jobCreationMode",
    "preserveNulls",
];

/// `jobs.query`.
pub(in super::super) async fn query(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, Refusal> {
    let body = body?.0;
    let known: Vec<&str> = [OF_THE_QUERY, OF_THE_JOB, OWN].concat();
    fields::only(&body, "", &known)?;
    let pick = |names: &[&str]| -> Map<String, Value> {
        let named = |name: &&str| Some(((*name).to_owned(), body.get(*name)?.clone()));
        names.iter().filter_map(named).collect()
    };
    let mut configuration = pick(OF_THE_JOB);
    configuration.insert("query".to_owned(), Value::Object(pick(OF_THE_QUERY)));
    let configuration = Value::Object(configuration);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let location = text("location").filter(|location| !location.is_empty()).unwrap_or(routes::LOCATION);
    // A request that arrives again has the same job.
    let id = text("requestId").filter(|id| !id.is_empty()).map(|id| format!("request_{id}"));
    let begun = routes::begin_with(&bigquery, &project, id.as_deref(), location, &configuration, None).await;
    let id = match (begun, id) {
        (Ok(job), _) if job.configuration.get("dryRun").and_then(Value::as_bool) == Some(true) => {
            return Ok(dry(&job));
        }
        (Ok(job), _) => job.id,
        (Err(refusal), Some(id)) if refusal.reason == "duplicate" => id,
        (Err(refusal), _) => return Err(refusal),
    };
    pages::results(&bigquery, &project, &id, &parameters(&body), "bigquery#queryResponse").await
}

/// The settings of the answer, in the form of the parameters of an address.
fn parameters(body: &Value) -> Parameters {
    let mut parameters = Parameters::new();
    for name in ["maxResults", "timeoutMs"] {
        let value = body.get(name).filter(|value| !value.is_null());
        parameters
            .extend(value.map(|value| (name.to_owned(), value.to_string().trim_matches('"').to_owned())));
    }
    for name in ["useInt64Timestamp", "timestampOutputFormat"] {
        let value =
            body.get("formatOptions").and_then(|options| options.get(name)).filter(|value| !value.is_null());
        let text = value.map(|value| value.to_string().trim_matches('"').to_owned());
        parameters.extend(text.map(|text| (format!("formatOptions.{name}"), text)));
    }
    parameters
}

/// The answer to a dry run: the schema, without rows.
fn dry(job: &super::Job) -> Response {
    let shown = job.json();
    let bytes = shown.pointer("/statistics/totalBytesProcessed").cloned().unwrap_or_default();
    let mut answer = Map::new();
    answer.insert("kind".to_owned(), json!("bigquery#queryResponse"));
    answer.insert("jobComplete".to_owned(), json!(true));
    answer.insert("jobReference".to_owned(), json!({"projectId": job.project, "location": job.location}));
    answer.insert("totalBytesProcessed".to_owned(), bytes);
    answer.insert("cacheHit".to_owned(), json!(false));
    answer.extend(job.session_info().map(|session| ("sessionInfo".to_owned(), session)));
    if let Some(schema) = shown.pointer("/statistics/query/schema") {
        answer.insert("schema".to_owned(), schema.clone());
    }
    pages::respond(answer, None)
}
