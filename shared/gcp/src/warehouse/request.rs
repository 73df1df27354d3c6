//! The body of the request that starts a job.

use super::names;
use segue_ports::warehouse::{QueryJob, WarehouseError};
use serde_json::{Map, Value, json};

/// The body of `jobs.insert`. A dry run is not a job and has no id.
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] for the name of a table without a dataset.
pub(super) fn insert(job: &QueryJob, project: &str, id: &str) -> Result<Value, WarehouseError> {
    let mut query = Map::new();
    query.insert("query".to_owned(), json!(job.sql));
    query.insert("useLegacySql".to_owned(), json!(false));
    if let Some(name) = &job.default_dataset {
        let (own, dataset) = names::dataset(name);
        query.insert(
            "defaultDataset".to_owned(),
            json!({"projectId": own.unwrap_or(project), "datasetId": dataset}),
        );
    }
    if let Some(name) = &job.destination_table {
        let table = names::table(name, job.default_dataset.as_deref())?;
        query.insert(
            "destinationTable".to_owned(),
            json!({
                "projectId": table.project.as_deref().unwrap_or(project),
                "datasetId": table.dataset,
                "tableId": table.table,
            }),
        );
    }
    if let Some(disposition) = job.write_disposition {
        query.insert("writeDisposition".to_owned(), json!(disposition));
    }
    if let Some(disposition) = job.create_disposition {
        query.insert("createDisposition".to_owned(), json!(disposition));
    }
    if !job.parameters.is_empty() {
        let named = job.parameters.iter().map(|(name, value)| {
            json!({"name": name, "parameterType": parameter_type(value), "parameterValue": parameter(value)})
        });
        query.insert("parameterMode".to_owned(), json!("NAMED"));
        query.insert("queryParameters".to_owned(), named.collect());
    }
    let mut configuration = json!({"query": query, "labels": job.labels});
    if job.dry_run {
        if let Value::Object(configuration) = &mut configuration {
            configuration.insert("dryRun".to_owned(), json!(true));
        }
        return Ok(json!({"configuration": configuration, "jobReference": reference(project, None, job)}));
    }
    Ok(json!({"configuration": configuration, "jobReference": reference(project, Some(id), job)}))
}

fn reference(project: &str, id: Option<&str>, job: &QueryJob) -> Value {
    let mut reference = Map::new();
    reference.insert("projectId".to_owned(), json!(project));
    if let Some(id) = id {
        reference.insert("jobId".to_owned(), json!(id));
    }
    if let Some(location) = &job.location {
        reference.insert("location".to_owned(), json!(location));
    }
    Value::Object(reference)
}

/// The type of a parameter, from the type of its JSON value. NULL and an empty array are sent as texts.
fn parameter_type(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!({"type": "BOOL"}),
        Value::Number(number) if number.is_f64() => json!({"type": "FLOAT64"}),
        Value::Number(_) => json!({"type": "INT64"}),
        Value::String(_) | Value::Null => json!({"type": "STRING"}),
        Value::Array(items) => {
            let element = items.iter().find(|item| !item.is_null()).unwrap_or(&Value::Null);
            json!({"type": "ARRAY", "arrayType": parameter_type(element)})
        }
        Value::Object(fields) => {
            let types: Vec<Value> = fields
                .iter()
                .map(|(name, value)| json!({"name": name, "type": parameter_type(value)}))
                .collect();
            json!({"type": "STRUCT", "structTypes": types})
        }
    }
}

fn parameter(value: &Value) -> Value {
    match value {
        Value::Null => json!({"value": null}),
        Value::String(text) => json!({"value": text}),
        Value::Bool(_) | Value::Number(_) => json!({"value": value.to_string()}),
        Value::Array(items) => json!({"arrayValues": items.iter().map(parameter).collect::<Vec<_>>()}),
        Value::Object(fields) => {
            let values: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), parameter(value))).collect();
            json!({"structValues": values})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::warehouse::WriteDisposition;

    #[test]
    fn a_job_says_all_it_was_asked() {
        let job = QueryJob {
            sql: "SELECT @a".to_owned(),
            location: Some("EU".to_owned()),
            default_dataset: Some("q.d".to_owned()),
            destination_table: Some("out.t".to_owned()),
            write_disposition: Some(WriteDisposition::WriteTruncateData),
            parameters: [("a".to_owned(), json!([1, null]))].into(),
            labels: [("k".to_owned(), "v".to_owned())].into(),
            ..QueryJob::default()
        };
        assert_eq!(
            insert(&job, "p", "id1").unwrap(),
            json!({
                "jobReference": {"projectId": "p", "jobId": "id1", "location": "EU"},
                "configuration": {"labels": {"k": "v"}, "query": {
                    "query": "SELECT @a", "useLegacySql": false,
                    "defaultDataset": {"projectId": "q", "datasetId": "d"},
                    "destinationTable": {"projectId": "p", "datasetId": "out", "tableId": "t"},
                    "writeDisposition": "WRITE_TRUNCATE_DATA",
                    "parameterMode": "NAMED",
                    "queryParameters": [{
                        "name": "a",
                        "parameterType": {"type": "ARRAY", "arrayType": {"type": "INT64"}},
                        "parameterValue": {"arrayValues": [{"value": "1"}, {"value": null}]},
                    }],
                }},
            })
        );
        let dry = insert(&QueryJob { dry_run: true, ..job }, "p", "id1").unwrap();
        assert_eq!(dry["configuration"]["dryRun"], true);
        assert_eq!(dry["jobReference"].get("jobId"), None, "a dry run is no job");
    }
}
