//! `segue run --files`: copies a folder to the files of the namespace.

use crate::commands::remote::namespace::planned;
use anyhow::{Context as _, bail};
use segue_files::namespace::storage_path;
use segue_ports::InternalStorage;
use segue_standalone::Standalone;
use std::path::Path;

/// Copies every file of a folder, with its path in the folder. Hidden files are left out.
///
/// # Errors
/// An error if a file cannot be read or stored.
pub(super) async fn upload(standalone: &Standalone, namespace: &str, folder: &Path) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!("--files: there is no folder {}", folder.display());
    }
    for (file, target) in planned(folder, None)? {
        let content =
            std::fs::File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let uri = InternalStorage::uri(&storage_path(namespace, &target)?);
        super::put_file(standalone, &uri, content).await?;
    }
    Ok(())
}
