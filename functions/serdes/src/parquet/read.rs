//! `serdes.parquet.ParquetToIon`.

use super::cells::row;
use crate::convert::{Converted, Sink, produce};
use crate::failure::Failure;
use crate::rows;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The rows that are read at once.
const BATCH_ROWS: usize = 1024;

/// Converts a Parquet file to Ion. Dates and times are ISO texts, and bytes are base64. A decimal is a number, or a text if
/// a number would lose a digit. The file is copied to disk first, because its schema is at its end.
///
/// ```yaml
/// id: to_ion
/// type: io.kestra.plugin.serdes.parquet.ParquetToIon
/// from: "{{ outputs.download.uri }}"
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParquetToIon {
    /// The Parquet file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    pub from: String,
}

impl Task for ParquetToIon {
    const TYPE: &'static str = "io.kestra.plugin.serdes.parquet.ParquetToIon";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.serdes.parquet.ParquetReader"];
    type Output = Converted;

    async fn run(self, context: &TaskContext) -> Result<Converted, TaskError> {
        let uri = uri_of_value(&self.from, &context.message().namespace)?;
        let folder = context.working_dir().join(format!(".serdes-{}", context.attempt_key().attempt));
        let copy = fetch(context, &uri, &folder).await?;
        let converted = produce(context, &uri, "ion", move |sink| convert(&copy, sink)).await;
        // What is left over goes with the working directory.
        let _left_over = tokio::fs::remove_dir_all(&folder).await;
        converted
    }
}

/// Copies the file to a folder of the working directory.
async fn fetch(context: &TaskContext, uri: &str, folder: &Path) -> Result<PathBuf, TaskError> {
    tokio::fs::create_dir_all(folder)
        .await
        .map_err(|error| TaskError::failed(format!("cannot write '{}': {error}", folder.display())))?;
    let path = folder.join("input.parquet");
    context.storage().get_file(uri, &path).await.map_err(|error| not_there(error, uri))?;
    Ok(path)
}

fn convert(path: &Path, sink: &mut Sink) -> Result<u64, Failure> {
    // The columns of Parquet say all. What other writers add to them may be wrong.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(path)?, options)
        .map_err(|error| refused(&error))?;
    check_compression(builder.metadata())?;
    let expected = builder.metadata().file_metadata().num_rows();
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(|error| refused(&error))?;
    let mut count = 0_u64;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(count, &error.to_string()))?;
        for place in 0..batch.num_rows() {
            let value = row(&batch, place).map_err(|why| {
                Failure::refused(format!("row {}: {why}; write the file with another type", count + 1))
            })?;
            rows::write(&value, sink)?;
            count += 1;
        }
    }
    if u64::try_from(expected) != Ok(count) {
        return Err(damaged(count, &format!("it should have {expected} rows")));
    }
    Ok(count)
}

/// Refuses a file with a compression that is not supported.
fn check_compression(file: &ParquetMetaData) -> Result<(), Failure> {
    for column in file.row_groups().iter().flat_map(|group| group.columns()) {
        match column.compression() {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => {
            }
            other => {
                return Err(Failure::refused(format!(
                    "the column '{}' is compressed with {other}; write the file with GZIP, SNAPPY or ZSTD",
                    column.column_path().string()
                )));
            }
        }
    }
    Ok(())
}

fn damaged(rows: u64, why: &str) -> Failure {
    Failure::refused(format!("the Parquet file is damaged after row {rows}: {why}; write the file again"))
}

/// The failure for a file that is not Parquet, or that has what is not supported.
fn refused(error: &ParquetError) -> Failure {
    Failure::refused(format!(
        "the file is not a Parquet file, or a part of it is missing: {error}; write the file again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    const SNAPPY: &[u8] = include_bytes!("../../tests/data/all-snappy.parquet");
    const ZSTD: &[u8] = include_bytes!("../../tests/data/all-zstd-v2.parquet");

    async fn ion(file: &[u8]) -> String {
        let platform = Platform::new();
        let outputs = platform.convert(ParquetToIon::TYPE, file, json!({})).await.outputs();
        String::from_utf8(platform.stored(&outputs).await).unwrap()
    }

    #[tokio::test]
    async fn every_type_of_another_writer() {
        let expected = "{b:true,i8:-1,u64:18446744073709551615,f:0.1e0,d:1e+300,s:\"é\",by:\"AP8=\",fx:\"YWJjZA==\",\
                        dict:\"x\",date:\"2024-01-31\",t32:\"10:20:30.123\",t64:\"10:20:30.123456\",\
                        ts:\"2024-01-31T10:20:30.123456Z\",paris:\"2024-01-31T10:20:30Z\",\
                        local:\"2024-01-31T10:20:30.123456\",dec:\"12345678901234567890.12\",dec5:12.5e0,\
                        list:[1,null,3],struct:{x:1,y:{z:\"a\"}},map:{k:1,a:null},maplist:{'1':[\"a\"]}}";
        let second = "{b:false,i8:2,u64:0,f:1.5e0,d:\"Infinity\",s:\"\",by:\"\",fx:\"ZWZnaA==\",dict:\"y\",\
                      date:\"0001-01-01\",t32:\"00:00:00\",t64:\"00:00:00\",";
        for file in [SNAPPY, ZSTD] {
            let rows = ion(file).await;
            let rows: Vec<&str> = rows.lines().collect();
            assert_eq!(rows[0], expected);
            assert!(rows[1].starts_with(second), "{}", rows[1]);
            assert!(
                rows[1].ends_with("dec5:-0.07e0,list:[],struct:{x:null,y:null},map:{},maplist:{}}"),
                "{}",
                rows[1]
            );
            assert!(
                rows[2].split(',').all(|field| field.trim_end_matches('}').ends_with(":null")),
                "{}",
                rows[2]
            );
            assert_eq!(rows.len(), 3);
        }
        let old = include_bytes!("../../tests/data/int96.parquet");
        assert_eq!(ion(old).await, "{at:\"2024-01-31T10:20:30\"}\n");
        let uuid = include_bytes!("../../tests/data/uuid.parquet");
        assert_eq!(ion(uuid).await, "{id:\"00112233-4455-6677-8899-aabbccddeeff\"}\n");
    }

    #[tokio::test]
    async fn what_is_not_parquet_is_refused() {
        let platform = Platform::new();
        let brotli = include_bytes!("../../tests/data/brotli.parquet");
        let mut damaged = SNAPPY.to_vec();
        damaged[5..60].fill(0xff);
        for (file, expected) in [
            (&b"id,name\n1,a\n"[..], "the file is not a Parquet file, or a part of it is missing"),
            (b"", "the file is not a Parquet file, or a part of it is missing"),
            (&SNAPPY[..SNAPPY.len() - 1], "a part of it is missing"),
            (&SNAPPY[..SNAPPY.len() / 2], "a part of it is missing"),
            (&damaged, "the Parquet file is damaged after row 0"),
            (brotli, "the column 'a' is compressed with BROTLI"),
        ] {
            let error = platform.convert(ParquetToIon::TYPE, file, json!({})).await.error();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(platform.files().await, 1, "a conversion that failed leaves no file");
    }
}
