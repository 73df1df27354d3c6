//! Checks file names, so that files stay in their folder. Uploaded names, names in `inputFiles` and names of namespace
//! files are untrusted.

use segue_ports::PortError;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// The error for a failure of the local disk. It is not transient, because to deliver the message again does not fix a
/// full disk or a missing permission.
pub fn disk_error(what: &str, path: &Path, error: &io::Error) -> PortError {
    PortError::invalid(format!("cannot {what} '{}': {error}", path.display()))
}

/// Splits a relative name into its parts. Refuses a name that could leave its folder.
fn parts(name: &str) -> Result<Vec<&str>, PortError> {
    let refuse = |why: &str| {
        Err(PortError::invalid(format!(
            "the file name '{name}' is refused: {why}; write a path like 'folder/file.txt'"
        )))
    };
    if name.starts_with('/') {
        return refuse("it is absolute");
    }
    if name.contains('\0') {
        return refuse("it contains a NUL character");
    }
    if name.ends_with('/') {
        return refuse("it ends with '/', so it is the name of a folder");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() {
        return refuse("it is empty");
    }
    if parts.contains(&"..") {
        return refuse("'..' would leave its folder");
    }
    Ok(parts)
}

/// The plain form of a relative name: `a/b`, without `.` and without doubled or leading slashes.
///
/// # Errors
/// [`PortError::Invalid`] if the name is absolute, is empty, contains `..`, or is the name of a folder.
pub fn plain(name: &str) -> Result<String, PortError> {
    Ok(parts(name)?.join("/"))
}

/// The path of the file `name` below `base`. Creates the folders of the path. If there is a symbolic link at the path,
/// removes it, so that writing does not follow the link.
///
/// # Errors
/// As [`plain`]. [`PortError::Invalid`] also if a folder of the path is a symbolic link or cannot be created.
pub async fn prepare(base: &Path, name: &str) -> Result<PathBuf, PortError> {
    let mut parts = parts(name)?;
    let file = parts.pop().unwrap_or_default();
    let mut folder = base.to_path_buf();
    for part in parts {
        folder.push(part);
        match tokio::fs::symlink_metadata(&folder).await {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(PortError::invalid(format!(
                    "the file name '{name}' is refused: '{}' is not a folder",
                    folder.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tokio::fs::create_dir(&folder).await.map_err(|error| disk_error("make", &folder, &error))?;
            }
            Err(error) => return Err(disk_error("look at", &folder, &error)),
        }
    }
    let path = folder.join(file);
    if let Ok(found) = tokio::fs::symlink_metadata(&path).await
        && found.is_symlink()
    {
        tokio::fs::remove_file(&path).await.map_err(|error| disk_error("replace", &path, &error))?;
    }
    Ok(path)
}

/// The last part of a URI or path, which is used as a local name. `file` if there is no such part.
pub fn last_part(path: &str) -> &str {
    match path.rsplit('/').next() {
        Some(name) if !name.is_empty() && name != "." && name != ".." => name,
        _ => "file",
    }
}

/// The name of a file in internal storage. A plain ASCII name is kept, because people paste URIs into commands. Any
/// other name becomes a hash, followed by the readable characters.
pub fn storage_name(relative: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '=' | '+' | '@');
    let is_dots = |part: &str| part == "." || part == ".." || part.is_empty();
    if relative.chars().all(|c| is_plain(c) || c == '/') && !relative.split('/').any(is_dots) {
        return relative.to_owned();
    }
    let digest = Sha256::digest(relative.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let readable: String =
        last_part(relative).chars().map(|c| if is_plain(c) { c } else { '_' }).take(100).collect();
    format!("{hash}-{readable}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for name in ["../x", "a/../../x", "/etc/passwd", "", "a/", ".", "a\0b", "./..", "//etc/x"] {
            assert!(plain(name).is_err(), "{name:?} must be refused");
        }
    }

    #[test]
    fn ordinary_and_odd_names_pass() {
        assert_eq!(plain("./a//b.txt").unwrap(), "a/b.txt");
        assert_eq!(plain("..a").unwrap(), "..a");
        assert_eq!(plain("mit Leerzeichen/日本.csv").unwrap(), "mit Leerzeichen/日本.csv");
        assert_eq!(plain("-rf").unwrap(), "-rf");
    }

    #[tokio::test]
    async fn a_link_is_neither_followed_as_folder_nor_as_file() {
        let base = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("victim"), "before").unwrap();
        std::os::unix::fs::symlink(outside.path(), base.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("victim"), base.path().join("file")).unwrap();
        assert!(prepare(base.path(), "link/victim").await.is_err());
        let path = prepare(base.path(), "file").await.unwrap();
        std::fs::write(path, "after").unwrap();
        assert_eq!(std::fs::read_to_string(outside.path().join("victim")).unwrap(), "before");
    }

    #[test]
    fn storage_names_are_plain_and_distinct() {
        assert_eq!(storage_name("a/b-1.csv"), "a/b-1.csv");
        let spaced = storage_name("my file.csv");
        assert!(spaced.ends_with("-my_file.csv"), "{spaced}");
        assert_ne!(storage_name("my file.csv"), storage_name("my,file.csv"));
        assert_ne!(storage_name("日.csv"), storage_name("本.csv"));
        assert!(!storage_name("a/../b").contains(".."));
    }
}
