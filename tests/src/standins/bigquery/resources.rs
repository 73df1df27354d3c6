//! Datasets and tables.

use super::jobs::Parameters;
use super::refusal::Refusal;
use super::{BigQuery, shape, types};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use segue_ports::warehouse::{CreateDataset, DatasetInfo, IfExists, TableInfo, TableKind, Warehouse as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The location of a dataset if the request names no location.
const LOCATION: &str = "US";

type Answer = Result<Json<Value>, Refusal>;

fn dataset_json(project: &str, info: &DatasetInfo) -> Value {
    json!({
        "kind": "bigquery#dataset",
        "id": format!("{project}:{}", info.dataset),
        "datasetReference": {"projectId": project, "datasetId": info.dataset},
        // 64-bit numbers are texts in Google's JSON.
        "creationTime": info.created_at.map(|at| at.as_millisecond().to_string()),
        "location": info.location.as_deref().unwrap_or(LOCATION),
        "description": info.description,
        "friendlyName": info.friendly_name,
        "labels": info.labels,
    })
}

fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// The settings in a body. A setting that is missing in the body is taken from `known`.
fn request(body: &Value, known: DatasetInfo, if_exists: IfExists) -> CreateDataset {
    let labels =
        body.get("labels").cloned().and_then(|labels| serde_json::from_value::<BTreeMap<_, _>>(labels).ok());
    CreateDataset {
        name: known.dataset,
        project: known.project,
        location: text(body, "/location").or(known.location),
        if_exists,
        description: text(body, "/description").or(known.description),
        friendly_name: text(body, "/friendlyName").or(known.friendly_name),
        labels: labels.unwrap_or(known.labels),
    }
}

/// `datasets.insert`.
pub(super) async fn create_dataset(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Json(body): Json<Value>,
) -> Answer {
    let name = text(&body, "/datasetReference/datasetId").unwrap_or_default();
    let new = DatasetInfo { dataset: name, project: Some(project.clone()), ..DatasetInfo::default() };
    let made = bigquery.warehouse.create_dataset(request(&body, new, IfExists::Error)).await?;
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
pub(super) async fn dataset(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, name)): Path<(String, String)>,
) -> Answer {
    Ok(Json(dataset_json(&project, &known(&bigquery, &project, &name).await?)))
}

/// `datasets.patch`.
pub(super) async fn change_dataset(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, name)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Answer {
    let known = known(&bigquery, &project, &name).await?;
    let changed = bigquery.warehouse.create_dataset(request(&body, known, IfExists::Update)).await?;
    Ok(Json(dataset_json(&project, &changed)))
}

/// `datasets.delete`.
pub(super) async fn delete_dataset(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let contents = parameters.get("deleteContents").is_some_and(|text| text == "true");
    bigquery.warehouse.delete_dataset(&name, contents).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `datasets.list`.
pub(super) async fn datasets(State(bigquery): State<Arc<BigQuery>>, Path(project): Path<String>) -> Answer {
    let names = bigquery.warehouse.list_datasets().await?;
    let datasets: Vec<Value> = names
        .iter()
        .map(|name| json!({"datasetReference": {"projectId": project, "datasetId": name}}))
        .collect();
    Ok(Json(json!({"kind": "bigquery#datasetList", "datasets": datasets})))
}

/// `tables.list`.
pub(super) async fn tables(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset)): Path<(String, String)>,
) -> Answer {
    let tables = bigquery.warehouse.list_tables(&dataset).await?;
    let tables: Vec<Value> = tables
        .iter()
        .map(|table| json!({"tableReference": reference(&project, table), "type": table.kind.to_string()}))
        .collect();
    Ok(Json(json!({"kind": "bigquery#tableList", "totalItems": tables.len(), "tables": tables})))
}

fn reference(project: &str, table: &TableInfo) -> Value {
    json!({"projectId": project, "datasetId": table.dataset, "tableId": table.table})
}

/// `tables.get`.
pub(super) async fn table(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset, name)): Path<(String, String, String)>,
) -> Answer {
    let info = bigquery.warehouse.table_info(&dataset, &name).await?;
    let mut table = json!({
        "kind": "bigquery#table",
        "tableReference": reference(&project, &info),
        "type": info.kind.to_string(),
        "schema": shape::schema(&info.columns),
        "description": info.description,
    });
    if let Value::Object(table) = &mut table {
        if info.kind == TableKind::Table {
            table.insert("numRows".to_owned(), json!(info.rows.unwrap_or_default().to_string()));
            table.insert("numBytes".to_owned(), json!(info.bytes.unwrap_or_default().to_string()));
        }
        if let Some(written) = &info.partition_by {
            table.extend(types::partitions(written));
        }
        if !info.cluster_by.is_empty() {
            table.insert("clustering".to_owned(), json!({"fields": info.cluster_by}));
        }
    }
    Ok(Json(table))
}

/// `tables.delete`.
pub(super) async fn delete_table(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, dataset, table)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    bigquery.warehouse.delete_table(&dataset, &table).await?;
    Ok(StatusCode::NO_CONTENT)
}
