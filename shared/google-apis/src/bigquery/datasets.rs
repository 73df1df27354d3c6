//! Datasets.

use super::BigQuery;
use super::jobs::{Parameters, RESULTS};
use crate::fields;
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use segue_ports::warehouse::{CreateDataset, DatasetInfo, IfExists};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The location of a dataset if the request names no location.
const LOCATION: &str = "US";
/// The fields of a dataset that are read, and those that only describe it, or say who may use it: here everybody with a
/// token may use everything.
const FIELDS: &[&str] = &[
    "kind",
    "id",
    "etag",
    "selfLink",
    "datasetReference",
    "location",
    "description",
    "friendlyName",
    "labels",
    "access",
    "creationTime",
    "lastModifiedTime",
    "type",
    "storageBillingModel",
    "maxTimeTravelHours",
    "defaultCollation",
    "defaultRoundingMode",
];

type Answer = Result<Json<Value>, Refusal>;
type Body = Result<Json<Value>, JsonRejection>;

fn dataset_json(project: &str, info: &DatasetInfo) -> Value {
    let created = info.created_at.map(|at| at.as_millisecond().to_string());
    json!({
        "kind": "bigquery#dataset",
        "id": format!("{project}:{}", info.dataset),
        "etag": etag(info),
        "datasetReference": {"projectId": project, "datasetId": info.dataset},
        // 64-bit numbers are texts in Google's JSON.
        "creationTime": created,
        "lastModifiedTime": created,
        "location": info.location.as_deref().unwrap_or(LOCATION),
        "description": info.description,
        "friendlyName": info.friendly_name,
        "labels": info.labels,
        "access": [{"role": "OWNER", "specialGroup": "projectOwners"}],
        "type": "DEFAULT",
    })
}

/// A text that changes with the description of a dataset.
fn etag(info: &DatasetInfo) -> String {
    let text =
        format!("{:?}{:?}{:?}{:?}", info.created_at, info.description, info.friendly_name, info.labels);
    format!("{:08x}", crc32c::crc32c(text.as_bytes()))
}

/// The new value of a setting: the known value if the body does not have the setting, none if it is null there.
fn text(body: &Value, name: &str, known: Option<String>) -> Option<String> {
    match body.get(name) {
        None => known,
        Some(value) => value.as_str().map(str::to_owned),
    }
}

/// The settings in a body. A setting that is missing in the body is taken from `known`.
fn request(body: &Value, known: DatasetInfo, if_exists: IfExists) -> Result<CreateDataset, Refusal> {
    fields::only(body, "", FIELDS)?;
    let mut labels = known.labels;
    if let Some(changes) = body.get("labels").filter(|labels| !labels.is_null()) {
        let changes = serde_json::from_value::<BTreeMap<String, Option<String>>>(changes.clone());
        for (name, value) in changes.map_err(|error| Refusal::invalid(format!("labels: {error}")))? {
            // A label without a value is removed.
            match value {
                Some(value) => drop(labels.insert(name, value)),
                None => drop(labels.remove(&name)),
            }
        }
    }
    Ok(CreateDataset {
        name: known.dataset,
        project: known.project,
        location: text(body, "location", known.location),
        if_exists,
        description: text(body, "description", known.description),
        friendly_name: text(body, "friendlyName", known.friendly_name),
        labels,
    })
}

/// `datasets.insert`.
pub(super) async fn create(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    body: Body,
) -> Answer {
    let body = body?.0;
    let name = body.pointer("/datasetReference/datasetId").and_then(Value::as_str).unwrap_or_default();
    if name.starts_with('_') {
        return Err(Refusal::invalid(format!(
            "Invalid dataset ID \"{name}\": it must not begin with an underscore"
        )));
    }
    let new =
        DatasetInfo { dataset: name.to_owned(), project: Some(project.clone()), ..DatasetInfo::default() };
    let made = bigquery.warehouse.create_dataset(request(&body, new, IfExists::Error)?).await?;
    Ok(Json(dataset_json(&project, &made)))
}

async fn known(bigquery: &BigQuery, project: &str, name: &str) -> Result<DatasetInfo, Refusal> {
    let names = bigquery.warehouse.list_datasets().await?;
    let Some(name) = names.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else {
        return Err(Refusal::not_found(format!("Not found: Dataset {project}:{name}")));
    };
    // The dataset exists, so this only reads its description.
    let ask = CreateDataset { name, if_exists: IfExists::Skip, ..CreateDataset::default() };
    Ok(bigquery.warehouse.create_dataset(ask).await?)
}

/// `datasets.get`.
pub(super) async fn show(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, name)): Path<(String, String)>,
) -> Answer {
    if name == RESULTS {
        let info = DatasetInfo { dataset: name, ..DatasetInfo::default() };
        return Ok(Json(dataset_json(&project, &info)));
    }
    Ok(Json(dataset_json(&project, &known(&bigquery, &project, &name).await?)))
}

/// `datasets.patch` and `datasets.update`.
pub(super) async fn change(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Answer {
    let known = known(&bigquery, &project, &name).await?;
    let changed = bigquery.warehouse.create_dataset(request(&body?.0, known, IfExists::Update)?).await?;
    Ok(Json(dataset_json(&project, &changed)))
}

/// `datasets.delete`.
pub(super) async fn delete(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let contents = parameters.get("deleteContents").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    bigquery.warehouse.delete_dataset(&name, contents).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `datasets.list`.
pub(super) async fn list(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let names = bigquery.warehouse.list_datasets().await?;
    let (names, next) = super::page_of(&names, &parameters)?;
    let mut datasets = Vec::with_capacity(names.len());
    for name in names {
        // A dataset can be dropped while the list is made.
        let Ok(info) = known(&bigquery, &project, name).await else { continue };
        datasets.push(json!({
            "kind": "bigquery#dataset",
            "id": format!("{project}:{name}"),
            "datasetReference": {"projectId": project, "datasetId": name},
            "labels": info.labels,
            "friendlyName": info.friendly_name,
            "location": info.location.as_deref().unwrap_or(LOCATION),
        }));
    }
    Ok(Json(super::listing("bigquery#datasetList", "datasets", datasets, next)))
}
