//! Sets where the command searches for the DuckDB library. Behind the folders of every program there is the folder
//! that the library was linked from, because `cargo install` copies the command alone.

#![expect(clippy::disallowed_methods, reason = "Cargo gives a build script its settings in the environment")]

use std::path::Path;

#[path = "../embedded/rpath/build.rs"]
mod rpath;

fn main() {
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    rpath::main();
    if let Some(folder) = std::env::var_os("DUCKDB_LIB_DIR") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", Path::new(&folder).display());
    }
}
