//! The description of the job that is started, in the crate's types.

use super::names;
use gcp_bigquery_client::model::connection_property::ConnectionProperty;
use gcp_bigquery_client::model::dataset_reference::DatasetReference;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::query_parameter::QueryParameter;
use gcp_bigquery_client::model::query_parameter_type::QueryParameterType;
use gcp_bigquery_client::model::query_parameter_type_struct_types::QueryParameterTypeStructTypes;
use gcp_bigquery_client::model::query_parameter_value::QueryParameterValue;
use gcp_bigquery_client::model::table_reference::TableReference;
use segue_ports::warehouse::{Parameter, ParameterType, QueryJob, WarehouseError};
use serde::Serialize;
use serde_json::Value;

/// A query. A dry run is not a job and has no id.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] for the name of a table without a dataset.
pub(super) fn query(job: &QueryJob, project: &str) -> Result<JobConfiguration, WarehouseError> {
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
    let named = job.parameters.iter().map(|(name, value)| parameter(Some(name), value));
    let parameters: Vec<_> = named.chain(job.positional.iter().map(|value| parameter(None, value))).collect();
    let mode = if job.parameters.is_empty() { "POSITIONAL" } else { "NAMED" };
    let query = JobConfigurationQuery {
        query: job.sql.clone(),
        use_legacy_sql: Some(false),
        connection_properties: session,
        default_dataset: job.default_dataset.as_deref().map(dataset),
        destination_table: destination.map(|name| table(&name, project)),
        write_disposition: said(job.write_disposition),
        create_disposition: said(job.create_disposition),
        parameter_mode: (!parameters.is_empty()).then(|| mode.to_owned()),
        query_parameters: (!parameters.is_empty()).then_some(parameters),
        ..JobConfigurationQuery::default()
    };
    Ok(JobConfiguration {
        query: Some(query),
        labels: Some(job.labels.clone().into_iter().collect()),
        dry_run: job.dry_run.then_some(true),
        ..JobConfiguration::default()
    })
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

fn parameter(name: Option<&String>, parameter: &Parameter) -> QueryParameter {
    let declared = parameter.data_type.as_ref().map(declared_type);
    QueryParameter {
        name: name.cloned(),
        parameter_type: Some(declared.unwrap_or_else(|| parameter_type(&parameter.value))),
        parameter_value: Some(parameter_value(&parameter.value)),
    }
}

/// The type that the caller declares.
fn declared_type(declared: &ParameterType) -> QueryParameterType {
    let plain = |name: &str| QueryParameterType { r#type: name.to_owned(), ..QueryParameterType::default() };
    match declared {
        ParameterType::Plain(name) => plain(name),
        ParameterType::Array(element) => {
            QueryParameterType { array_type: Some(Box::new(declared_type(element))), ..plain("ARRAY") }
        }
        ParameterType::Struct(fields) => {
            let field = |(name, own): &(String, ParameterType)| QueryParameterTypeStructTypes {
                name: Some(name.clone()).filter(|name| !name.is_empty()),
                r#type: Some(declared_type(own)),
                description: None,
            };
            QueryParameterType { struct_types: Some(fields.iter().map(field).collect()), ..plain("STRUCT") }
        }
    }
}

/// The type of a parameter, from the type of its JSON value. NULL and an empty array are sent as texts.
fn parameter_type(value: &Value) -> QueryParameterType {
    let plain = |name: &str| QueryParameterType { r#type: name.to_owned(), ..QueryParameterType::default() };
    match value {
        Value::Bool(_) => plain("BOOL"),
        Value::Number(number) if number.is_f64() => plain("FLOAT64"),
        Value::Number(_) => plain("INT64"),
        Value::String(_) | Value::Null => plain("STRING"),
        Value::Array(items) => {
            let element = items.iter().find(|item| !item.is_null()).unwrap_or(&Value::Null);
            QueryParameterType { array_type: Some(Box::new(parameter_type(element))), ..plain("ARRAY") }
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| QueryParameterTypeStructTypes {
                name: Some(name.clone()),
                r#type: Some(parameter_type(value)),
                description: None,
            };
            QueryParameterType { struct_types: Some(fields.iter().map(field).collect()), ..plain("STRUCT") }
        }
    }
}

fn parameter_value(value: &Value) -> QueryParameterValue {
    let mut said = QueryParameterValue::default();
    match value {
        // No value at all is NULL.
        Value::Null => {}
        Value::String(text) => said.value = Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => said.value = Some(value.to_string()),
        Value::Array(items) => said.array_values = Some(items.iter().map(parameter_value).collect()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), parameter_value(value)));
            said.struct_values = Some(fields.collect());
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::warehouse::WriteDisposition;
    use serde_json::json;

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
            serde_json::to_value(query(&job, "p").unwrap()).unwrap(),
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
        assert_eq!(dry.dry_run, Some(true));
        let declared = "STRUCT<d DATE, n ARRAY<NUMERIC>>".parse().unwrap();
        let parameter =
            Parameter { data_type: Some(declared), value: json!({"d": "2024-01-31", "n": ["1.5"]}) };
        let positional = QueryJob { parameters: [].into(), positional: vec![parameter], ..job };
        let asked = serde_json::to_value(query(&positional, "p").unwrap()).unwrap();
        assert_eq!(asked["query"]["parameterMode"], "POSITIONAL");
        assert_eq!(
            asked["query"]["queryParameters"],
            json!([{
                "parameterType": {"type": "STRUCT", "structTypes": [
                    {"name": "d", "type": {"type": "DATE"}},
                    {"name": "n", "type": {"type": "ARRAY", "arrayType": {"type": "NUMERIC"}}},
                ]},
                "parameterValue": {"structValues": {
                    "d": {"value": "2024-01-31"}, "n": {"arrayValues": [{"value": "1.5"}]},
                }},
            }])
        );
    }
}
