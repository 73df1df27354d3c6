//! Load, copy and extract jobs, on the embedded warehouse. Extracted files go to the storage emulator.

use super::BigQuery;
use super::refusal::Refusal;
use segue_embedded::DirectoryObjectStore;
use segue_ports::object::ObjectAddress;
use segue_ports::warehouse::{
    Column, CopyJob, CsvFormat, ExtractJob, FileFormat, JobSettings, LoadJob, LoadSource, Mode, QueryResult,
    TableReference, Warehouse as _,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The bucket with the files that were uploaded with their jobs.
pub(super) const UPLOADS: &str = "standin-uploads";

/// What a job does that is not a query.
pub(super) enum Transfer {
    Copy(CopyJob),
    Load(Box<LoadJob>),
    Extract(ExtractJob),
}

impl Transfer {
    /// From the configuration of a job. `upload` is the address of a file that came with it.
    pub(super) fn read(configuration: &Value, upload: Option<&str>) -> Result<Self, Refusal> {
        if let Some(copy) = configuration.get("copy") {
            let sources = list(copy, "sourceTables").iter().map(table).collect::<Result<_, _>>()?;
            return Ok(Self::Copy(CopyJob {
                sources,
                destination: named(copy, "destinationTable")?,
                write_disposition: option(copy, "writeDisposition")?,
                create_disposition: option(copy, "createDisposition")?,
                ..CopyJob::default()
            }));
        }
        if let Some(extract) = configuration.get("extract") {
            return Ok(Self::Extract(ExtractJob {
                source: named(extract, "sourceTable")?,
                uris: list(extract, "destinationUris").iter().filter_map(string).collect(),
                format: format(extract, "destinationFormat")?,
                compression: extract.get("compression").and_then(string).filter(|name| name != "NONE"),
                field_delimiter: extract.get("fieldDelimiter").and_then(string),
                print_header: extract.get("printHeader").and_then(Value::as_bool).unwrap_or(true),
                use_avro_logical_types: None,
                settings: JobSettings::default(),
            }));
        }
        let Some(load) = configuration.get("load") else {
            return Err(Refusal::new("invalid", "a job is a query, a load, a copy or an extract"));
        };
        Self::load(load, upload)
    }

    fn load(load: &Value, upload: Option<&str>) -> Result<Self, Refusal> {
        let uris: Vec<String> = list(load, "sourceUris").iter().filter_map(string).collect();
        let source = match (upload, uris.is_empty()) {
            (Some(uri), true) => {
                let open = || futures::StreamExt::boxed(futures::stream::empty());
                LoadSource::File { uri: uri.to_owned(), open: Arc::new(open) }
            }
            (None, false) => LoadSource::Objects(uris),
            _ => return Err(Refusal::new("invalid", "a load has sourceUris or an upload")),
        };
        let schema = load.get("schema").map(|schema| list(schema, "fields")).unwrap_or_default();
        let flag = |name: &str| load.get(name).and_then(Value::as_bool);
        let text = |name: &str| load.get(name).and_then(string);
        Ok(Self::Load(Box::new(LoadJob {
            settings: JobSettings::default(),
            source,
            destination: named(load, "destinationTable")?,
            format: format(load, "sourceFormat")?,
            csv: CsvFormat {
                allow_jagged_rows: flag("allowJaggedRows"),
                allow_quoted_newlines: flag("allowQuotedNewlines"),
                encoding: text("encoding"),
                field_delimiter: text("fieldDelimiter"),
                quote: text("quote"),
                skip_leading_rows: load.get("skipLeadingRows").and_then(Value::as_u64),
            },
            columns: schema.iter().map(column).collect(),
            autodetect: flag("autodetect").unwrap_or_default(),
            write_disposition: option(load, "writeDisposition")?,
            create_disposition: option(load, "createDisposition")?,
            ignore_unknown_values: flag("ignoreUnknownValues").unwrap_or_default(),
            max_bad_records: load.get("maxBadRecords").and_then(Value::as_u64).unwrap_or_default(),
        })))
    }

    /// Does it. The affected rows are those that were loaded.
    pub(super) async fn run(self, bigquery: &BigQuery) -> Result<QueryResult, Refusal> {
        let rows = match self {
            Self::Copy(job) => bigquery.warehouse.copy(job).await?.rows,
            Self::Load(job) => Some(bigquery.warehouse.load(*job).await?.rows),
            Self::Extract(job) => {
                extract(bigquery, job).await?;
                None
            }
        };
        Ok(QueryResult { affected_rows: rows, ..QueryResult::default() })
    }
}

/// Writes the file next to the warehouse, and sends it to the storage emulator.
async fn extract(bigquery: &BigQuery, job: ExtractJob) -> Result<(), Refusal> {
    let internal = |error: &dyn std::fmt::Display| Refusal::new("internalError", error.to_string());
    let uri = job.uris.first().map(|uri| uri.replace('*', "000000000000")).unwrap_or_default();
    let address = ObjectAddress::parse(&uri).map_err(|error| Refusal::new("invalid", error.to_string()))?;
    let store = DirectoryObjectStore::open(&bigquery.objects).map_err(|error| internal(&error))?;
    if bigquery.storage.is_some() {
        store.ensure_bucket(&address.bucket).map_err(|error| internal(&error))?;
    }
    bigquery.warehouse.extract(job).await?;
    let Some(storage) = &bigquery.storage else { return Ok(()) };
    let file = bigquery.objects.join(&address.bucket).join(&address.key);
    let bytes = tokio::fs::read(file).await.map_err(|error| internal(&error))?;
    let sent = storage.upload(&address.bucket, &address.key, bytes).await;
    sent.map_err(|error| Refusal::not_found(format!("Not found: URI {uri}: {error:#}")))
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn option<T: DeserializeOwned>(of: &Value, name: &str) -> Result<Option<T>, Refusal> {
    let value = of.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Refusal::new("invalid", format!("{name}: {error}")))
}

fn format(of: &Value, name: &str) -> Result<FileFormat, Refusal> {
    let text = of.get(name).and_then(Value::as_str).unwrap_or_default();
    FileFormat::parse(text).ok_or_else(|| Refusal::new("invalid", format!("{name} is '{text}'")))
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

fn column(field: &Value) -> Column {
    Column {
        name: field.get("name").and_then(string).unwrap_or_default(),
        data_type: data_type(field),
        mode: match field.get("mode").and_then(Value::as_str) {
            Some("REPEATED") => Mode::Repeated,
            Some("REQUIRED") => Mode::Required,
            _ => Mode::Nullable,
        },
        description: field.get("description").and_then(string),
    }
}

/// The type in SQL.
fn data_type(field: &Value) -> String {
    let kind = field.get("type").and_then(Value::as_str).unwrap_or("STRING");
    if matches!(kind, "RECORD" | "STRUCT") {
        let members = list(field, "fields").iter().map(column).map(|column| match column.mode {
            Mode::Repeated => format!("{} ARRAY<{}>", column.name, column.data_type),
            _ => format!("{} {}", column.name, column.data_type),
        });
        return format!("STRUCT<{}>", members.collect::<Vec<_>>().join(", "));
    }
    let sizes = ["maxLength", "precision", "scale"].into_iter().filter_map(|name| field.get(name)?.as_str());
    let sizes: Vec<_> = sizes.collect();
    if sizes.is_empty() { kind.to_owned() } else { format!("{kind}({})", sizes.join(", ")) }
}
