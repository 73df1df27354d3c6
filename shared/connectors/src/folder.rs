//! Connectors in a folder of the user's own: the folder that `SEGUE_CONNECTORS` names, or else `connectors` in the data
//! directory.

use crate::{Connector, ConnectorError};
use std::fs;
use std::path::{Path, PathBuf};

/// The environment variable with the folder.
pub const VARIABLE: &str = "SEGUE_CONNECTORS";

/// The user's own connectors for the rest of the process. Their names become names of task types, and those live as long
/// as the process. So call this once.
///
/// # Errors
/// [`ConnectorError`] for the first file that cannot be read or is not a connector, and for a folder in `variable` that
/// does not exist. `variable` is the value of [`VARIABLE`], if it is set.
pub fn own(variable: Option<&str>, data_dir: &Path) -> Result<&'static [Connector], ConnectorError> {
    let folder = variable.map_or_else(|| data_dir.join("connectors"), PathBuf::from);
    if variable.is_some() && !folder.is_dir() {
        let file = folder.display().to_string();
        return Err(ConnectorError {
            file,
            why: format!("{VARIABLE} names it, but there is no such folder"),
        });
    }
    Ok(Vec::leak(read(&folder)?))
}

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
        let missing = folder.path().join("none");
        assert!(own(missing.to_str(), folder.path()).unwrap_err().to_string().contains("no such folder"));
        assert!(own(None, &missing).unwrap().is_empty());
    }
}
