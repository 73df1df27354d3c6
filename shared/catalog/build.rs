//! Makes the list of the files `functions/*/task-types.json`. A new function needs no line in this crate.

#![expect(clippy::disallowed_methods, reason = "Cargo gives a build script its settings in the environment")]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    // A new function changes the lock file. Watching the folder itself would rebuild this crate after every edit of a
    // function.
    println!("cargo:rerun-if-changed={}", root.join("Cargo.lock").display());
    let mut files = Vec::new();
    for folder in fs::read_dir(root.join("functions"))? {
        let folder = folder?.path();
        let facts = fs::read_to_string(folder.join("function.yaml"))?;
        if !facts.lines().any(|line| line.trim_end() == "kind: tasks") {
            continue;
        }
        let file = folder.join("task-types.json");
        // A test writes the file of a new function. Until then, Cargo runs this script at every build.
        println!("cargo:rerun-if-changed={}", file.display());
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    fs::write(out_file()?, list(&files))
}

fn out_file() -> io::Result<PathBuf> {
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    Ok(PathBuf::from(folder).join("files.rs"))
}

/// A Rust array of pairs: the path of a file, and its text.
fn list(files: &[PathBuf]) -> String {
    let pair = |file: &PathBuf| {
        let path = file.display().to_string();
        format!("({path:?}, include_str!({path:?})),")
    };
    format!("[{}]", files.iter().map(pair).collect::<String>())
}
