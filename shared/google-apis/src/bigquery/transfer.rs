//! Load, copy and extract jobs.

use super::BigQuery;
use super::parameters::count;
use super::tables::{Definition, columns_of, partition_clauses};
use crate::fields;
use crate::refusal::Refusal;
use segue_ports::warehouse::{
    CopyJob, CopyKind, CreateDisposition, CsvFormat, ExtractJob, FileFormat, JobSettings, LoadJob,
    LoadSource, QueryResult, TableReference, WarehouseError,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

const COPY_FIELDS: &[&str] = &[
    "sourceTable",
    "sourceTables",
    "destinationTable",
    "writeDisposition",
    "createDisposition",
    "operationType",
];
const EXTRACT_FIELDS: &[&str] = &[
    "sourceTable",
    "destinationUri",
    "destinationUris",
    "destinationFormat",
    "compression",
    "fieldDelimiter",
    "printHeader",
    "useAvroLogicalTypes",
];
const LOAD_FIELDS: &[&str] = &[
    "sourceUris",
    "destinationTable",
    "schema",
    "sourceFormat",
    "writeDisposition",
    "createDisposition",
    "allowJaggedRows",
    "allowQuotedNewlines",
    "encoding",
    "fieldDelimiter",
    "quote",
    "skipLeadingRows",
    "autodetect",
    "ignoreUnknownValues",
    "maxBadRecords",
    "schemaUpdateOptions",
    "timePartitioning",
    "rangePartitioning",
    "clustering",
    "destinationTableProperties",
    // Lists of Parquet files are read as lists anyway, and logical types of Avro too.
    "parquetOptions",
    "decimalTargetTypes",
    "useAvroLogicalTypes",
];

/// What a job does that is not a query.
pub(super) enum Transfer {
    Copy(CopyJob),
    Load(Box<Load>),
    Extract(ExtractJob),
}

/// A load, with what must happen to its table before.
pub(super) struct Load {
    job: LoadJob,
    /// The table as it must be made, if it does not exist. None if the rows say what the table is.
    table: Option<Definition>,
    adds_columns: bool,
}

impl Transfer {
    /// From the configuration of a job. `upload` is the address of a file that came with it.
    pub(super) fn read(configuration: &Value, project: &str, upload: Option<&str>) -> Result<Self, Refusal> {
        if let Some(copy) = configuration.get("copy") {
            return Self::copy(copy);
        }
        if let Some(extract) = configuration.get("extract") {
            return Self::extract(extract);
        }
        let Some(load) = configuration.get("load") else {
            return Err(Refusal::invalid("a job is a query, a load, a copy or an extract"));
        };
        Self::load(load, project, upload)
    }

    fn copy(copy: &Value) -> Result<Self, Refusal> {
        fields::only(copy, "configuration.copy.", COPY_FIELDS)?;
        let mut sources: Vec<_> = list(copy, "sourceTables").iter().map(table).collect::<Result<_, _>>()?;
        if let Some(source) = copy.get("sourceTable").filter(|source| !source.is_null()) {
            sources.push(table(source)?);
        }
        let kind = copy.get("operationType").and_then(Value::as_str).unwrap_or("COPY");
        let kinds = [CopyKind::Copy, CopyKind::Clone, CopyKind::Snapshot, CopyKind::Restore];
        let kind =
            kinds.into_iter().find(|known| known.name() == kind || kind == "OPERATION_TYPE_UNSPECIFIED");
        Ok(Self::Copy(CopyJob {
            sources,
            destination: named(copy, "destinationTable")?,
            kind: kind
                .ok_or_else(|| Refusal::invalid("operationType is COPY, CLONE, SNAPSHOT or RESTORE"))?,
            write_disposition: option(copy, "writeDisposition")?,
            create_disposition: option(copy, "createDisposition")?,
            ..CopyJob::default()
        }))
    }

    fn extract(extract: &Value) -> Result<Self, Refusal> {
        fields::only(extract, "configuration.extract.", EXTRACT_FIELDS)?;
        let mut uris: Vec<String> = list(extract, "destinationUris").iter().filter_map(string).collect();
        uris.extend(extract.get("destinationUri").and_then(string));
        Ok(Self::Extract(ExtractJob {
            source: named(extract, "sourceTable")?,
            uris,
            format: format(extract, "destinationFormat")?,
            compression: extract.get("compression").and_then(string).filter(|name| name != "NONE"),
            field_delimiter: extract.get("fieldDelimiter").and_then(string),
            print_header: extract.get("printHeader").and_then(Value::as_bool).unwrap_or(true),
            use_avro_logical_types: extract.get("useAvroLogicalTypes").and_then(Value::as_bool),
            settings: JobSettings::default(),
        }))
    }

    fn load(load: &Value, project: &str, upload: Option<&str>) -> Result<Self, Refusal> {
        fields::only(load, "configuration.load.", LOAD_FIELDS)?;
        let uris: Vec<String> = list(load, "sourceUris").iter().filter_map(string).collect();
        let source = match (upload, uris.is_empty()) {
            (Some(uri), true) => {
                let open = || futures::StreamExt::boxed(futures::stream::empty());
                LoadSource::File { uri: uri.to_owned(), open: Arc::new(open) }
            }
            (None, false) => LoadSource::Objects(uris),
            _ => return Err(Refusal::invalid("a load has sourceUris or an upload")),
        };
        let flag = |name: &str| load.get(name).and_then(Value::as_bool);
        let text = |name: &str| load.get(name).and_then(string).filter(|text| !text.is_empty());
        let destination = named(load, "destinationTable")?;
        let columns = columns_of(load.get("schema").unwrap_or(&Value::Null))?;
        let updates: Vec<String> = list(load, "schemaUpdateOptions").iter().filter_map(string).collect();
        if let Some(other) = updates.iter().find(|option| *option != "ALLOW_FIELD_ADDITION") {
            return Err(Refusal::unsupported(&format!("schemaUpdateOptions: {other}")));
        }
        let clauses = partition_clauses(load)?;
        let described = load.get("destinationTableProperties").cloned().unwrap_or_default();
        fields::only(&described, "destinationTableProperties.", &["description"])?;
        let description = described.get("description").and_then(string);
        let is_defined = !clauses.is_empty() || description.is_some();
        if is_defined && columns.is_empty() {
            return Err(Refusal::unsupported(
                "partitions, clustering or a description of a load without a schema",
            ));
        }
        let table = (!columns.is_empty()).then(|| Definition {
            table: TableReference { project: Some(project.to_owned()), ..destination.clone() },
            columns: columns.clone(),
            clauses,
            description,
        });
        let job = LoadJob {
            settings: JobSettings::default(),
            source,
            destination,
            format: format(load, "sourceFormat")?,
            csv: CsvFormat {
                allow_jagged_rows: flag("allowJaggedRows"),
                allow_quoted_newlines: flag("allowQuotedNewlines"),
                encoding: text("encoding"),
                field_delimiter: text("fieldDelimiter"),
                quote: load.get("quote").and_then(string),
                skip_leading_rows: count(load, "skipLeadingRows")?,
            },
            columns,
            autodetect: flag("autodetect").unwrap_or_default(),
            write_disposition: option(load, "writeDisposition")?,
            create_disposition: option(load, "createDisposition")?,
            ignore_unknown_values: flag("ignoreUnknownValues").unwrap_or_default(),
            max_bad_records: count(load, "maxBadRecords")?.unwrap_or_default(),
            decimal_target_types: list(load, "decimalTargetTypes").iter().filter_map(string).collect(),
        };
        Ok(Self::Load(Box::new(Load { job, table, adds_columns: !updates.is_empty() })))
    }

    /// Does it. The affected rows are those that were loaded.
    pub(super) async fn run(self, bigquery: &BigQuery) -> Result<QueryResult, Refusal> {
        let rows = match self {
            Self::Copy(job) => bigquery.warehouse.copy(job).await?.rows,
            Self::Load(load) => Some(load.run(bigquery).await?),
            Self::Extract(job) => {
                bigquery.warehouse.extract(job).await?;
                None
            }
        };
        Ok(QueryResult { affected_rows: rows, ..QueryResult::default() })
    }
}

impl Load {
    async fn run(self, bigquery: &BigQuery) -> Result<u64, Refusal> {
        let upload = match &self.job.source {
            LoadSource::File { uri, .. } => Some(uri.clone()),
            LoadSource::Objects(_) => None,
        };
        let destination = self.job.destination.clone();
        let prepared = self.prepare(bigquery).await;
        let is_made = matches!(&prepared, Ok(true));
        let loaded = match prepared {
            Ok(_) => bigquery.warehouse.load(self.job).await.map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        if let Some(uri) = upload {
            bigquery.discard_upload(&uri).await;
        }
        if loaded.is_err() && is_made {
            // A load that fails leaves no table.
            bigquery.warehouse.delete_table(&destination.dataset, &destination.table).await?;
        }
        Ok(loaded?.rows)
    }

    /// Makes the table with the declared columns, if it does not exist, or adds columns that it does not have. Returns
    /// whether it made the table.
    async fn prepare(&self, bigquery: &BigQuery) -> Result<bool, Refusal> {
        let Some(table) = &self.table else { return Ok(false) };
        let destination = &self.job.destination;
        let known = match bigquery.warehouse.table_info(&destination.dataset, &destination.table).await {
            Ok(info) => Some(info),
            Err(WarehouseError::NotFound { what, .. }) if what == "Table" => None,
            Err(error) => return Err(error.into()),
        };
        match known {
            None if self.job.create_disposition == Some(CreateDisposition::CreateNever) => Ok(false),
            None => table.create(bigquery).await.map(|()| true),
            Some(info) if self.adds_columns => table.add_columns(bigquery, &info).await.map(|()| false),
            Some(_) => Ok(false),
        }
    }
}

pub(super) fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub(super) fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn option<T: DeserializeOwned>(of: &Value, name: &str) -> Result<Option<T>, Refusal> {
    let value = of.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Refusal::invalid(format!("{name}: {error}")))
}

fn format(of: &Value, name: &str) -> Result<FileFormat, Refusal> {
    let text = of.get(name).and_then(Value::as_str).unwrap_or_default();
    FileFormat::parse(text).ok_or_else(|| Refusal::invalid(format!("{name} is '{text}'")))
}

fn named(of: &Value, name: &str) -> Result<TableReference, Refusal> {
    table(of.get(name).unwrap_or(&Value::Null))
}

fn table(name: &Value) -> Result<TableReference, Refusal> {
    let part = |part: &str| name.get(part).and_then(string);
    match (part("datasetId"), part("tableId")) {
        (Some(dataset), Some(table)) => Ok(TableReference { project: part("projectId"), dataset, table }),
        _ => Err(Refusal::new("required", "a table needs datasetId and tableId")),
    }
}
