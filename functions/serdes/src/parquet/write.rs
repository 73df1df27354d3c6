//! `serdes.parquet.IonToParquet`.

use super::arrays::records;
use super::fields::columns;
use crate::columns::{TypedRows, Typing};
use crate::convert::{Converted, Sink, convert};
use crate::failure::Failure;
use apache_avro::types::Value;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// The most rows, and bytes of rows, that become columns at once.
const BATCH_ROWS: usize = 1024;
const BATCH_BYTES: u64 = 4 << 20;
/// The default size of a group of rows in memory, and the largest one.
const ROW_GROUP_BYTES: u64 = 32 << 20;
const LARGEST_ROW_GROUP: u64 = 128 << 20;
/// The default size of a page.
const PAGE_BYTES: u32 = 1 << 20;

/// Converts a file of rows to Parquet. Without `schema`, the types of the columns follow from the first rows.
///
/// ```yaml
/// id: to_parquet
/// type: io.kestra.plugin.serdes.parquet.IonToParquet
/// from: "{{ outputs.query.uri }}"
/// compressionCodec: ZSTD
/// schema: |
///   {
///     "type": "record",
///     "name": "Salary",
///     "fields": [
///       {"name": "job_title", "type": "string"},
///       {"name": "avg_salary", "type": ["null", "double"], "default": null}
///     ]
///   }
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IonToParquet {
    /// The file of rows: Ion, or JSON lines.
    pub from: String,
    /// How pages are compressed.
    #[serde(default)]
    pub compression_codec: CompressionCodec,
    /// The version of the format.
    #[serde(default)]
    pub parquet_version: ParquetVersion,
    /// The size of a group of rows in memory, in bytes, up to 134217728. Default: 33554432.
    pub row_group_size: Option<u64>,
    /// The size of a page, in bytes. Default: 1048576.
    pub page_size: Option<u32>,
    /// The largest size of the dictionary of a column, in bytes. Default: 1048576.
    pub dictionary_page_size: Option<u32>,
    /// How values become typed values.
    #[serde(flatten)]
    pub typing: Typing,
}

/// How pages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CompressionCodec {
    /// Not at all.
    Uncompressed,
    /// With Snappy: fast.
    Snappy,
    /// With gzip: every reader has it.
    #[default]
    Gzip,
    /// With Zstandard: small and fast.
    Zstd,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ParquetVersion {
    /// Version 1, for old readers.
    V1,
    /// Version 2.
    #[default]
    V2,
}

impl Task for IonToParquet {
    const TYPE: &'static str = "io.kestra.plugin.serdes.parquet.IonToParquet";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.parquet.ParquetWriter"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let properties = self.properties()?;
        let (preparation, warnings) = self.typing.prepare()?;
        let converted = convert(context, &self.from, "parquet", move |source, sink| {
            write(TypedRows::new(preparation, source)?, properties, sink)
        })
        .await;
        warnings.log(context);
        converted
    }
}

impl IonToParquet {
    fn properties(&self) -> Result<WriterProperties, TaskError> {
        let group = self.row_group_size.unwrap_or(ROW_GROUP_BYTES).min(LARGEST_ROW_GROUP);
        let page = self.page_size.unwrap_or(PAGE_BYTES);
        let dictionary = self.dictionary_page_size.unwrap_or(PAGE_BYTES);
        for (name, size) in
            [("rowGroupSize", group), ("pageSize", page.into()), ("dictionaryPageSize", dictionary.into())]
        {
            if size == 0 {
                return Err(TaskError::failed(format!("{name} is 0; write a number of bytes")));
            }
        }
        let version = match self.parquet_version {
            ParquetVersion::V1 => WriterVersion::PARQUET_1_0,
            ParquetVersion::V2 => WriterVersion::PARQUET_2_0,
        };
        let compression = match self.compression_codec {
            CompressionCodec::Uncompressed => Compression::UNCOMPRESSED,
            CompressionCodec::Snappy => Compression::SNAPPY,
            CompressionCodec::Gzip => Compression::GZIP(GzipLevel::default()),
            CompressionCodec::Zstd => Compression::ZSTD(ZstdLevel::default()),
        };
        let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        Ok(WriterProperties::builder()
            .set_writer_version(version)
            .set_compression(compression)
            .set_max_row_group_bytes(Some(size(group)))
            .set_data_page_size_limit(size(page.into()))
            .set_dictionary_page_size_limit(size(dictionary.into()))
            .build())
    }
}

fn write(mut rows: TypedRows, properties: WriterProperties, sink: &mut Sink) -> Result<u64, Failure> {
    let columns = columns(rows.fields()).map_err(|why| Failure::refused(format!("{why}; change schema")))?;
    let schema = Arc::new(Schema::new(columns));
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(sink, Arc::clone(&schema), options)
        .map_err(|error| refused(&error))?;
    let mut count = 0;
    loop {
        let batch = batch(&mut rows)?;
        if batch.is_empty() {
            break;
        }
        count += batch.len() as u64;
        let values: Vec<_> = batch.iter().map(Some).collect();
        let arrays =
            records(schema.fields(), rows.fields(), &values).map_err(|error| refused(&error.into()))?;
        let batch =
            RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| refused(&error.into()))?;
        writer.write(&batch).map_err(|error| refused(&error))?;
    }
    writer.close().map_err(|error| refused(&error))?;
    Ok(count)
}

/// The next rows. Empty at the end.
fn batch(rows: &mut TypedRows) -> Result<Vec<Value>, Failure> {
    let (mut batch, start) = (Vec::new(), rows.bytes());
    while batch.len() < BATCH_ROWS && rows.bytes() - start < BATCH_BYTES {
        let Some(row) = rows.next()? else { break };
        batch.push(row);
    }
    Ok(batch)
}

fn refused(error: &parquet::errors::ParquetError) -> Failure {
    Failure::of_library(error, format!("the rows cannot be written as Parquet: {error}; change schema"))
}
