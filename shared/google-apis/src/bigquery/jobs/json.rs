//! A job in the format of the REST API.

use super::super::shape;
use super::{Job, RESULTS};
use jiff::Timestamp;
use segue_ports::warehouse::{QueryResult, TableReference};
use serde_json::{Map, Value, json};

impl Job {
    /// The job in the format of the REST API.
    pub(super) fn json(&self) -> Value {
        let mut status = json!({"state": self.state()});
        if let (Some(Err(refusal)), Value::Object(status)) = (&self.outcome, &mut status) {
            status.insert("errorResult".to_owned(), refusal.json());
            status.insert("errors".to_owned(), refusal.list());
        }
        let id = format!("{}:{}.{}", self.project, self.location, self.id);
        json!({
            "kind": "bigquery#job",
            "id": id,
            "etag": format!("{}-{}", self.number, self.state()),
            "selfLink": format!("/bigquery/v2/projects/{}/jobs/{}", self.project, self.id),
            "user_email": "local@segue",
            "jobReference": self.reference(),
            "configuration": self.shown_configuration(),
            "status": status,
            "statistics": self.statistics(),
        })
    }

    fn state(&self) -> &'static str {
        if self.outcome.is_some() { "DONE" } else { "RUNNING" }
    }

    /// The configuration of a job, with its kind, and with the table of the result. Every query has such a table.
    fn shown_configuration(&self) -> Value {
        let mut configuration = self.configuration.clone();
        let kind =
            ["query", "load", "copy", "extract"].into_iter().find(|kind| configuration.get(kind).is_some());
        let result = self.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok()).map(|done| &done.result);
        let query = configuration.get_mut("query").and_then(Value::as_object_mut);
        let table =
            result.and_then(|result| match (result.statement_kind.as_str(), &result.destination_table) {
                ("SELECT", None) => Some(
                    json!({"projectId": self.project, "datasetId": RESULTS, "tableId": self.results_table()}),
                ),
                (_, Some(table)) => Some(reference(&self.project, table)),
                _ => None,
            });
        if let (Some(query), Some(table)) = (query, table) {
            query.entry("destinationTable").or_insert(table);
        }
        if let (Some(kind), Value::Object(configuration)) = (kind, &mut configuration) {
            configuration.insert("jobType".to_owned(), json!(kind.to_uppercase()));
        }
        configuration
    }

    fn statistics(&self) -> Value {
        let mut statistics = Map::new();
        let moment = |at: Timestamp| json!(at.as_millisecond().to_string());
        statistics.insert("creationTime".to_owned(), moment(self.began));
        statistics.insert("startTime".to_owned(), moment(self.began));
        if let Some(ended) = self.ended {
            statistics.insert("endTime".to_owned(), moment(ended));
            let length = ended.as_millisecond() - self.began.as_millisecond();
            statistics.insert("totalSlotMs".to_owned(), json!(length.max(0).to_string()));
        }
        if let Some(session) = self.session_info() {
            statistics.insert("sessionInfo".to_owned(), session);
        }
        if self.children > 0 {
            statistics.insert("numChildJobs".to_owned(), json!(self.children.to_string()));
        }
        if let Some(parent) = &self.parent {
            statistics.insert("parentJobId".to_owned(), json!(parent));
            statistics.insert("scriptStatistics".to_owned(), json!({"evaluationKind": "STATEMENT"}));
        }
        if let Some(Ok(done)) = &self.outcome {
            let result = &done.result;
            let bytes = result.bytes_processed.to_string();
            let rows = result.affected_rows.unwrap_or_default().to_string();
            if self.configuration.get("load").is_some() {
                statistics.insert("load".to_owned(), json!({"outputRows": rows, "badRecords": "0"}));
            } else if self.configuration.get("copy").is_some() {
                statistics.insert("copy".to_owned(), json!({"copiedRows": rows}));
            } else if self.configuration.get("extract").is_some() {
                statistics.insert("extract".to_owned(), json!({"destinationUriFileCounts": ["1"]}));
            } else {
                statistics.insert("totalBytesProcessed".to_owned(), json!(bytes));
                let query = query_statistics(&self.project, result, self.children > 0);
                statistics.insert("query".to_owned(), query);
            }
        }
        Value::Object(statistics)
    }
}

fn query_statistics(project: &str, result: &QueryResult, is_script: bool) -> Value {
    let kind = result.statement_kind.as_str();
    let mut query = Map::new();
    query.insert("statementType".to_owned(), json!(if is_script { "SCRIPT" } else { kind }));
    query.insert("totalBytesProcessed".to_owned(), json!(result.bytes_processed.to_string()));
    query.insert("totalBytesBilled".to_owned(), json!(billed(result.bytes_processed).to_string()));
    query.insert("cacheHit".to_owned(), json!(false));
    if is_script {
        return Value::Object(query);
    }
    if let Some(rows) = result.affected_rows {
        if matches!(kind, "INSERT" | "UPDATE" | "DELETE" | "MERGE") {
            query.insert("numDmlAffectedRows".to_owned(), json!(rows.to_string()));
        }
        query.insert(
            "queryPlan".to_owned(),
            json!([{"name": "S00: Output", "recordsWritten": rows.to_string()}]),
        );
    }
    if let Some(stats) = dml(result) {
        query.insert("dmlStats".to_owned(), stats);
    }
    if let Some(table) = result.destination_table.as_ref().filter(|_| kind.starts_with("CREATE")) {
        query.insert("ddlTargetTable".to_owned(), reference(project, table));
    }
    if !result.schema.is_empty() {
        query.insert("schema".to_owned(), shape::schema(&result.schema));
    }
    Value::Object(query)
}

fn reference(project: &str, table: &TableReference) -> Value {
    let project = table.project.as_deref().unwrap_or(project);
    json!({"projectId": project, "datasetId": table.dataset, "tableId": table.table})
}

/// The numbers of changed rows by kind of change.
pub(super) fn dml(result: &QueryResult) -> Option<Value> {
    let dml = result.dml?;
    Some(json!({
        "insertedRowCount": dml.inserted.to_string(),
        "updatedRowCount": dml.updated.to_string(),
        "deletedRowCount": dml.deleted.to_string(),
    }))
}

/// The billed bytes: 0 if nothing is read, or else at least 10 MiB, rounded up to whole MiB.
fn billed(bytes: u64) -> u64 {
    const MEGABYTE: u64 = 1 << 20;
    if bytes == 0 { 0 } else { bytes.div_ceil(MEGABYTE).max(10) * MEGABYTE }
}
