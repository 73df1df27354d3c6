//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders with checked files. Files in the root are checked too.
const FOLDERS: &[&str] = &[".cargo", ".ci", "docs", "flows", "functions", "shared", "terraform", "tests"];

/// Folders that builds create. They are left out.
const BUILT: &[&str] = &["node_modules", "dist", "target", ".terraform", ".svelte-kit"];

/// Folders that npm and its programs create: packages, built pages and test results. They are left out.
const MADE: &[&str] = &["node_modules", "build", "dist", "test-results"];

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The files of the repository with one of these endings, as paths below the root.
pub(crate) fn files(endings: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if BUILT.iter().any(|built| path.ends_with(built)) {
                continue;
            }
            if path.is_dir() && path.file_name().is_some_and(|name| MADE.iter().any(|made| name == *made)) {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = repository();
    let mut found: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_file());
    for folder in FOLDERS {
        walk(&root.join(folder), &mut found);
    }
    found.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    found.sort();
    found.iter().map(|path| path.strip_prefix(&root).unwrap().to_path_buf()).collect()
}

/// The text of a file, named by its path below the root.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails if the list is not empty. The message has one line for each entry.
pub(crate) fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
