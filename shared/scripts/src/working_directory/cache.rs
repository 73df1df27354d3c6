//! The cache of a WorkingDirectory: files that match are kept from one execution to the next
//! (docs/kestra.md 2.8, 4.2).

use crate::result::failure_of_disk;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use schemars::JsonSchema;
use segue_files::output::FoundFile;
use segue_files::{Texts, WorkingGlobs, output, path};
use segue_model::execution::slug;
use segue_model::{Json, parse_duration};
use segue_ports::InternalStorage;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The property `cache` of a WorkingDirectory.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// How long files are kept; for ever where it is missing.
    pub ttl: Option<String>,
    /// Globs of the files.
    #[serde(default)]
    pub patterns: Texts,
}

impl Cache {
    /// Puts the files that were kept into the directory.
    pub(crate) async fn restore(&self, context: &TaskContext) -> Result<(), TaskError> {
        if !self.is_fresh(context).await? {
            context.debug("the cache is empty, or too old");
            return Ok(());
        }
        let dir = context.working_dir().to_path_buf();
        let scratch = scratch(&dir)?;
        let archive = scratch.path().join("cache.tar.gz");
        context.storage().get_file(&uri(context), &archive).await?;
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &dir)).await;
        unpacked.map_err(|error| TaskError::failed(format!("the cache could not be read: {error}")))??;
        context.info("files of the cache are in the working directory");
        Ok(())
    }

    /// Keeps the files that match, unless those of an earlier execution still hold.
    pub(crate) async fn save(&self, context: &TaskContext) -> Result<(), TaskError> {
        if self.patterns.0.is_empty() || self.is_fresh(context).await? {
            return Ok(());
        }
        let dir = context.working_dir().to_path_buf();
        let found = output::find(&dir, WorkingGlobs::new(&dir, &self.patterns.0)?).await?;
        if found.files.is_empty() {
            context.info("no file matches the patterns of the cache");
            return Ok(());
        }
        let count = found.files.len();
        let scratch = scratch(&dir)?;
        let archive = scratch.path().join("cache.tar.gz");
        let target = archive.clone();
        let packed = tokio::task::spawn_blocking(move || pack(&found.files, &target)).await;
        packed.map_err(|error| TaskError::failed(format!("the cache could not be written: {error}")))??;
        context.storage().put_file(&storage_path(context), &archive).await?;
        context.info(format!("{count} files are in the cache"));
        Ok(())
    }

    async fn is_fresh(&self, context: &TaskContext) -> Result<bool, TaskError> {
        let ttl = match &self.ttl {
            Some(ttl) => {
                parse_duration(ttl).map_err(|why| TaskError::failed(format!("ttl of the cache: {why}")))?
            }
            None => SignedDuration::MAX,
        };
        let kept = context.storage().head(&uri(context)).await?;
        let now = context.ports().clock.now();
        Ok(kept.is_some_and(|info| now.duration_since(info.updated) < ttl))
    }
}

fn scratch(dir: &Path) -> Result<tempfile::TempDir, TaskError> {
    tempfile::Builder::new()
        .prefix(output::SCRATCH_PREFIX)
        .tempdir_in(dir)
        .map_err(|error| failure_of_disk("make a folder in", dir, &error))
}

fn storage_path(context: &TaskContext) -> String {
    let message = context.message();
    let namespace = message.namespace.replace('.', "/");
    // In a loop each value has a cache of its own.
    let value = message.context.pointer("/taskrun/value").and_then(Json::as_str);
    let value = value.map_or_else(String::new, |value| {
        let digest = Sha256::digest(value.as_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).chain(["/".to_owned()]).collect()
    });
    format!("{namespace}/{}/{}/cache/{value}cache.tar.gz", slug(&message.flow_id), slug(&message.task_id))
}

fn uri(context: &TaskContext) -> String {
    InternalStorage::uri(&storage_path(context))
}

fn pack(files: &[FoundFile], archive: &PathBuf) -> Result<(), TaskError> {
    let write = || -> io::Result<()> {
        let mut tar = tar::Builder::new(GzEncoder::new(File::create(archive)?, Compression::fast()));
        for file in files {
            tar.append_path_with_name(&file.path, &file.relative)?;
        }
        tar.into_inner()?.finish()?.sync_all()
    };
    write().map_err(|error| failure_of_disk("write", archive, &error))
}

/// Unpacks plain files alone, each under a name that stays in the directory.
fn unpack(archive: &Path, dir: &Path) -> Result<(), TaskError> {
    let broken = |error: io::Error| failure_of_disk("unpack the cache into", dir, &error);
    let mut tar = tar::Archive::new(GzDecoder::new(File::open(archive).map_err(broken)?));
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_file() {
            let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
            let name = path::plain(&name)?;
            // Refuses by itself what would leave the directory through a link.
            entry.unpack_in(dir).map_err(|error| failure_of_disk("write", &dir.join(name), &error))?;
        }
    }
    Ok(())
}
