//! Tables: requests (here), and their definitions as SQL (`define`).

mod define;

pub(super) use define::{Definition, columns_of, partition_clauses, quoted};

use super::jobs::{Parameters, RESULTS};
use super::{BigQuery, shape, types};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use segue_ports::warehouse::{TableInfo, TableKind};
use serde_json::{Value, json};
use std::sync::Arc;

type Answer = Result<Json<Value>, Refusal>;
type Body = Result<Json<Value>, JsonRejection>;
type Named = Path<(String, String, String)>;

/// `tables.list`.
pub(super) async fn list(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let tables = bigquery.warehouse.list_tables(&dataset).await?;
    let (shown, next) = super::page_of(&tables, &parameters)?;
    let shown = shown.iter().map(|table| {
        let mut item = json!({
            "kind": "bigquery#table",
            "id": id(&project, table),
            "tableReference": reference(&project, table),
            "type": table.kind.to_string(),
        });
        if let (Some(written), Value::Object(item)) = (&table.partition_by, &mut item) {
            item.extend(types::partitions(written));
        }
        item
    });
    let mut answer = super::listing("bigquery#tableList", "tables", shown.collect(), next);
    if let Value::Object(answer) = &mut answer {
        answer.insert("totalItems".to_owned(), json!(tables.len()));
    }
    Ok(Json(answer))
}

fn reference(project: &str, table: &TableInfo) -> Value {
    json!({"projectId": project, "datasetId": table.dataset, "tableId": table.table})
}

fn id(project: &str, table: &TableInfo) -> String {
    format!("{project}:{}.{}", table.dataset, table.table)
}

fn table_json(project: &str, info: &TableInfo) -> Value {
    let mut table = json!({
        "kind": "bigquery#table",
        "id": id(project, info),
        "tableReference": reference(project, info),
        "type": info.kind.to_string(),
        "schema": shape::schema(&info.columns),
        "description": info.description,
        "location": "US",
    });
    let etag = format!("{:08x}", crc32c::crc32c(format!("{table}{:?}", info.rows).as_bytes()));
    if let Value::Object(table) = &mut table {
        table.insert("etag".to_owned(), json!(etag));
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
    table
}

/// `tables.get`.
pub(super) async fn show(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset, name)): Named,
) -> Answer {
    if dataset == RESULTS {
        return results(&bigquery, &project, &name);
    }
    let info = bigquery.warehouse.table_info(&dataset, &name).await?;
    Ok(Json(table_json(&project, &info)))
}

/// The table with the rows of a query.
fn results(bigquery: &BigQuery, project: &str, name: &str) -> Answer {
    let missing = || Refusal::not_found(format!("Not found: Table {project}:{RESULTS}.{name}"));
    let rows = bigquery.jobs.results(name).ok_or_else(missing)?;
    let info = TableInfo { dataset: RESULTS.to_owned(), table: name.to_owned(), ..TableInfo::default() };
    let mut table = table_json(project, &TableInfo { rows: Some(rows.count() as u64), ..info });
    if let Value::Object(table) = &mut table {
        table.insert("schema".to_owned(), rows.schema().clone());
    }
    Ok(Json(table))
}

/// `tables.insert`.
pub(super) async fn create(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset)): Path<(String, String)>,
    body: Body,
) -> Answer {
    let body = body?.0;
    let name = body.pointer("/tableReference/tableId").and_then(Value::as_str).unwrap_or_default();
    define::create(&bigquery, &project, &dataset, name, &body).await?;
    let info = bigquery.warehouse.table_info(&dataset, name).await?;
    Ok(Json(table_json(&project, &info)))
}

/// `tables.patch` and `tables.update`.
pub(super) async fn change(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, dataset, name)): Named,
    body: Body,
) -> Answer {
    let known = bigquery.warehouse.table_info(&dataset, &name).await?;
    define::change(&bigquery, &project, &known, &body?.0).await?;
    let info = bigquery.warehouse.table_info(&dataset, &name).await?;
    Ok(Json(table_json(&project, &info)))
}

/// `tables.delete`.
pub(super) async fn delete(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, dataset, table)): Named,
) -> Result<StatusCode, Refusal> {
    bigquery.warehouse.delete_table(&dataset, &table).await?;
    Ok(StatusCode::NO_CONTENT)
}
