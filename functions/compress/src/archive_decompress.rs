//! `ArchiveDecompress`.

use crate::archive::Algorithm;
use crate::compression::Compression;
use crate::limits::{LARGEST, Room};
use crate::work::{convert, fetch, folder};
use schemars::JsonSchema;
use segue_files::path::storage_name;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Unpacks an archive.
///
/// ```yaml
/// id: unpack
/// type: io.kestra.plugin.compress.ArchiveDecompress
/// from: "{{ outputs.download.uri }}"
/// algorithm: ZIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveDecompress {
    /// The archive.
    from: String,
    /// The format of the archive.
    algorithm: Algorithm,
    /// The compression around a TAR archive.
    compression: Option<Compression>,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unpacked {
    /// The files: URIs by their names in the archive.
    files: BTreeMap<String, String>,
}

impl Task for ArchiveDecompress {
    const TYPE: &'static str = "io.kestra.plugin.compress.ArchiveDecompress";
    type Output = Unpacked;

    async fn run(self, context: &TaskContext) -> Result<Unpacked, TaskError> {
        let (from, uri) = fetch(context, &self.from, "archive").await?;
        let out = folder(context, "out").await?;
        let (algorithm, compression) = (self.algorithm, self.compression);
        let unpacked = convert(&format!("{uri} cannot be unpacked"), move || {
            algorithm.unpack(compression, &from, &out, &mut Room::new(LARGEST))
        })
        .await?;
        let mut files = BTreeMap::new();
        for (name, path) in unpacked {
            let to = context.storage_path(&format!("unpacked/{}", storage_name(&name)));
            files.insert(name, context.storage().put_file(&to, &path).await?.0);
        }
        context.metric_counter("files", files.len() as f64);
        context.info(format!("{} files are unpacked from {uri}", files.len()));
        Ok(Unpacked { files })
    }
}
