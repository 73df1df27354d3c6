//! The description of the API that `bq` reads before its first request: methods, paths and parameters.
//!
//! To add a method, add a line to [`METHODS`].

use crate::refusal::Refusal;
use axum::Json;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The version of the API.
const VERSION: &str = "v2";
/// The media type of every file.
const ANY: &str = "*/*";

/// A method: its collection and name, HTTP method, path below the project, parameters after the path, and whether it has
/// a body.
type Method = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], bool);

const PAGE: &[&str] = &["maxResults", "pageToken"];

const METHODS: &[Method] = &[
    ("projects", "list", "GET", "", PAGE, false),
    ("projects", "getServiceAccount", "GET", "{projectId}/serviceAccount", &[], false),
    ("datasets", "list", "GET", "{projectId}/datasets", &["all", "filter", "maxResults", "pageToken"], false),
    ("datasets", "insert", "POST", "{projectId}/datasets", &["accessPolicyVersion"], true),
    (
        "datasets",
        "get",
        "GET",
        "{projectId}/datasets/{datasetId}",
        &["accessPolicyVersion", "datasetView"],
        false,
    ),
    (
        "datasets",
        "patch",
        "PATCH",
        "{projectId}/datasets/{datasetId}",
        &["accessPolicyVersion", "updateMode"],
        true,
    ),
    (
        "datasets",
        "update",
        "PUT",
        "{projectId}/datasets/{datasetId}",
        &["accessPolicyVersion", "updateMode"],
        true,
    ),
    ("datasets", "delete", "DELETE", "{projectId}/datasets/{datasetId}", &["deleteContents"], false),
    ("tables", "list", "GET", "{projectId}/datasets/{datasetId}/tables", PAGE, false),
    ("tables", "insert", "POST", "{projectId}/datasets/{datasetId}/tables", &[], true),
    (
        "tables",
        "get",
        "GET",
        "{projectId}/datasets/{datasetId}/tables/{tableId}",
        &["selectedFields", "view"],
        false,
    ),
    (
        "tables",
        "patch",
        "PATCH",
        "{projectId}/datasets/{datasetId}/tables/{tableId}",
        &["autodetect_schema"],
        true,
    ),
    (
        "tables",
        "update",
        "PUT",
        "{projectId}/datasets/{datasetId}/tables/{tableId}",
        &["autodetect_schema"],
        true,
    ),
    ("tables", "delete", "DELETE", "{projectId}/datasets/{datasetId}/tables/{tableId}", &[], false),
    (
        "tabledata",
        "list",
        "GET",
        "{projectId}/datasets/{datasetId}/tables/{tableId}/data",
        &["maxResults", "pageToken", "startIndex", "selectedFields", "formatOptions_useInt64Timestamp"],
        false,
    ),
    (
        "tabledata",
        "insertAll",
        "POST",
        "{projectId}/datasets/{datasetId}/tables/{tableId}/insertAll",
        &[],
        true,
    ),
    (
        "jobs",
        "list",
        "GET",
        "{projectId}/jobs",
        &[
            "allUsers",
            "maxCreationTime",
            "maxResults",
            "minCreationTime",
            "pageToken",
            "parentJobId",
            "projection",
            "stateFilter",
        ],
        false,
    ),
    ("jobs", "insert", "POST", "{projectId}/jobs", &[], true),
    ("jobs", "get", "GET", "{projectId}/jobs/{jobId}", &["location"], false),
    ("jobs", "cancel", "POST", "{projectId}/jobs/{jobId}/cancel", &["location"], false),
    ("jobs", "delete", "DELETE", "{projectId}/jobs/{jobId}/delete", &["location"], false),
    ("jobs", "query", "POST", "{projectId}/queries", &[], true),
    (
        "jobs",
        "getQueryResults",
        "GET",
        "{projectId}/queries/{jobId}",
        &[
            "location",
            "maxResults",
            "pageToken",
            "startIndex",
            "timeoutMs",
            "formatOptions_useInt64Timestamp",
        ],
        false,
    ),
    ("models", "list", "GET", "{projectId}/datasets/{datasetId}/models", PAGE, false),
    ("routines", "list", "GET", "{projectId}/datasets/{datasetId}/routines", PAGE, false),
];

/// The description, with the address that the client used.
pub(super) async fn show(
    headers: HeaderMap,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    if let Some(other) = parameters.get("version").filter(|version| *version != VERSION) {
        return Err(Refusal::not_found(format!(
            "there is no version {other} of BigQuery's API; ask for {VERSION}"
        )));
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Ok(Json(document(&format!("http://{host}{}/", crate::door::prefix(&headers)))))
}

fn document(root: &str) -> Value {
    let mut resources: Map<String, Value> = Map::new();
    for method in METHODS {
        let (collection, name, ..) = method;
        let methods = resources.entry(*collection).or_insert_with(|| json!({"methods": {}}));
        if let Some(methods) = methods.get_mut("methods").and_then(Value::as_object_mut) {
            methods.insert((*name).to_owned(), described(method));
        }
    }
    json!({
        "kind": "discovery#restDescription",
        "id": "bigquery:v2",
        "name": "bigquery",
        "version": VERSION,
        "protocol": "rest",
        "rootUrl": root,
        "servicePath": "bigquery/v2/",
        "basePath": "/bigquery/v2/",
        "baseUrl": format!("{root}bigquery/v2/"),
        "batchPath": "batch/bigquery/v2",
        "parameters": {
            "alt": of_kind("query"),
            "fields": of_kind("query"),
            "prettyPrint": of_kind("query"),
            "quotaUser": of_kind("query"),
        },
        "schemas": {"Body": {"id": "Body", "type": "object", "additionalProperties": {"type": "any"}}},
        "resources": resources,
    })
}

fn of_kind(location: &str) -> Value {
    json!({"type": "string", "location": location})
}

fn described((collection, name, http, path, more, has_body): &Method) -> Value {
    let mut parameters: Map<String, Value> =
        more.iter().map(|name| ((*name).to_owned(), of_kind("query"))).collect();
    let mut order = Vec::new();
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        parameters.insert(name.to_owned(), json!({"type": "string", "location": "path", "required": true}));
        order.push(name);
    }
    let path = match *path {
        "" => "projects".to_owned(),
        path => format!("projects/{}", path.replace('{', "{+")),
    };
    let mut method = json!({
        "id": format!("bigquery.{collection}.{name}"),
        "httpMethod": http,
        "path": path,
        "parameters": parameters,
        "parameterOrder": order,
        "response": {"$ref": "Body"},
    });
    if let Value::Object(method) = &mut method {
        if *has_body {
            method.insert("request".to_owned(), json!({"$ref": "Body"}));
        }
        if (*collection, *name) == ("jobs", "insert") {
            let upload =
                |first: &str| json!({"multipart": true, "path": format!("{first}/bigquery/v2/{path}")});
            let protocols = json!({"simple": upload("/upload"), "resumable": upload("/resumable/upload")});
            method.insert("supportsMediaUpload".to_owned(), json!(true));
            method.insert("mediaUpload".to_owned(), json!({"accept": [ANY], "protocols": protocols}));
        }
    }
    method
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_the_parameters_of_its_path_and_its_own() {
        let document = document("http://127.0.0.1:8088/_/secret/");
        let get = &document["resources"]["tables"]["methods"]["get"];
        assert_eq!(get["path"], "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}");
        assert_eq!(get["parameterOrder"], json!(["projectId", "datasetId", "tableId"]));
        assert_eq!(get["parameters"]["tableId"]["location"], "path");
        assert_eq!(get["parameters"]["view"]["location"], "query");
        assert_eq!(document["baseUrl"], "http://127.0.0.1:8088/_/secret/bigquery/v2/");
        let insert = &document["resources"]["jobs"]["methods"]["insert"];
        let path = &insert["mediaUpload"]["protocols"]["simple"]["path"];
        assert_eq!(path, "/upload/bigquery/v2/projects/{+projectId}/jobs");
    }
}
