//! Connectors in a folder of the user's own.

use crate::{Connector, ConnectorError};
use std::fs;
use std::path::{Path, PathBuf};

/// The connectors in a folder and in the folders below it, in the order of their paths. A folder that does not exist
/// has none.
///
/// # Errors
/// [`ConnectorError`] for the first file that cannot be read or is not a connector.
pub fn read(folder: &Path) -> Result<Vec<Connector>, ConnectorError> {
    let mut files = Vec::new();
    if folder.is_dir() {
        walk(folder, &mut files)?;
    }
    files.sort();
    files.iter().map(|file| Connector::parse(&file.display().to_string(), &text_of(file)?)).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ConnectorError> {
    let unreadable = |error: std::io::Error| ConnectorError {
        file: folder.display().to_string(),
        why: format!("the folder cannot be read: {error}"),
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

fn text_of(file: &Path) -> Result<String, ConnectorError> {
    fs::read_to_string(file).map_err(|error| ConnectorError {
        file: file.display().to_string(),
        why: format!("the file cannot be read: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_and_errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("none")).unwrap().is_empty());
        fs::create_dir(folder.path().join("pager")).unwrap();
        fs::write(folder.path().join("README.md"), "text").unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let file = folder.path().join("pager/ring.yaml");
        fs::write(&file, "type: x").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("ring.yaml is not a connector"));
    }
}
