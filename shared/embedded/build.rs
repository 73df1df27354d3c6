//! Copies the DuckDB library into the build folder, so that tests and programs find it from every working directory.
//!
//! When cargo runs a program, it searches the `deps` folder of the profile. A program that is started by hand also
//! searches this folder, because the build scripts of `segue-cli` and `segue-tests` set its run path.

#![expect(clippy::disallowed_methods, reason = "Cargo gives a build script its settings in the environment")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return Ok(());
    }
    let Some(folder) = env::var_os("DUCKDB_LIB_DIR").map(PathBuf::from) else { return Ok(()) };
    let name = if env::var("CARGO_CFG_TARGET_OS")? == "macos" { "libduckdb.dylib" } else { "libduckdb.so" };
    let library = folder.join(name);
    println!("cargo::rerun-if-changed={}", library.display());
    if !library.is_file() {
        return Err(format!(
            "there is no {name} in {}: run `make duckdb`, or set DUCKDB_LIB_DIR to a folder that has it, \
             or build with the feature `segue-cli/bundled`",
            folder.display()
        )
        .into());
    }
    let beside = dependencies_folder(Path::new(&env::var("OUT_DIR")?))?.join(name);
    if fs::metadata(&beside).is_ok_and(|there| there.len() == fs::metadata(&library).map_or(0, |l| l.len())) {
        return Ok(());
    }
    // A running program may use the old library. So the name is replaced, and the content of the old file is not
    // changed.
    let fresh = beside.with_extension("fresh");
    fs::copy(&library, &fresh)?;
    fs::rename(&fresh, &beside)?;
    Ok(())
}

/// `<target>/<profile>/deps`, from `<target>/<profile>/build/<package>/out`.
fn dependencies_folder(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let profile = out.ancestors().nth(3).ok_or("OUT_DIR is not three folders below the profile's folder")?;
    let folder = profile.join("deps");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
