//! The build script of every package with a program that may contain this crate. It sets the folders where the program
//! searches for the DuckDB library. These folders are relative to the program: its own folder, cargo's `deps`, and
//! `lib` next to its `bin`. A library's build script cannot set them, because its linker options do not reach the
//! programs that use the library. A package with a build script of its own calls `main`.

#![expect(clippy::disallowed_methods, reason = "Cargo gives a build script its settings in the environment")]

use std::env;

pub(crate) fn main() {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let origin = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    for folder in ["", "/deps", "/../lib"] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{origin}{folder}");
    }
}
