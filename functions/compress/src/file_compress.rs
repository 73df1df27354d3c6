//! `FileCompress`.

use crate::compression::Compression;
use crate::work::{convert, fetch, folder};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};

/// Compresses a file.
///
/// ```yaml
/// id: compress
/// type: io.kestra.plugin.compress.FileCompress
/// from: "{{ outputs.extract.outputFiles['trips.csv'] }}"
/// compression: GZIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileCompress {
    /// The file.
    from: String,
    /// The format.
    compression: Compression,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Compressed {
    /// The compressed file.
    uri: String,
}

impl Task for FileCompress {
    const TYPE: &'static str = "io.kestra.plugin.compress.FileCompress";
    type Output = Compressed;

    async fn run(self, context: &TaskContext) -> Result<Compressed, TaskError> {
        let (from, uri) = fetch(context, &self.from, "file").await?;
        let to = folder(context, "out").await?.join("file");
        let (compression, compressed) = (self.compression, to.clone());
        convert(&format!("{uri} cannot be compressed"), move || {
            let mut from = BufReader::new(File::open(from)?);
            let mut to = BufWriter::new(File::create(to)?);
            compression.write(&mut to, |writer| io::copy(&mut from, writer))?;
            to.flush()
        })
        .await?;
        let name = format!("compressed-{}{}", context.attempt_key().attempt, compression.ending());
        let (uri, info) = context.storage().put_file(&context.storage_path(&name), &compressed).await?;
        context.info(format!("{uri} has {} bytes", info.size));
        Ok(Compressed { uri })
    }
}
