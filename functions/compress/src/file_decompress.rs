//! `FileDecompress`.

use crate::compression::Compression;
use crate::limits::{LARGEST, Room};
use crate::work::{convert, fetch, folder};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};

/// Decompresses a file.
///
/// ```yaml
/// id: decompress
/// type: io.kestra.plugin.compress.FileDecompress
/// from: "{{ outputs.download.uri }}"
/// compression: GZIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileDecompress {
    /// The file.
    from: String,
    /// The format.
    compression: Compression,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Decompressed {
    /// The decompressed file.
    uri: String,
}

impl Task for FileDecompress {
    const TYPE: &'static str = "io.kestra.plugin.compress.FileDecompress";
    type Output = Decompressed;

    async fn run(self, context: &TaskContext) -> Result<Decompressed, TaskError> {
        let (from, uri) = fetch(context, &self.from, "file").await?;
        let to = folder(context, "out").await?.join("file");
        let (compression, decompressed) = (self.compression, to.clone());
        convert(&format!("{uri} cannot be decompressed"), move || {
            let mut from = compression.reader(Box::new(BufReader::new(File::open(from)?)))?;
            let mut to = BufWriter::new(File::create(to)?);
            Room::new(LARGEST).copy(&mut from, &mut to)?;
            to.flush()
        })
        .await?;
        let name = format!("decompressed-{}.tmp", context.attempt_key().attempt);
        let (uri, info) = context.storage().put_file(&context.storage_path(&name), &decompressed).await?;
        context.info(format!("{uri} has {} bytes", info.size));
        Ok(Decompressed { uri })
    }
}
