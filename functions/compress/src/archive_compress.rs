//! `ArchiveCompress`.

use crate::archive::Algorithm;
use crate::compression::Compression;
use crate::work::{convert, fetch, folder};
use schemars::JsonSchema;
use segue_files::path::plain;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Makes an archive of files. Equal files give equal archives.
///
/// ```yaml
/// id: pack
/// type: io.kestra.plugin.compress.ArchiveCompress
/// from:
///   trips.csv: "{{ outputs.extract.outputFiles['trips.csv'] }}"
/// algorithm: TAR
/// compression: GZIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveCompress {
    /// Names in the archive with URIs of files, or such a map as JSON text.
    from: Json,
    /// The format of the archive.
    algorithm: Algorithm,
    /// The compression around a TAR archive.
    compression: Option<Compression>,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Packed {
    /// The archive.
    uri: String,
}

fn names(from: &Json) -> Result<BTreeMap<String, String>, TaskError> {
    let wrong =
        || TaskError::failed("from must be a map of names to URIs of files, or such a map as JSON text");
    let map: BTreeMap<String, String> = match from {
        Json::String(text) => serde_json::from_str(text),
        value => serde_json::from_value(value.clone()),
    }
    .map_err(|_| wrong())?;
    if map.is_empty() {
        return Err(TaskError::failed("from is empty: name at least one file"));
    }
    map.into_iter().map(|(name, uri)| Ok((plain(&name)?, uri))).collect()
}

impl Task for ArchiveCompress {
    const TYPE: &'static str = "io.kestra.plugin.compress.ArchiveCompress";
    type Output = Packed;

    async fn run(self, context: &TaskContext) -> Result<Packed, TaskError> {
        let mut files = BTreeMap::new();
        for (index, (name, uri)) in names(&self.from)?.into_iter().enumerate() {
            files.insert(name, fetch(context, &uri, &index.to_string()).await?.0);
        }
        let count = files.len();
        let (algorithm, compression) = (self.algorithm, self.compression);
        let to = folder(context, "out").await?.join("archive");
        let archive = to.clone();
        convert("the archive cannot be written", move || algorithm.pack(compression, &files, &to)).await?;
        let ending = compression.map(Compression::ending).unwrap_or_default();
        let name = format!("archive-{}{}{ending}", context.attempt_key().attempt, algorithm.ending());
        let (uri, info) = context.storage().put_file(&context.storage_path(&name), &archive).await?;
        context.info(format!("{count} files are in {uri}, which has {} bytes", info.size));
        Ok(Packed { uri })
    }
}
