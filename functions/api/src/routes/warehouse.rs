//! The local warehouse: its tables, and SQL on them. Segue's own endpoints, for a server on one machine. On Google
//! Cloud the tables are in BigQuery, which has its own tools and roles, so the endpoints answer 404.

use crate::endpoint::{Endpoint, Kind, Param, get, json, post};
use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::State;
use segue_api_types as types;
use segue_ports::warehouse::{
    Column, Mode, Parameter, QueryJob, TableInfo, UnknownType, Warehouse, WarehouseError,
};
use std::collections::BTreeMap;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/warehouse/tables", tables)
            .is(
                "warehouseTables",
                "Lists the tables of the local warehouse with their columns and row counts.",
            )
            .takes(&[Param::new("dataset", Kind::Text, "Only tables of this dataset.")])
            .refuses(&[404, 422]),
        post("/warehouse/query", query)
            .is(
                "warehouseQuery",
                "Runs BigQuery SQL on the local warehouse and returns the rows of the last statement.",
            )
            .body(json::<types::WarehouseQuery>())
            .refuses(&[404, 409]),
    ]
}

fn warehouse(api: &Api) -> Answer<&dyn Warehouse> {
    if api.has_local_warehouse {
        return Ok(&*api.ports.warehouse);
    }
    Err(ApiError::not_found(
        "The local warehouse (the tables of this server are in BigQuery; use the tool `bq` or BigQuery's console)",
    ))
}

async fn tables(State(api): State<Api>, query: Query) -> Answer<Json<Vec<types::WarehouseTable>>> {
    let warehouse = warehouse(&api)?;
    let datasets = match query.text("dataset") {
        Some(dataset) => vec![dataset.to_owned()],
        None => warehouse.list_datasets().await.map_err(refusal)?,
    };
    let mut tables = Vec::new();
    for dataset in datasets {
        tables.extend(warehouse.list_tables(&dataset).await.map_err(refusal)?.into_iter().map(table));
    }
    Ok(Json(tables))
}

async fn query(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::WarehouseQuery>,
) -> Answer<Json<types::WarehouseResult>> {
    let (mut parameters, positional) = typed(request.typed_parameters)?;
    parameters.extend(request.parameters.into_iter().map(|(name, value)| (name, value.into())));
    let warehouse = warehouse(&api)?;
    let job = QueryJob {
        job_id: format!("query_{}", segue_ports::random_execution_id()),
        sql: request.sql,
        max_results: request.max_results,
        parameters,
        positional,
        dry_run: request.dry_run,
        ..QueryJob::default()
    };
    if request.read_only && !request.dry_run {
        only_reads(warehouse, &job).await?;
    }
    let result = warehouse.query(job).await.map_err(refusal)?;
    Ok(Json(types::WarehouseResult {
        columns: result.schema.into_iter().map(column).collect(),
        rows: result.rows,
        total_rows: result.total_rows,
        affected_rows: result.affected_rows,
        statement: result.statement_kind,
        bytes_processed: result.bytes_processed,
    }))
}

/// The named and the positional parameters with a declared type.
fn typed(given: Vec<types::WarehouseParameter>) -> Answer<(BTreeMap<String, Parameter>, Vec<Parameter>)> {
    let (mut named, mut positional) = (BTreeMap::new(), Vec::new());
    for types::WarehouseParameter { name, data_type, value } in given {
        let unknown = |error: UnknownType| ApiError::bad_request(error.to_string());
        let parameter = Parameter { data_type: Some(data_type.parse().map_err(unknown)?), value };
        match name {
            Some(name) => {
                named.insert(name, parameter);
            }
            None => positional.push(parameter),
        }
    }
    Ok((named, positional))
}

/// Refuses a job that is not a single SELECT statement. The warehouse itself says which kind of statement it is.
async fn only_reads(warehouse: &dyn Warehouse, job: &QueryJob) -> Answer<()> {
    let dry = QueryJob { job_id: String::new(), dry_run: true, ..job.clone() };
    let kind = warehouse.query(dry).await.map_err(refusal)?.statement_kind;
    if kind == "SELECT" {
        return Ok(());
    }
    let what = if kind == "SCRIPT" { "several statements".to_owned() } else { kind.replace('_', " ") };
    Err(ApiError::invalid(
        format!("Read only: {what} may change tables. Nothing was run. Switch 'Read only' off to run it"),
        Vec::new(),
    ))
}

fn table(table: TableInfo) -> types::WarehouseTable {
    types::WarehouseTable {
        dataset: table.dataset,
        table: table.table,
        kind: table.kind.to_string(),
        rows: table.rows,
        bytes: table.bytes,
        columns: table.columns.into_iter().map(column).collect(),
        description: table.description,
        partition_by: table.partition_by,
        cluster_by: table.cluster_by,
    }
}

fn column(column: Column) -> types::WarehouseColumn {
    let mode = match column.mode {
        Mode::Nullable => "NULLABLE",
        Mode::Required => "REQUIRED",
        Mode::Repeated => "REPEATED",
    };
    types::WarehouseColumn {
        name: column.name,
        data_type: column.data_type,
        mode: mode.to_owned(),
        description: column.description,
    }
}

/// The answer for an error of the warehouse. The message is the warehouse's own, with position and hint.
fn refusal(error: WarehouseError) -> ApiError {
    match &error {
        WarehouseError::NotFound { .. } => ApiError::missing(error),
        WarehouseError::InvalidQuery { message, line, column, hint } => {
            let problem = Problem {
                message: message.clone(),
                line: *line,
                column: *column,
                hint: hint.clone(),
                ..Problem::default()
            };
            ApiError::invalid(error.to_string(), vec![problem])
        }
        WarehouseError::BadData { .. } | WarehouseError::AlreadyExists { .. } => {
            ApiError::invalid(error.to_string(), Vec::new())
        }
        WarehouseError::Conflict { .. }
        | WarehouseError::Busy { .. }
        | WarehouseError::StillRunning { .. } => ApiError::conflict(error),
        WarehouseError::Unavailable { message } => {
            segue_ports::PortError::unavailable("warehouse", message.clone()).into()
        }
    }
}
