//! The description of the job that is started, in the crate's types as far as they can say it.

use super::{names, parameters};
use gcp_bigquery_client::model::connection_property::ConnectionProperty;
use gcp_bigquery_client::model::dataset_reference::DatasetReference;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::table_reference::TableReference;
use segue_ports::warehouse::{QueryJob, WarehouseError};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A query. A dry run is not a job and has no id.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] for the name of a table without a dataset.
pub(super) fn query(job: &QueryJob, project: &str) -> Result<Value, WarehouseError> {
    let dataset = |name: &str| {
        let (own, dataset) = names::dataset(name);
        DatasetReference { project_id: own.unwrap_or(project).to_owned(), dataset_id: dataset.to_owned() }
    };
    let destination = match &job.destination_table {
        Some(name) => Some(names::table(name, job.default_dataset.as_deref())?),
        None => None,
    };
    if job.session.as_ref().is_some_and(|session| session.begins) {
        return Err(WarehouseError::InvalidQuery {
            message:
                "A session of BigQuery gets its id from BigQuery, so no job can begin one with its own id"
                    .to_owned(),
            line: None,
            column: None,
            hint: None,
        });
    }
    let session = job
        .session
        .as_ref()
        .map(|session| vec![ConnectionProperty { key: "session_id".to_owned(), value: session.id.clone() }]);
    let named = job.parameters.iter().map(|(name, value)| parameters::parameter(Some(name), value));
    let positional = job.positional.iter().map(|value| parameters::parameter(None, value));
    let parameters: Vec<Value> = named.chain(positional).collect();
    let mode = if job.parameters.is_empty() { "POSITIONAL" } else { "NAMED" };
    let parts = [
        ("query", Some(json!(job.sql))),
        ("useLegacySql", Some(json!(false))),
        ("connectionProperties", session.map(|session| json!(session))),
        ("defaultDataset", job.default_dataset.as_deref().map(|name| json!(dataset(name)))),
        ("destinationTable", destination.map(|name| json!(table(&name, project)))),
        ("writeDisposition", said(job.write_disposition).map(Value::String)),
        ("createDisposition", said(job.create_disposition).map(Value::String)),
        ("parameterMode", (!parameters.is_empty()).then(|| json!(mode))),
        ("queryParameters", (!parameters.is_empty()).then(|| Value::Array(parameters))),
    ];
    let query: Map<String, Value> =
        parts.into_iter().filter_map(|(name, own)| Some((name.to_owned(), own?))).collect();
    let dry_run = job.dry_run.then(|| ("dryRun".to_owned(), json!(true)));
    let parts = [("labels".to_owned(), json!(job.labels)), ("query".to_owned(), Value::Object(query))];
    Ok(Value::Object(parts.into_iter().chain(dry_run).collect()))
}

/// A table, in the project if its name has none.
pub(super) fn table(name: &segue_ports::warehouse::TableReference, project: &str) -> TableReference {
    TableReference::new(name.project.as_deref().unwrap_or(project), &name.dataset, &name.table)
}

/// The text of a disposition.
pub(super) fn said(disposition: Option<impl Serialize>) -> Option<String> {
    serde_json::to_value(disposition?).ok()?.as_str().map(str::to_owned)
}

/// The job with this configuration.
pub(super) fn job(configuration: JobConfiguration, reference: JobReference) -> Job {
    Job { configuration: Some(configuration), job_reference: Some(reference), ..Job::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::warehouse::{Parameter, WriteDisposition};

    #[test]
    fn a_job_says_all_it_was_asked() {
        let job = QueryJob {
            sql: "SELECT @a".to_owned(),
            default_dataset: Some("q.d".to_owned()),
            destination_table: Some("out.t".to_owned()),
            write_disposition: Some(WriteDisposition::WriteTruncateData),
            parameters: [("a".to_owned(), json!([1, null]).into())].into(),
            labels: [("k".to_owned(), "v".to_owned())].into(),
            ..QueryJob::default()
        };
        assert_eq!(
            query(&job, "p").unwrap(),
            json!({"labels": {"k": "v"}, "query": {
                "query": "SELECT @a", "useLegacySql": false,
                "defaultDataset": {"projectId": "q", "datasetId": "d"},
                "destinationTable": {"projectId": "p", "datasetId": "out", "tableId": "t"},
                "writeDisposition": "WRITE_TRUNCATE_DATA",
                "parameterMode": "NAMED",
                "queryParameters": [{
                    "name": "a",
                    "parameterType": {"type": "ARRAY", "arrayType": {"type": "INT64"}},
                    "parameterValue": {"arrayValues": [{"value": "1"}, {}]},
                }],
            }})
        );
        let dry = query(&QueryJob { dry_run: true, ..job.clone() }, "p").unwrap();
        assert_eq!(dry["dryRun"], true);
        let declared = "STRUCT<d DATE, n ARRAY<NUMERIC>, r RANGE<DATE>>".parse().unwrap();
        let parameter = Parameter {
            data_type: Some(declared),
            value: json!({"d": "2024-01-31", "n": ["1.5"], "r": "[2024-01-31, UNBOUNDED)"}),
        };
        let positional = QueryJob { parameters: [].into(), positional: vec![parameter], ..job };
        let asked = query(&positional, "p").unwrap();
        assert_eq!(asked["query"]["parameterMode"], "POSITIONAL");
        assert_eq!(
            asked["query"]["queryParameters"],
            json!([{
                "parameterType": {"type": "STRUCT", "structTypes": [
                    {"name": "d", "type": {"type": "DATE"}},
                    {"name": "n", "type": {"type": "ARRAY", "arrayType": {"type": "NUMERIC"}}},
                    {"name": "r", "type": {"type": "RANGE", "rangeElementType": {"type": "DATE"}}},
                ]},
                "parameterValue": {"structValues": {
                    "d": {"value": "2024-01-31"}, "n": {"arrayValues": [{"value": "1.5"}]},
                    "r": {"rangeValue": {"start": {"value": "2024-01-31"}, "end": {}}},
                }},
            }])
        );
    }
}
