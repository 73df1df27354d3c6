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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parquet::ParquetToIon;
    use crate::testing::Platform;
    use segue_model::Json;
    use serde_json::json;

    /// The rows after both conversions.
    async fn there_and_back(rows: &str, properties: Json) -> String {
        let platform = Platform::new();
        let outputs = platform.convert(IonToParquet::TYPE, rows.as_bytes(), properties).await.outputs();
        assert!(outputs["uri"].as_str().unwrap().ends_with(".parquet"));
        let file = platform.stored(&outputs).await;
        let outputs = platform.convert(ParquetToIon::TYPE, &file, json!({})).await.outputs();
        String::from_utf8(platform.stored(&outputs).await).unwrap()
    }

    fn schema(fields: &Json) -> String {
        json!({"type": "record", "name": "Row", "fields": fields}).to_string()
    }

    #[tokio::test]
    async fn a_schema_follows_from_the_rows() {
        let rows = "{id:1,x:2,ok:true,tags:[\"a\",null],sub:{a:\"1\",list:[{b:1}]},mix:\"t\",'b c':null}\n\
                    {id:-2,x:2.5e0,sub:{a:null,list:[]},mix:3,late:1e3}\n";
        let expected = "{id:1,x:2.0e0,ok:true,tags:[\"a\",null],sub:{a:\"1\",list:[{b:1}]},mix:\"t\",'b c':null,\
                        late:null}\n{id:-2,x:2.5e0,ok:null,tags:null,sub:{a:null,list:[]},mix:3,'b c':null,\
                        late:1000.0e0}\n";
        for codec in ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"] {
            for version in ["V1", "V2"] {
                let properties = json!({"compressionCodec": codec, "parquetVersion": version});
                assert_eq!(there_and_back(rows, properties).await, expected);
            }
        }
    }

    #[tokio::test]
    async fn every_type_of_a_schema() {
        let fields = json!([
            {"name": "i", "type": "int"}, {"name": "f", "type": ["null", "float"]}, {"name": "by", "type": "bytes"},
            {"name": "n", "type": "null"}, {"name": "fx", "type": {"type": "fixed", "name": "Four", "size": 4}},
            {"name": "e", "type": {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}},
            {"name": "list", "type": {"type": "array", "items": {"type": "array", "items": "int"}}},
            {"name": "map", "type": ["null", {"type": "map", "values": ["null", "double"]}]},
            {"name": "u", "type": ["null", "int", "string", {"type": "array", "items": "boolean"}]},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "tm", "type": {"type": "int", "logicalType": "time-millis"}},
            {"name": "tu", "type": {"type": "long", "logicalType": "time-micros"}},
            {"name": "sm", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "su", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "lm", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
            {"name": "lu", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
            {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2}},
            {"name": "big", "type":
                ["null", {"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2}]},
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        ]);
        let rest = "day:\"2024-01-31\",tm:\"10:20:30.123\",tu:\"10:20:30.123456\",sm:\"2024-01-31T10:20:30.123Z\",\
                    su:\"2024-01-31T10:20:30.123456Z\",lm:\"2024-01-31T10:20:30.123\",\
                    lu:\"2024-01-31T10:20:30.123456\",dec:\"1234567890123456789012345678.25\"";
        let id = "id:\"00112233-4455-6677-8899-aabbccddeeff\"";
        let first = format!(
            "{{i:1,f:0.1e0,by:\"AP8=\",n:null,fx:\"YWJjZA==\",e:\"HEARTS\",list:[[1],[],[2,3]],map:{{a:1.5e0,b:null}},\
             u:5,{rest},big:\"-1234567890123456789012345678901234567890123456789.50\",{id}}}\n"
        );
        let second = format!(
            "{{i:2,f:null,by:\"\",n:null,fx:\"YWJjZA==\",e:\"SPADES\",list:[],map:null,u:[true],{rest},big:null,{id}}}\n"
        );
        let rows = first + &second;
        assert_eq!(there_and_back(&rows, json!({"schema": schema(&fields)})).await, rows);
    }

    #[tokio::test]
    async fn rows_that_do_not_fit() {
        let platform = Platform::new();
        let rows = "{a:1}\n{a:\"x\"}\n{a:3}\n";
        let with = |rule: &str| json!({"schema": schema(&json!([{"name": "a", "type": "int"}])), "onBadLines": rule});
        let error = platform.convert(IonToParquet::TYPE, rows.as_bytes(), with("ERROR")).await.error();
        assert!(error.contains("line 2: column 'a' is 'x', which is not an int; correct the row"), "{error}");
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
        assert_eq!(there_and_back(rows, with("SKIP")).await, "{a:1}\n{a:3}\n");
        let run = platform.convert(IonToParquet::TYPE, rows.as_bytes(), with("WARN")).await;
        assert!(run.log_text().contains("line 2: column 'a' is 'x'"), "{}", run.log_text());
        let decimal = json!([{"name": "a", "type":
            {"type": "bytes", "logicalType": "decimal", "precision": 80, "scale": 2}}]);
        for (properties, expected) in [
            (
                json!({"schema": schema(&decimal)}),
                "column 'a' is a decimal of 80 digits; Parquet has at most 76",
            ),
            (json!({"pageSize": 0}), "pageSize is 0; write a number of bytes"),
            (json!({"compressionCodec": "LZO"}), "LZO"),
        ] {
            let error = platform.convert(IonToParquet::TYPE, rows.as_bytes(), properties).await.error();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(there_and_back("", with("ERROR")).await, "");
    }

    #[tokio::test]
    async fn a_large_file_is_a_stream() {
        let rows: String =
            (0..200_000).map(|row| format!("{{id:{row},text:\"text of row {row}\"}}\n")).collect();
        let small = json!({"rowGroupSize": 10_000, "pageSize": 1_000, "dictionaryPageSize": 10_000});
        assert_eq!(there_and_back(&rows, small).await, rows);
    }
}
