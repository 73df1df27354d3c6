//! Creates, describes and drops datasets and tables.

use super::api::Api;
use super::error::of_request;
use super::wire::{Dataset, Table};
use super::{decode, names};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use gcp_bigquery_client::model::range_partitioning::RangePartitioning;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use segue_ports::warehouse::{CreateDataset, DatasetInfo, IfExists, TableInfo, TableKind, WarehouseError};
use serde_json::{Map, Value, json};

/// The number of tables in a list that are described at the same time.
const AT_ONCE: usize = 8;

/// Creates a dataset, or changes it, or leaves it unchanged.
pub(super) async fn create_dataset(api: &Api, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
    let project = request.project.as_deref().unwrap_or(api.project());
    let error = match api.create_dataset(project, &dataset_body(project, &request, true)).await {
        Ok(made) => return Ok(DatasetInfo { created: true, ..info(made) }),
        Err(error) if error.is_status(409) => error,
        Err(error) => return Err(of_request(error)),
    };
    match request.if_exists {
        IfExists::Error => Err(WarehouseError::AlreadyExists {
            what: "Dataset".to_owned(),
            name: format!("{project}:{}", request.name),
        }),
        IfExists::Skip => match api.dataset(project, &request.name).await {
            Ok(known) => Ok(info(known)),
            // The dataset exists but cannot be read, or is being dropped. The first answer has more
            // information.
            Err(_) => Err(of_request(error)),
        },
        IfExists::Update => {
            let body = dataset_body(project, &request, false);
            let changed = api.change_dataset(project, &request.name, &body).await.map_err(of_request)?;
            Ok(DatasetInfo { updated: true, ..info(changed) })
        }
    }
}

/// A property without a value is not sent, so a change keeps it. The location can be set only at creation.
fn dataset_body(project: &str, request: &CreateDataset, is_new: bool) -> Value {
    let mut body = Map::new();
    if is_new {
        body.insert("datasetReference".to_owned(), json!({"projectId": project, "datasetId": request.name}));
        if let Some(location) = &request.location {
            body.insert("location".to_owned(), json!(location));
        }
    }
    for (name, text) in [("description", &request.description), ("friendlyName", &request.friendly_name)] {
        if let Some(text) = text {
            body.insert(name.to_owned(), json!(text));
        }
    }
    if !request.labels.is_empty() {
        body.insert("labels".to_owned(), json!(request.labels));
    }
    Value::Object(body)
}

fn info(dataset: Dataset) -> DatasetInfo {
    DatasetInfo {
        dataset: dataset.dataset_reference.dataset_id,
        project: Some(dataset.dataset_reference.project_id).filter(|project| !project.is_empty()),
        created: false,
        updated: false,
        created_at: dataset
            .creation_time
            .and_then(|millis| jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()),
        location: dataset.location,
        description: dataset.description,
        friendly_name: dataset.friendly_name,
        labels: dataset.labels,
    }
}

/// Drops a dataset.
pub(super) async fn delete_dataset(api: &Api, name: &str, contents: bool) -> Result<(), WarehouseError> {
    let (project, dataset) = names::dataset(name);
    api.delete_dataset(project.unwrap_or(api.project()), dataset, contents).await.map_err(of_request)
}

/// The names of all datasets of the project, in order.
pub(super) async fn list_datasets(api: &Api) -> Result<Vec<String>, WarehouseError> {
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = api.datasets(token.as_deref()).await.map_err(of_request)?;
        names.extend(page.datasets.into_iter().map(|dataset| dataset.dataset_reference.dataset_id));
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            names.sort();
            return Ok(names);
        }
    }
}

/// The tables of a dataset, by name. The list has few facts about a table, so each table is described by a
/// request.
pub(super) async fn list(api: &Api, name: &str) -> Result<Vec<TableInfo>, WarehouseError> {
    let (project, dataset) = names::dataset(name);
    let project = project.unwrap_or(api.project());
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = api.tables(project, dataset, token.as_deref()).await.map_err(of_request)?;
        names.extend(page.tables.into_iter().flatten().map(|table| table.table_reference.table_id));
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    names.sort();
    let described = stream::iter(names).map(|table| async move {
        match describe(api, name, &table).await {
            // The table was dropped after the list was made.
            Err(WarehouseError::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    });
    let tables: Vec<Option<TableInfo>> = described.buffered(AT_ONCE).try_collect().await?;
    Ok(tables.into_iter().flatten().collect())
}

/// One table.
pub(super) async fn describe(api: &Api, name: &str, table: &str) -> Result<TableInfo, WarehouseError> {
    let (project, dataset) = names::dataset(name);
    let found = api.table(project.unwrap_or(api.project()), dataset, table).await.map_err(of_request)?;
    Ok(table_info(found))
}

/// Drops a table.
pub(super) async fn delete(api: &Api, name: &str, table: &str) -> Result<(), WarehouseError> {
    let (project, dataset) = names::dataset(name);
    api.delete_table(project.unwrap_or(api.project()), dataset, table).await.map_err(of_request)
}

fn table_info(table: Table) -> TableInfo {
    let kind = match table.kind.as_str() {
        "VIEW" | "MATERIALIZED_VIEW" => TableKind::View,
        "EXTERNAL" => TableKind::External,
        _ => TableKind::Table,
    };
    let own_rows = kind == TableKind::Table;
    let columns = decode::columns(&table.schema);
    let by_time = table.time_partitioning.as_ref().map(|by| {
        let of = columns.iter().find(|column| by.field.as_ref() == Some(&column.name));
        partitioned_by_time(by, of.map(|column| column.data_type.as_str()))
    });
    TableInfo {
        dataset: table.table_reference.dataset_id,
        table: table.table_reference.table_id,
        kind,
        rows: table.num_rows.filter(|_| own_rows),
        bytes: table.num_bytes.filter(|_| own_rows),
        columns,
        description: table.description.filter(|text| !text.is_empty()),
        partition_by: by_time.or_else(|| table.range_partitioning.as_ref().and_then(partitioned_by_range)),
        cluster_by: table.clustering.and_then(|by| by.fields).unwrap_or_default(),
    }
}

/// The PARTITION BY of these partitions. BigQuery does not keep the original text.
fn partitioned_by_time(by: &TimePartitioning, data_type: Option<&str>) -> String {
    match (by.field.as_deref(), by.r#type.as_str(), data_type) {
        (None, "DAY", _) => "_PARTITIONDATE".to_owned(),
        (None, kind, _) => format!("TIMESTAMP_TRUNC(_PARTITIONTIME, {kind})"),
        (Some(field), "DAY", Some("DATE")) => field.to_owned(),
        (Some(field), "DAY", _) => format!("DATE({field})"),
        (Some(field), kind, data_type) => {
            format!("{}_TRUNC({field}, {kind})", data_type.unwrap_or("TIMESTAMP"))
        }
    }
}

fn partitioned_by_range(by: &RangePartitioning) -> Option<String> {
    let (field, range) = (by.field.as_ref()?, by.range.as_ref()?);
    Some(format!("RANGE_BUCKET({field}, GENERATE_ARRAY({}, {}, {}))", range.start, range.end, range.interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition_by(table: Value) -> Option<String> {
        table_info(serde_json::from_value(table).unwrap()).partition_by
    }

    #[test]
    fn partitions_are_told_as_they_are_written() {
        let table = |kind: &str, of: &str| json!({"schema": {"fields": [{"name": "at", "type": of}]}, "timePartitioning": {"type": kind, "field": "at"}});
        for (table, expected) in [
            (table("DAY", "TIMESTAMP"), "DATE(at)"),
            (table("DAY", "DATE"), "at"),
            (table("MONTH", "DATE"), "DATE_TRUNC(at, MONTH)"),
            (table("HOUR", "TIMESTAMP"), "TIMESTAMP_TRUNC(at, HOUR)"),
            (json!({"timePartitioning": {"type": "DAY"}}), "_PARTITIONDATE"),
            (
                json!({"rangePartitioning": {"field": "id", "range": {"start": "0", "end": "9", "interval": "3"}}}),
                "RANGE_BUCKET(id, GENERATE_ARRAY(0, 9, 3))",
            ),
        ] {
            assert_eq!(partition_by(table).as_deref(), Some(expected));
        }
        assert_eq!(partition_by(json!({})), None);
    }

    #[test]
    fn a_view_has_no_rows_of_its_own() {
        let view = json!({"type": "VIEW", "numRows": "0", "numBytes": "0", "description": ""});
        let info = table_info(serde_json::from_value(view).unwrap());
        assert_eq!((info.kind, info.rows, info.bytes, info.description), (TableKind::View, None, None, None));
        let table = json!({"type": "TABLE", "numRows": "12", "clustering": {"fields": ["a"]}});
        let info = table_info(serde_json::from_value(table).unwrap());
        assert_eq!((info.rows, info.cluster_by), (Some(12), vec!["a".to_owned()]));
    }
}
