//! Gives the programs of this package the folders in which they look for the DuckDB library, from where they are:
//! beside them, in cargo's `deps`, and in a `lib` next to their `bin`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let origin = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    for folder in ["", "/deps", "/../lib"] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{origin}{folder}");
    }
}
