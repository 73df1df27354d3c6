//! The rows of tables: `tabledata.list` and `tabledata.insertAll`.

use super::jobs::{Parameters, RESULTS, Wanted, respond};
use super::results::{PAGE_BYTES, Page};
use super::tables::quoted;
use super::{BigQuery, shape};
use crate::fields;
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use segue_ports::warehouse::{
    Column, FileFormat, LoadJob, LoadSource, QueryJob, Rows, TableReference, WarehouseError,
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Rows and columns of a table.
pub(super) struct Selection {
    dataset: String,
    table: String,
    /// The columns. Empty: all columns.
    columns: Vec<String>,
}

impl Selection {
    /// All columns of a table.
    pub(super) fn all(dataset: &str, table: &str) -> Self {
        Self { dataset: dataset.to_owned(), table: table.to_owned(), columns: Vec::new() }
    }
}

/// A page of a table: the schema, the number of all rows, and the rows.
pub(super) async fn page(
    bigquery: &BigQuery,
    selection: &Selection,
    wanted: &Wanted,
) -> Result<(Value, u64, Page), Refusal> {
    let info = bigquery.warehouse.table_info(&selection.dataset, &selection.table).await?;
    let is_selected = |column: &&Column| {
        selection.columns.is_empty()
            || selection.columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
    };
    let columns: Vec<Column> = info.columns.iter().filter(is_selected).cloned().collect();
    let schema = shape::schema(&columns);
    let total = info.rows.unwrap_or_default();
    if wanted.most == 0 {
        return Ok((schema, total, Page { rows: Vec::new(), next: (total > 0).then_some(wanted.first) }));
    }
    let names: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
    let table = TableReference { project: None, dataset: info.dataset, table: info.table };
    let limit = wanted.most.min(i64::MAX as usize - 1) + 1;
    let sql =
        format!("SELECT {} FROM {} LIMIT {limit} OFFSET {}", names.join(", "), quoted(&table)?, wanted.first);
    let Rows { mut stream, .. } = bigquery.warehouse.stream(QueryJob { sql, ..QueryJob::default() }).await?;
    let (mut rows, mut bytes, mut has_more) = (Vec::new(), 0, false);
    while let Some(row) = stream.try_next().await? {
        let line = shape::row(&schema, &row).to_string();
        bytes += line.len();
        if rows.len() == wanted.most || (bytes > PAGE_BYTES && !rows.is_empty()) {
            has_more = true;
            break;
        }
        rows.push(line);
    }
    let next = has_more.then_some(wanted.first + rows.len());
    Ok((schema, total, Page { rows, next }))
}

/// `tabledata.list`.
pub(super) async fn list(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, dataset, table)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Refusal> {
    let wanted = Wanted::read(&parameters)?;
    let (schema, total, page) = if dataset == RESULTS {
        let missing = || Refusal::not_found(format!("Not found: Table {dataset}.{table}"));
        let results = bigquery.jobs.results(&table).ok_or_else(missing)?;
        let page = results.page(wanted.first, wanted.most).await?;
        (results.schema().clone(), results.count() as u64, page)
    } else {
        let columns = parameters.get("selectedFields").map(String::as_str).unwrap_or_default();
        let columns: Vec<String> =
            columns.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if let Some(nested) = columns.iter().find(|name| name.contains('.')) {
            return Err(Refusal::unsupported(&format!("selectedFields={nested}; select the whole record")));
        }
        page(&bigquery, &Selection { columns, ..Selection::all(&dataset, &table) }, &wanted).await?
    };
    let mut answer = Map::new();
    answer.insert("kind".to_owned(), json!("bigquery#tableDataList"));
    answer.insert("totalRows".to_owned(), json!(total.to_string()));
    answer.extend(page.next.map(|next| ("pageToken".to_owned(), json!(next.to_string()))));
    Ok(respond(answer, Some(wanted.shape(&schema, page.rows))))
}

/// `tabledata.insertAll`. All rows are added, or none.
pub(super) async fn insert(
    State(bigquery): State<Arc<BigQuery>>,
    Path((_project, dataset, table)): Path<(String, String, String)>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let body = body?.0;
    fields::only(&body, "", &["kind", "rows", "ignoreUnknownValues", "traceId"])?;
    let info = bigquery.warehouse.table_info(&dataset, &table).await?;
    let ignores = body.get("ignoreUnknownValues").and_then(Value::as_bool).unwrap_or_default();
    let given = body.get("rows").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return Err(Refusal::invalid("No rows present in the request."));
    }
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in given.iter().enumerate() {
        let row = row.get("json").and_then(Value::as_object).cloned().unwrap_or_default();
        let known = |name: &str| info.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        match row.keys().find(|name| !known(name)) {
            Some(unknown) if !ignores => {
                errors.push(row_error(index, unknown, &format!("no such field: {unknown}.")))
            }
            _ => {
                let kept: Map<String, Value> = row.into_iter().filter(|(name, _)| known(name)).collect();
                lines.push(Value::Object(kept).to_string());
            }
        }
    }
    if errors.is_empty()
        && let Err(refusal) = load(&bigquery, info.columns, &dataset, &table, lines).await?
    {
        errors.push(row_error(0, "", &refusal));
    }
    if errors.is_empty() {
        return Ok(Json(json!({"kind": "bigquery#tableDataInsertAllResponse"})));
    }
    // One wrong row stops the others.
    let wrong: Vec<u64> = errors.iter().filter_map(|error| error.get("index")?.as_u64()).collect();
    let stopped = (0..given.len() as u64).filter(|index| !wrong.contains(index));
    errors.extend(
        stopped.map(|index| json!({"index": index, "errors": [{"reason": "stopped", "message": ""}]})),
    );
    Ok(Json(json!({"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors})))
}

fn row_error(index: usize, location: &str, message: &str) -> Value {
    json!({"index": index, "errors": [{"reason": "invalid", "location": location, "message": message}]})
}

/// Loads rows in lines of JSON. The inner error is about the rows.
async fn load(
    bigquery: &BigQuery,
    columns: Vec<Column>,
    dataset: &str,
    table: &str,
    lines: Vec<String>,
) -> Result<Result<(), String>, Refusal> {
    let bytes = futures::stream::iter([Ok(Bytes::from(lines.join("\n")))]).boxed();
    let uri = bigquery.keep_upload(bytes).await?;
    let open = || futures::stream::empty().boxed();
    let job = LoadJob {
        settings: Default::default(),
        source: LoadSource::File { uri: uri.clone(), open: Arc::new(open) },
        destination: TableReference { project: None, dataset: dataset.to_owned(), table: table.to_owned() },
        format: FileFormat::Json,
        csv: Default::default(),
        columns,
        autodetect: false,
        write_disposition: None,
        create_disposition: None,
        ignore_unknown_values: false,
        max_bad_records: 0,
        decimal_target_types: Vec::new(),
    };
    let loaded = bigquery.warehouse.load(job).await;
    bigquery.discard_upload(&uri).await;
    match loaded {
        Ok(_) => Ok(Ok(())),
        Err(error @ (WarehouseError::BadData { .. } | WarehouseError::InvalidQuery { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
