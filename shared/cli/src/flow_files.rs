//! Finds the files of flows.

use anyhow::Context as _;
use segue_model::parse::has_only_suites;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The named files, and the flow files of the named folders, in order.
///
/// # Errors
/// An error if a path does not exist or a folder cannot be read.
pub(crate) fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    all(paths, below)
}

/// The named files, and the files with flows and tests of the named folders, in order.
///
/// # Errors
/// An error if a path does not exist or a folder cannot be read.
pub(crate) fn named_with_tests(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    all(paths, yaml_below)
}

fn all(paths: &[PathBuf], below: fn(&Path) -> anyhow::Result<Vec<PathBuf>>) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(below(path)?);
        } else {
            path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The flow files of a folder and of the folders below it, in the order of their names. Hidden files and folders are
/// left out, for example the temporary files of editors. Files that have only tests of flows are left out too.
///
/// # Errors
/// An error if the folder cannot be read.
pub(crate) fn below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = yaml_below(folder)?;
    // A file that cannot be read stays, so that its reader reports the problem.
    files.retain(|file| !std::fs::read_to_string(file).is_ok_and(|text| has_only_suites(&text)));
    Ok(files)
}

fn yaml_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_hidden = |name: &OsStr| name.to_string_lossy().starts_with('.');
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_yaml(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            // A file that is deleted while the folder is read is left out.
            Err(error)
                if error.depth() > 0
                    && error.io_error().is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                // The error of the library repeats the path and its cause.
                let why =
                    error.into_io_error().map_or_else(|| "a link leads back".to_owned(), |io| io.to_string());
                anyhow::bail!("cannot read {path}: {why}");
            }
        }
    }
    Ok(files)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn flows_are_found_however_deep_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for folder in ["a/deep", ".git"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for name in ["b.yml", "a/deep/c.yaml", ".git/d.yml", ".b.yml.swp", "a/.e.yml", "b.yml~", "readme.md"]
        {
            fs::write(root.join(name), "").unwrap();
        }
        fs::write(root.join("b.test.yml"), "id: t\nflowId: b\ntestCases: []\n").unwrap();
        let found = below(root).unwrap();
        assert_eq!(found, [root.join("a/deep/c.yaml"), root.join("b.yml")]);
        let all = named_with_tests(&[root.to_owned()]).unwrap();
        assert_eq!(all, [root.join("a/deep/c.yaml"), root.join("b.test.yml"), root.join("b.yml")]);
        let both = named(&[root.join("readme.md"), root.join("a")]).unwrap();
        assert_eq!(both, [root.join("readme.md"), root.join("a/deep/c.yaml")]);
        let error = named(&[root.join("nothing.yml")]).unwrap_err();
        assert!(error.to_string().contains("nothing.yml"), "{error}");
        let error = below(&root.join("nowhere")).unwrap_err();
        let expected =
            format!("cannot read {}: No such file or directory (os error 2)", root.join("nowhere").display());
        assert_eq!(format!("{error:#}"), expected);
    }
}
